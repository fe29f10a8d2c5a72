import onnxProto from 'onnx-proto';
import { describe, expect, it } from 'vitest';
import { gradientGraph } from '../../src/gradient/gradient-graph.js';
import {
  buildModel,
  distinct,
  expectGradients,
  jacobianGraph,
  type ModelParts,
  node,
  open,
  run,
  type Values,
} from './support.js';

const { ModelProto } = onnxProto.onnx;
// Seeded so that no hidden value is so near to zero that a difference would step over ReLU's kink.
const x = distinct(11, [3, 4]);
const stored = { w1: distinct(2, [5, 4]), b1: distinct(3, [5]), w2: distinct(4, [3, 5]), b2: distinct(5, [3]) };
const layers = [
  node('Gemm', ['x', 'w1', 'b1'], ['h'], { transB: 1 }),
  node('Relu', ['h'], ['r']),
  node('Gemm', ['r', 'w2', 'b2'], ['y'], { transB: 1 }),
];
const parts: ModelParts = { nodes: layers, inputs: { x }, stored };
/** One sample of each kind: one-hot, another class, a teacher's distribution. */
const labels: Values = { dims: [3, 3], data: Float32Array.of(0, 1, 0, 1, 0, 0, 0.25, 0.25, 0.5) };

/** The loss in plain float64, from the logits. */
function loss(logits: Float32Array): number {
  let sum = 0;
  for (let row = 0; row < 3; row++) {
    const values = [...logits.subarray(3 * row, 3 * row + 3)];
    const log = Math.log(values.reduce((total, value) => total + Math.exp(value), 0));
    values.forEach((value, i) => {
      sum -= (value - log) * labels.data[3 * row + i];
    });
  }
  return sum / 3;
}

async function lossOf(model: ModelParts): Promise<number> {
  const session = await open(buildModel(model));
  return loss((await run(session, model.inputs)).y.data);
}

describe('gradientGraph', () => {
  it('computes the loss and the gradient of every parameter', async () => {
    const graph = gradientGraph(buildModel(parts));
    expect(graph.inputs).toEqual(['x']);
    expect(graph.parameters.map(({ name, dims }) => [name, dims])).toEqual(
      Object.entries(stored).map(([name, { dims }]) => [name, dims]),
    );
    const results = await run(await open(graph.bytes), { x, ...stored, [graph.targets[0].name]: labels });
    expect(Object.keys(results).sort()).toEqual(['d_b1', 'd_b2', 'd_w1', 'd_w2', 'loss', 'y']);
    expect(results[graph.loss].dims).toEqual([]);
    expect(results.loss.data[0]).toBeCloseTo(await lossOf(parts), 5);
    for (const [name, { dims, data }] of Object.entries(stored)) {
      const gradient = results[graph.gradients.get(name)!];
      expect(gradient.dims).toEqual(dims);
      for (let i = 0; i < data.length; i++) {
        const moved = async (by: number) => {
          const copy = data.slice();
          copy[i] += by;
          return lossOf({ ...parts, stored: { ...stored, [name]: { dims, data: copy } } });
        };
        const numeric = ((await moved(5e-3)) - (await moved(-5e-3))) / 1e-2;
        expect(Math.abs(gradient.data[i] - numeric), `${name}[${i}]`).toBeLessThan(1e-3);
      }
    }
  });

  it('looks through a Softmax at the end', async () => {
    const nodes = [...layers, node('Softmax', ['y'], ['p'], { axis: -1 })];
    const plain = gradientGraph(buildModel(parts));
    const graph = gradientGraph(buildModel({ ...parts, nodes, output: 'p' }));
    expect(graph.bytes.length).toBe(plain.bytes.length);
  });

  it('trains only the parameters named, and lets the others stay stored', () => {
    const graph = gradientGraph(buildModel(parts), { parameters: ['w2'] });
    const { graph: proto } = ModelProto.decode(graph.bytes);
    expect(proto!.input!.map(({ name }) => name)).toEqual(['x', 'w2', 'labels']);
    expect(proto!.output!.map(({ name }) => name)).toEqual(['loss', 'd_w2', 'y']);
    expect(proto!.initializer!.map(({ name }) => name)).toEqual(expect.arrayContaining(['w1', 'b1', 'b2']));
  });

  it('finds weights in Constant nodes', async () => {
    const model = ModelProto.decode(buildModel(parts));
    const [weight] = model.graph!.initializer!.splice(0, 1);
    model.graph!.node!.unshift({
      opType: 'Constant',
      output: ['w1'],
      attribute: [{ name: 'value', type: 4, t: weight }],
    });
    const graph = gradientGraph(ModelProto.encode(model).finish());
    expect(graph.parameters.map(({ name }) => name).sort()).toEqual(['b1', 'b2', 'w1', 'w2']);
    const results = await run(await open(graph.bytes), { x, ...stored, [graph.targets[0].name]: labels });
    expect(results.loss.data[0]).toBeCloseTo(await lossOf(parts), 5);
  });

  it('keeps clear of names the model uses', async () => {
    const nodes = [
      ...layers.slice(0, 2),
      node('Identity', ['r'], ['labels']),
      node('Gemm', ['labels', 'w2', 'b2'], ['y'], { transB: 1 }),
    ];
    const graph = gradientGraph(buildModel({ ...parts, nodes }));
    expect(graph.targets[0].name).not.toBe('labels');
    const results = await run(await open(graph.bytes), { x, ...stored, [graph.targets[0].name]: labels });
    expect(results.loss.data[0]).toBeCloseTo(await lossOf(parts), 5);
  });

  it('is the same bytes each time', () => {
    expect(gradientGraph(buildModel(parts)).bytes).toEqual(gradientGraph(buildModel(parts)).bytes);
  });
});

