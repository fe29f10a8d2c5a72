// BatchNormalization for nets that have it in their weights, so that there is something to compare folded nets with.
import { edit } from '../../../build/graph/edit/edit.js';
import { isPatchable, readWeights } from '../../../build/model/weights.js';
import { bytesOf } from './subject.js';

/**
 * A net with BatchNormalization behind every convolution: weights of each output channel have length one, and the normalisation
 * what they had, with the bias. The answers are the same up to float rounding.
 *
 * @param {import('../../../build/index.js').Model} model
 */
export function unfolded(model) {
  const editor = edit(model);
  const { graph } = editor;
  for (const node of graph.nodes.filter(({ opType }) => opType === 'Conv')) {
    const [, name, biasName] = node.inputs;
    const record = graph.tensor(name)?.record;
    const bias = biasName && graph.tensor(biasName)?.record;
    if (!record || !isPatchable(record)) continue;
    const { dims } = record;
    const weights = readWeights(record);
    const size = weights.length / dims[0];
    const lengths = Float32Array.from({ length: dims[0] }, (_, i) => {
      return Math.hypot(...weights.subarray(i * size, (i + 1) * size)) || 1;
    });
    store(
      graph,
      name,
      dims,
      Float32Array.from(weights, (weight, at) => weight / lengths[Math.floor(at / size)]),
    );
    const shift = bias ? readWeights(bias) : new Float32Array(dims[0]);
    node.setInput(2, '');
    const [output] = node.outputs;
    graph.interpose(output, (value) => {
      // With a variance of one, and next to nothing added to it, scale and shift are all it does.
      const parameters = [lengths, shift, new Float32Array(dims[0]), new Float32Array(dims[0]).fill(1)];
      const names = parameters.map((values, i) => store(graph, `${output}/bn${i}`, [dims[0]], values));
      const epsilon = { name: 'epsilon', type: 1, f: 1e-12 };
      return graph.insert({ opType: 'BatchNormalization', input: [value, ...names], attribute: [epsilon] }).outputs[0];
    });
    if (biasName) graph.removeUnread(biasName);
  }
  return bytesOf(editor.finish());
}

/** Stores floats under a name, in the place of what is there. */
function store(graph, name, dims, values) {
  const content = { dtype: /** @type {const} */ ('float32'), dims, bytes: new Uint8Array(values.buffer) };
  if (!graph.tensor(name)) return graph.store(name, content);
  graph.setTensor(name, content);
  return name;
}
