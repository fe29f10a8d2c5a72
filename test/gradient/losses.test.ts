import onnxProto from 'onnx-proto';
import { describe, expect, it } from 'vitest';
import { type GradientGraphOptions, gradientGraph } from '../../src/gradient/gradient-graph.js';
import { buildModel, distinct, expectLossGradients, type ModelParts, node, open, run, type Values } from './support.js';

const { ModelProto } = onnxProto.onnx;
const x = distinct(1, [3, 4]);
const stored = { w: distinct(2, [4, 5]), b: distinct(3, [5]) };
const linear = [node('Gemm', ['x', 'w', 'b'], ['y'])];
const softmax = [...linear, node('Softmax', ['y'], ['p'], { axis: -1 })];
const teacher: Values = { dims: [3, 5], data: distinct(4, [3, 5]).data.map((value) => 3 * value) };

/** Runs the loss graph: its outputs, checked against differences of its own loss. */
async function train(parts: ModelParts, options: GradientGraphOptions, targets: readonly Values[]) {
  const graph = gradientGraph(buildModel(parts), options);
  const answers = Object.fromEntries(graph.targets.map(({ name }, i) => [name, targets[i]]));
  const feeds = { ...parts.inputs, ...parts.stored, ...answers };
  const session = await open(graph.bytes);
  await expectLossGradients(session, graph, feeds);
  return { graph, results: await run(session, feeds) };
}

/** Softmax of each row of five at a temperature, in float64. */
function probabilities({ data }: Values, temperature: number): number[] {
  return [0, 1, 2].flatMap((row) => {
    const powers = [...data.subarray(5 * row, 5 * row + 5)].map((value) => Math.exp(value / temperature));
    const sum = powers.reduce((a, b) => a + b);
    return powers.map((power) => power / sum);
  });
}

describe('distillation', () => {
  it.each([1, 2, 5.5])('at temperature %d', async (temperature) => {
    const { graph, results } = await train(
      { nodes: linear, inputs: { x }, stored },
      { loss: 'distillation', temperature },
      [teacher],
    );
    expect(graph.targets).toEqual([{ name: 'teacher', output: 'y' }]);
    const own = probabilities(results.y, temperature);
    const wanted = probabilities(teacher, temperature);
    const divergence = wanted.reduce((sum, p, i) => sum + p * Math.log(p / own[i]), 0);
    expect(results.loss.data[0]).toBeCloseTo((temperature ** 2 * divergence) / 3, 5);
  });

  it('is nothing when the teacher says the same', async () => {
    const bytes = buildModel({ nodes: linear, inputs: { x }, stored });
    const { y } = await run(await open(bytes), { x });
    const graph = gradientGraph(bytes, { loss: 'distillation', temperature: 3 });
    const results = await run(await open(graph.bytes), { x, ...stored, teacher: y });
    expect(results.loss.data[0]).toBeCloseTo(0, 6);
    for (const value of results.d_w.data) expect(value).toBeCloseTo(0, 6);
  });

  it('compares the logits behind a Softmax', async () => {
    const parts = { nodes: softmax, inputs: { x }, stored, output: 'p' };
    const { graph, results } = await train(parts, { loss: 'distillation' }, [teacher]);
    expect(graph.targets).toEqual([{ name: 'teacher', output: 'y' }]);
    expect(results.y.dims).toEqual([3, 5]);
  });
});

describe('mean squared error', () => {
  it('of an output, a Softmax not being looked through', async () => {
    const parts = { nodes: softmax, inputs: { x }, stored, output: 'p' };
    const target = distinct(5, [3, 5]);
    const { graph, results } = await train(parts, { loss: 'mean-squared-error' }, [target]);
    expect(graph.targets).toEqual([{ name: 'target_p', output: 'p' }]);
    const squares = results.p.data.reduce((sum, value, i) => sum + (value - target.data[i]) ** 2, 0);
    expect(results.loss.data[0]).toBeCloseTo(squares / 15, 5);
  });

  it('of two outputs, one made from the other', async () => {
    const nodes = [...linear, node('Tanh', ['y'], ['t']), node('ReduceMean', ['t'], ['z'], { axes: [1] })];
    const targets = [distinct(5, [3, 5]), distinct(6, [3, 1])];
    const parts = { nodes, inputs: { x }, stored };
    const { results } = await train(parts, { loss: 'mean-squared-error', output: ['y', 'z'] }, targets);
    const error = ({ data }: Values, target: Values) =>
      data.reduce((sum, value, i) => sum + (value - target.data[i]) ** 2, 0) / data.length;
    expect(results.loss.data[0]).toBeCloseTo(error(results.y, targets[0]) + error(results.z, targets[1]), 5);
  });

  it('of every float output, when none is named', () => {
    const model = ModelProto.decode(buildModel({ nodes: softmax, inputs: { x }, stored, output: 'y' }));
    const [first] = model.graph!.output!;
    const integer = { name: 'best', type: { tensorType: { elemType: 7 } } };
    model.graph!.node!.push(node('ArgMax', ['p'], ['best']));
    model.graph!.output = [integer, first, { ...first, name: 'p' }];
    const graph = gradientGraph(ModelProto.encode(model).finish(), { loss: 'mean-squared-error' });
    expect(graph.targets.map(({ output }) => output)).toEqual(['y', 'p']);
  });
});

describe('cross-entropy', () => {
  it('averages over all rows, those of a sequence too', async () => {
    const parts = {
      nodes: [node('MatMul', ['x', 'w'], ['y'])],
      inputs: { x: distinct(1, [2, 3, 4]) },
      stored: { w: stored.w },
    };
    const labels = {
      dims: [2, 3, 5],
      data: Float32Array.from({ length: 30 }, (_, i) => (i % 5 === Math.floor(i / 5) % 5 ? 1 : 0)),
    };
    const { results } = await train(parts, {}, [labels]);
    const logs = results.y.data.map((value, i) => {
      const row = results.y.data.subarray(5 * Math.floor(i / 5), 5 * Math.floor(i / 5) + 5);
      return value - Math.log(row.reduce((sum, other) => sum + Math.exp(other), 0));
    });
    expect(results.loss.data[0]).toBeCloseTo(logs.reduce((sum, log, i) => sum - log * labels.data[i], 0) / 6, 5);
  });
});

describe('options', () => {
  const bytes = buildModel({ nodes: linear, inputs: { x }, stored });

  it('that make no sense are refused', () => {
    expect(() => gradientGraph(bytes, { loss: 'hinge' as 'distillation' })).toThrow(RangeError);
    for (const temperature of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => gradientGraph(bytes, { loss: 'distillation', temperature })).toThrow(/^temperature: /);
    }
  });

  it('that name outputs name values the model computes', () => {
    for (const output of ['z', 'x', []]) {
      expect(() => gradientGraph(bytes, { output })).toThrow(expect.objectContaining({ code: 'CONFIG' }));
    }
  });
});
