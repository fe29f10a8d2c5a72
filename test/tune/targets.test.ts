import { describe, expect, it } from 'vitest';
import { gradientGraph } from '../../src/gradient/gradient-graph.js';
import type { LossName } from '../../src/gradient/losses.js';
import type { OutputArray } from '../../src/runtime/session.js';
import { labelTargets, lossOf, teacherTargets } from '../../src/tune/targets.js';
import { buildModel, distinct, node, open, run, type Values } from '../gradient/support.js';

const inputs = { x: { data: new Float32Array(3), dims: [3, 1] } };
const outputOf = ({ dims, data }: Values): OutputArray => ({ type: 'float32', dims, data });

describe('targets of labels', () => {
  it('are all on one class', async () => {
    const targets = await labelTargets(4)({ inputs, labels: [2, 0, 3] });
    expect(targets).toEqual([
      { type: 'float32', dims: [3, 4], data: Float32Array.of(0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 1) },
    ]);
  });

  it.each([-1, 4, 0.5, Number.NaN])('cannot be of a label %d', async (label) => {
    await expect(labelTargets(4)({ inputs, labels: [0, label, 1] })).rejects.toThrow(
      expect.objectContaining({
        code: 'DATASET',
        message: expect.stringContaining(
          `expected whole numbers from 0 to 3 as labels of a model with 4 classes, got ${label}`,
        ),
      }),
    );
  });

  it('cannot be had without labels', async () => {
    await expect(labelTargets(4)({ inputs })).rejects.toThrow(
      expect.objectContaining({ code: 'DATASET', message: expect.stringContaining('give the original as teacher') }),
    );
  });
});

it('targets of a teacher are what it predicts', async () => {
  const outputs = [outputOf(distinct(1, [3, 4]))];
  const targetsOf = teacherTargets({ run: async () => ({ samples: 1, outputs }) });
  expect(await targetsOf({ inputs })).toBe(outputs);
});

describe('the loss of outputs', () => {
  const x = distinct(1, [6, 4]);
  const stored = { w: distinct(2, [4, 5]), v: distinct(3, [4, 2]) };
  const nodes = [node('MatMul', ['x', 'w'], ['y']), node('MatMul', ['x', 'v'], ['z'])];
  const scaled = ({ dims, data }: Values, factor: number) => ({ dims, data: data.map((value) => factor * value) });
  const oneHot = { dims: [6, 5], data: Float32Array.from({ length: 30 }, (_, i) => Number(i % 5 === (i * 7) % 3)) };
  const teacher = scaled(distinct(4, [6, 5]), 6);

  it.each<[LossName, number, string | string[], Values[]]>([
    ['cross-entropy', 1, 'y', [oneHot]],
    ['distillation', 1, 'y', [teacher]],
    ['distillation', 2, 'y', [teacher]],
    ['mean-squared-error', 1, 'y', [teacher]],
    ['mean-squared-error', 1, ['y', 'z'], [teacher, distinct(5, [6, 2])]],
  ])('is that of the graph: %s at temperature %d of %s', async (loss, temperature, output, targets) => {
    const bytes = buildModel({ nodes, inputs: { x }, stored });
    const graph = gradientGraph(bytes, { loss, temperature, output });
    const session = await open(graph.bytes);
    const answers = Object.fromEntries(graph.targets.map(({ name }, i) => [name, targets[i]]));
    const fed = Object.fromEntries(graph.parameters.map(({ name }) => [name, stored[name as 'w' | 'v']]));
    const results = await run(session, { x, ...fed, ...answers });
    const outputs = graph.targets.map((target) => outputOf(results[target.output]));
    const expected = results[graph.loss].data[0];
    expect(expected).toBeGreaterThan(0.1);
    expect(lossOf(outputs, targets.map(outputOf), loss, temperature)).toBeCloseTo(expected, 5);
  });

  it('bears outputs that a power would overflow at', () => {
    const outputs = [outputOf({ dims: [1, 2], data: Float32Array.of(1000, -1000) })];
    const targets = [outputOf({ dims: [1, 2], data: Float32Array.of(1000, -1000) })];
    expect(lossOf(outputs, targets, 'distillation', 1)).toBe(0);
    const wrong = [outputOf({ dims: [1, 2], data: Float32Array.of(0, 1) })];
    expect(lossOf(outputs, wrong, 'cross-entropy', 1)).toBe(2000);
  });
});
