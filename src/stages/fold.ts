import { readFloat, readInt } from '../graph/attributes.js';
import { edit, type ModelEditor } from '../graph/edit/edit.js';
import type { EditedGraph } from '../graph/edit/graph.js';
import type { EditedNode } from '../graph/edit/node.js';
import { channelsAt, isFoldable } from '../graph/output-channels.js';
import type { Model, Tensor } from '../model/model.js';
import { isPatchable, readWeights, writeWeights } from '../model/weights.js';
import { withRawHalves } from '../onnx/halves.js';
import { withRecord } from '../onnx/metadata.js';
import type { Stage } from './stage.js';

const NAME = 'fold';
/** Before it, whether statistics are those of the batch was said in another way. */
const OLDEST_OPSET = 7;
/** From it on, a stored tensor that is listed as an input may be fed over. */
const STORED_APART = 4;
/** Of nodes that are left alone for one reason, so many are named. */
const NAMED = 3;

/**
 * Folds BatchNormalization into the Conv, ConvTranspose or Gemm before it: w·γ/√(σ² + ε), and (b − μ)·γ/√(σ² + ε) + β for
 * the bias. The model answers as before, up to the rounding of floats. What cannot be folded is left alone and told in notes.
 *
 * @example
 * const folded = await fold().run(openOnnx(bytes), { onNote: console.log });
 */
export function fold(): Stage {
  return { name: NAME, run: (model, { onNote } = {}) => foldNormalization(model, onNote) };
}

/**
 * What the stage does, at once.
 *
 * @param onNote - called with what is left alone and why, a sentence for each reason
 */
export function foldNormalization(input: Model, onNote?: (text: string) => void): Model {
  const model = withRawHalves(input, ({ op, role }) => role === 'normalisation' || isFoldable(op));
  const editor = edit(model);
  const work = new Folding(editor);
  for (const graph of [editor.graph, ...editor.functions.values()]) work.foldIn(graph);
  for (const text of work.notes()) onNote?.(text);
  return work.count > 0 ? withRecord(editor.finish(), `${NAME} nodes=${work.count}`) : input;
}

function isNormalization({ opType, domain }: EditedNode): boolean {
  return opType === 'BatchNormalization' && domain === '';
}

/** A stored tensor with its numbers, which an earlier fold may have changed. */
interface Stored {
  readonly name: string;
  readonly tensor: Tensor;
  readonly dims: readonly number[];
  readonly values: Float32Array;
}

/** A reason to leave a node alone. */
class LeftAlone extends Error {}

class Folding {
  readonly #editor: ModelEditor;
  readonly #reasons = new Map<string, string[]>();
  /** What folds have written, as long as the file does not have it. */
  readonly #written = new Map<EditedGraph, Map<string, Stored>>();
  count = 0;

  constructor(editor: ModelEditor) {
    this.#editor = editor;
  }

  foldIn(graph: EditedGraph): void {
    for (const node of graph.nodes) {
      for (const nested of graph.nested(node)) this.foldIn(nested);
      if (!isNormalization(node)) continue;
      try {
        this.#fold(graph, node);
        this.count++;
      } catch (error) {
        if (!(error instanceof LeftAlone)) throw error;
        const names = this.#reasons.get(error.message) ?? [];
        this.#reasons.set(error.message, [...names, node.name || node.outputs[0]]);
      }
    }
  }