describe('the backward pass', () => {
  it('adds up the gradients of a value used twice and of a shared parameter', () =>
    expectGradients({
      nodes: [
        node('MatMul', ['x', 'w'], ['h']),
        node('Tanh', ['h'], ['t']),
        node('MatMul', ['t', 'w'], ['g']),
        node('Add', ['g', 'h'], ['y']),
      ],
      inputs: { x: distinct(1, [2, 3]) },
      stored: { w: distinct(2, [3, 3]) },
    }));

  it('reaches values inside the graph', async () => {
    const graph = jacobianGraph(buildModel(parts), { targets: ['r'] });
    const results = await run(await open(graph.bytes), { x, [graph.seed]: { dims: [3, 3], data: labels.data } });
    // d y / d r is w2: the product with the seed is labels · w2.
    const expected = Array.from({ length: 15 }, (_, at) => {
      const [row, column] = [Math.floor(at / 5), at % 5];
      return [0, 1, 2].reduce((sum, k) => sum + labels.data[3 * row + k] * stored.w2.data[5 * k + column], 0);
    });
    results.d_r.data.forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i], 5);
    });
  });

  it('follows no gradient through a shape', () =>
    expectGradients({
      nodes: [node('Relu', ['x'], ['r']), node('Shape', ['r'], ['s']), node('Reshape', ['r', 's'], ['y'])],
      inputs: { x: distinct(1, [2, 3]) },
    }));

  it('ignores operators without a rule that no gradient meets', () =>
    expectGradients(
      {
        nodes: [node('Cos', ['x'], ['c']), node('Mul', ['c', 'w'], ['y'])],
        inputs: { x: distinct(1, [2, 3]) },
        stored: { w: distinct(2, [3]) },
      },
      { targets: ['w'] },
    ));
});

describe('errors', () => {
  const config = (message: RegExp) =>
    expect.objectContaining({ code: 'CONFIG', message: expect.stringMatching(message) });
  const unsupported = (message: RegExp) =>
    expect.objectContaining({ code: 'UNSUPPORTED', message: expect.stringMatching(message) });

  it('name the operator and the node without a rule', () => {
    const bytes = buildModel({ ...parts, nodes: [layers[0], node('Cos', ['h'], ['r']), layers[2]] });
    expect(() => gradientGraph(bytes)).toThrow(unsupported(/^Cos node 'r_Cos': no gradient rule/));
    expect(gradientGraph(bytes, { parameters: ['w2', 'b2'] }).gradients.size).toBe(2);
  });

  it('do not mistake another domain for the standard one', () => {
    const nodes = [layers[0], { ...layers[1], domain: 'com.example' }, layers[2]];
    expect(() => gradientGraph(buildModel({ ...parts, nodes }), { parameters: ['w1'] })).toThrow(
      unsupported(/com\.example/),
    );
  });

  it('say which parameter does not exist, or has no part in the output', () => {
    expect(() => gradientGraph(buildModel(parts), { parameters: ['w3'] })).toThrow(config(/^w3: /));
    const spare = buildModel({ ...parts, stored: { ...stored, spare: distinct(6, [2]) } });
    expect(() => gradientGraph(spare, { parameters: ['spare'] })).toThrow(config(/^spare: no gradient reaches it/));
    expect(gradientGraph(spare).parameters.map(({ name }) => name)).not.toContain('spare');
  });

  it('refuse integer parameters and an operator set of long ago', () => {
    const nodes = [node('Reshape', ['x', 'to'], ['y'])];
    const integers = buildModel({ nodes, inputs: { x }, integers: { to: [-1] } });
    expect(() => jacobianGraph(integers, { targets: ['to'] })).toThrow(unsupported(/^to: only float32/));
    expect(() => gradientGraph(buildModel({ ...parts, opset: 6 }))).toThrow(unsupported(/operator set 7 or later/));
  });

  it('tell when there is nothing to train', () => {
    const bytes = buildModel({ nodes: [node('Relu', ['x'], ['y'])], inputs: { x } });
    expect(() => gradientGraph(bytes)).toThrow(unsupported(/^y: no float32 tensor/));
  });

  it('tell bytes that are no model', () => {
    expect(() => gradientGraph(Uint8Array.of(255, 255, 255))).toThrow(
      expect.objectContaining({ code: 'ONNX_MALFORMED' }),
    );
    expect(() => gradientGraph(new Uint8Array(0))).toThrow(expect.objectContaining({ code: 'ONNX_MALFORMED' }));
  });
});
