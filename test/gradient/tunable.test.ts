import { describe, expect, it } from 'vitest';
import { gradientGraph } from '../../src/gradient/gradient-graph.js';
import { tunable } from '../../src/gradient/tunable.js';
import { buildModel, distinct, jacobianGraph, type ModelParts, node, open, run } from './support.js';

const x = distinct(1, [3, 4]);
const stored = { w1: distinct(2, [4, 5]), w2: distinct(3, [5, 5]), w3: distinct(4, [5, 2]) };
const parts: ModelParts = {
  nodes: [
    node('MatMul', ['x', 'w1'], ['a']),
    node('Cos', ['a'], ['c']),
    node('MatMul', ['c', 'w2'], ['b']),
    node('Relu', ['b'], ['r']),
    node('MatMul', ['r', 'w3'], ['y']),
  ],
  inputs: { x },
  stored: { ...stored, spare: distinct(5, [3]) },
};
const unsupported = (message: RegExp) =>
  expect.objectContaining({ code: 'UNSUPPORTED', message: expect.stringMatching(message) });

describe('tunable', () => {
  it('is what comes after an operator without a rule', async () => {
    const bytes = buildModel(parts);
    const { parameters, blocked } = tunable(bytes);
    expect(parameters).toEqual(['w2', 'w3']);
    expect([...blocked]).toEqual([['w1', "Cos node 'c_Cos': no gradient rule for this operator"]]);
    const graph = gradientGraph(bytes, { parameters });
    const labels = { dims: [3, 2], data: Float32Array.of(1, 0, 0, 1, 1, 0) };
    const results = await run(await open(graph.bytes), { x, w2: stored.w2, w3: stored.w3, labels });
    expect(results.d_w2.dims).toEqual([5, 5]);
  });

  it('is everything where there is a rule for all', () => {
    const nodes = parts.nodes.map((given) => (given.opType === 'Cos' ? { ...given, opType: 'Tanh' } : given));
    const { parameters, blocked } = tunable(buildModel({ ...parts, nodes }));
    expect(parameters).toEqual(['w1', 'w2', 'w3']);
    expect(blocked.size).toBe(0);
  });

  it('is not what a second path reaches past the operator: its gradient would be a part only', () => {
    const nodes = [
      node('MatMul', ['x', 'w1'], ['a']),
      node('Cos', ['a'], ['c']),
      node('Add', ['a', 'c'], ['s']),
      node('MatMul', ['s', 'w2'], ['y']),
    ];
    const { parameters, blocked } = tunable(buildModel({ ...parts, nodes }));
    expect(parameters).toEqual(['w2']);
    expect([...blocked.keys()]).toEqual(['w1']);
  });

  it('ends before an operator in a form its rule does not cover, and names what is nearest to the loss', () => {
    const nodes = [
      node('Cos', ['w1'], ['c']),
      node('MaxPool', ['c'], ['m'], { kernel_shape: [2, 2], storage_order: 1 }),
      node('Mul', ['m', 'w2'], ['y']),
    ];
    const weights = { w1: distinct(1, [1, 1, 4, 4]), w2: distinct(2, [3, 3]) };
    const { parameters, blocked } = tunable(buildModel({ nodes, inputs: { x }, stored: weights }));
    expect(parameters).toEqual(['w2']);
    expect(blocked.get('w1')).toMatch(/^MaxPool node 'm_MaxPool': no gradient rule for storage_order 1/);
  });

  it('depends on the output', () => {
    const bytes = buildModel(parts);
    expect(tunable(bytes, { output: 'b' }).parameters).toEqual(['w2']);
    expect(tunable(bytes, { output: 'a' })).toEqual({ parameters: ['w1'], blocked: new Map() });
  });
});

describe('the error for an operator without a rule', () => {
  it('says what it cuts off and what is left', () => {
    const bytes = buildModel(parts);
    const message =
      /^Cos node 'c_Cos': no gradient rule for this operator; it cuts off w1; what can be tuned is w2, w3$/;
    expect(() => gradientGraph(bytes)).toThrow(unsupported(message));
    expect(() => gradientGraph(bytes, { parameters: ['w1'] })).toThrow(unsupported(message));
  });

  it('says when nothing is left, and lists no more than anybody would read', () => {
    const many = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`w${i}`, distinct(i, [4])]));
    const sums = Object.keys(many).map((name, i) => node('Add', [i === 0 ? 'x' : `s${i - 1}`, name], [`s${i}`]));
    const nodes = [...sums, node('Cos', ['s19'], ['y'])];
    expect(() => gradientGraph(buildModel({ nodes, inputs: { x }, stored: many }))).toThrow(
      unsupported(/cuts off w\d+(, w\d+){11} and 8 more; nothing can be tuned$/),
    );
  });

  it('lists only what lies behind that operator, not behind another', () => {
    const nodes = [
      node('MatMul', ['x', 'w1'], ['a']),
      node('Cos', ['a'], ['c']),
      node('MatMul', ['c', 'w2'], ['b']),
      node('Tan', ['b'], ['t']),
      node('Sin', ['w4'], ['s']),
      node('Mul', ['t', 's'], ['y']),
    ];
    const bytes = buildModel({ nodes, inputs: { x }, stored: { ...stored, w4: distinct(9, [5]) } });
    expect([...tunable(bytes).blocked.keys()].sort()).toEqual(['w1', 'w2', 'w4']);
    expect(() => gradientGraph(bytes, { parameters: ['w2', 'w4', 'w1'] })).toThrow(
      unsupported(/^Tan node 't_Tan': .*; it cuts off w2, w1; nothing can be tuned$/),
    );
  });

  it('is thrown for a Jacobian as well', () => {
    expect(() => jacobianGraph(buildModel(parts), { targets: ['w3', 'w1'] })).toThrow(unsupported(/^Cos node 'c_Cos'/));
  });
});