  /** What is left alone, a sentence for each reason. */
  notes(): string[] {
    return Array.from(this.#reasons, ([reason, names]) => {
      const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : '';
      return `BatchNormalization left as it is, since ${reason}: ${names.slice(0, NAMED).join(', ')}${more}`;
    });
  }

  #fold(graph: EditedGraph, node: EditedNode): void {
    this.#requireInference(graph, node);
    const [value, ...parameters] = node.inputs;
    const layer = graph.maker(value);
    if (layer?.domain !== '' || !isFoldable(layer.opType)) {
      throw new LeftAlone('no Conv, ConvTranspose or Gemm is before it');
    }
    if (graph.uses(value).length > 1) throw new LeftAlone('what it normalises is read elsewhere, too');
    const [gamma, beta, mean, variance] = parameters.map((name) => this.#stored(graph, name));
    const weights = this.#stored(graph, layer.inputs[1]);
    const proto = layer.decode();
    const channels = channelsAt(proto, weights.dims);
    const bias = layer.inputs[2] ? this.#stored(graph, layer.inputs[2]) : undefined;
    const counts = [gamma, beta, mean, variance].map(({ values }) => values.length);
    if (counts.some((count) => count !== channels.count) || (bias && !isBiasOf(bias, channels.count))) {
      throw new LeftAlone('its parameters are of other sizes than what is before it');
    }
    const share = layer.opType === 'Gemm' ? readFloat(proto, 'beta', 1) : 1;
    const epsilon = readFloat(node.decode(), 'epsilon', 1e-5);
    const factors = Float64Array.from(gamma.values, (value, i) => value / Math.sqrt(variance.values[i] + epsilon));
    const folded = Float32Array.from(weights.values, (value, i) => value * factors[channels.of(i)]);
    const shifted = Float32Array.from(factors, (factor, i) => {
      const before = share * (bias?.values[bias.values.length === 1 ? 0 : i] ?? 0);
      return (before - mean.values[i]) * factor + beta.values[i];
    });
    const bytes = [folded, shifted].map((values) => writeWeights(weights.tensor, values));
    if (bytes.some((each) => !isRepresentable(weights.tensor, each))) {
      throw new LeftAlone(`its factors leave what ${weights.tensor.dtype} holds`);
    }
    this.#put(graph, layer, 1, { ...weights, values: folded }, bytes[0]);
    const named = bias ?? { ...weights, name: `${layer.name || layer.outputs[0]}/bias` };
    this.#put(graph, layer, 2, { ...named, tensor: weights.tensor, dims: [channels.count], values: shifted }, bytes[1]);
    if (share !== 1) layer.removeAttribute('beta');
    graph.bypass(node);
    graph.removeUnread(...parameters);
  }

  #requireInference(graph: EditedGraph, node: EditedNode): void {
    const proto = node.decode();
    if ((this.#editor.opset() ?? 0) < OLDEST_OPSET) {
      throw new LeftAlone(`it is of an operator set before ${OLDEST_OPSET}`);
    }
    if (readInt(proto, 'training_mode', 0) !== 0) throw new LeftAlone('it normalises by its batch (training_mode)');
    if (readInt(proto, 'spatial', 1) !== 1) throw new LeftAlone('it normalises every place by itself (spatial 0)');
    const others = node.outputs.slice(1);
    if (others.some((name) => name && graph.uses(name).length > 0)) throw new LeftAlone('its statistics are read');
  }

  /** The numbers of a tensor that always are what is stored. */
  #stored(graph: EditedGraph, name: string): Stored {
    const written = this.#written.get(graph)?.get(name);
    if (written) return written;
    const found = graph.tensor(name);
    const isFed = this.#editor.irVersion >= STORED_APART && graph.inputs.includes(name);
    if (!found?.record || isFed) throw new LeftAlone('not all of its parameters and weights are stored beside it');
    if (!isPatchable(found.record)) throw new LeftAlone(`it is of ${found.dtype}`);
    return { name, tensor: found.record, dims: found.dims, values: readWeights(found.record) };
  }

  /** Gives a layer other numbers: those that others read, too, are left to them. */
  #put(graph: EditedGraph, layer: EditedNode, input: number, stored: Stored, bytes: Uint8Array): void {
    const { name, tensor, dims } = stored;
    const content = { dtype: tensor.dtype, dims, bytes };
    const isOwn = layer.inputs[input] === name && graph.uses(name).length === 1;
    if (isOwn) graph.setTensor(name, content);
    const kept = isOwn ? name : graph.store(`${name}/folded`, content);
    if (!isOwn) layer.setInput(input, kept);
    const written = this.#written.get(graph) ?? new Map();
    this.#written.set(graph, written.set(kept, { ...stored, name: kept }));
  }
}

function isBiasOf({ values, dims }: Stored, channels: number): boolean {
  return (values.length === channels && (dims.at(-1) ?? 0) === channels) || values.length === 1;
}

/** Whether all numbers are, as they were written. */
function isRepresentable(tensor: Tensor, bytes: Uint8Array): boolean {
  const count = bytes.length / (tensor.length / tensor.count);
  return readWeights({ ...tensor, count, payload: { read: () => bytes } }).every(Number.isFinite);
}
