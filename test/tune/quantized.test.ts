import { describe, expect, it } from 'vitest';
import { fromHalf, toHalf } from '../../src/binary/half.js';
import { readRecords } from '../../src/onnx/metadata.js';
import { openOnnx } from '../../src/onnx/open.js';
import { formatNamed } from '../../src/quantize/formats/parse.js';
import type { Lines } from '../../src/quantize/lines.js';
import { createRandom } from '../../src/random.js';
import { prune } from '../../src/stages/prune.js';
import { quantize } from '../../src/stages/quantize.js';
import { formatsOf } from '../../src/tune/formats.js';
import { createFixer, fixedAt } from '../../src/tune/incremental.js';
import { TUNE_DEFAULTS, type TuneOptions } from '../../src/tune/options.js';
import { FIXED, PRUNED } from '../../src/tune/parameter.js';
import { openQuantized, type TrainedFormat } from '../../src/tune/quantized.js';
import { tune } from '../../src/tune/tune.js';
import { layers, tensorNamed, weightsOf, written } from '../stages/support.js';
import { io } from '../support/models/model.js';
import { modelProto, node } from '../support/onnx-builder.js';
import { Random } from '../support/random.js';
import { floats } from '../support/tensors.js';
import { smallData, smallModel, tuned } from './support.js';

function opened(
  format: string,
  weights: readonly number[] | Float32Array,
  {
    lines = { count: 1, inner: weights.length },
    isPruned = true,
    ...more
  }: Partial<TrainedFormat> & { lines?: Lines; isPruned?: boolean } = {},
) {
  const settings: TrainedFormat = {
    ...{ format: formatNamed(format)!, lines, range: undefined, percentile: 99.99, scaling: 'float16', hasDead: false },
    ...{ scales: 'found', isRandom: false, isIncremental: false },
    ...more,
  };
  return openQuantized('A', tensorNamed(layers(weights), 'A'), settings, isPruned);
}

type Opened = ReturnType<typeof opened>;

function collected(parameter: Opened, gradient: readonly number[]) {
  const into = new Float32Array(parameter.free.length).fill(9);
  const scales = new Float32Array(parameter.scales?.length ?? 0);
  parameter.collect(Float32Array.from(gradient), into, scales);
  return { weights: [...into], scales: [...scales] };
}

const turn = (step: number) => ({ step, random: createRandom(step) });

describe('formats of a model as it comes', () => {
  it('are not those of a domain that training knows nothing of', async () => {
    const kernel = floats('k', [2, 3, 3, 3], new Random(1).floats(54, 1));
    const nodes = [node('Conv', ['X', 'k'], ['Y'])];
    const conv = modelProto({ graph: { nodes, initializers: [kernel.proto], ...io(['N', 3, 4, 4]) } });
    const rounded = (domain: 'spatial' | 'winograd-f23') => quantize({ weights: 'int4', domain }).run(openOnnx(conv));
    expect(formatsOf(await rounded('spatial'), { dataset: smallData() }).layers.size).toBe(1);
    const winograd = await rounded('winograd-f23');
    expect(formatsOf(winograd, { dataset: smallData(), weights: 'int4' }).areNew).toBe(true);
    expect(() => formatsOf(winograd, { dataset: smallData() })).toThrow(/in the domain winograd-f23/);
  });
});

describe('weights of a number format', () => {
  it('are seen rounded, and moved as floats', () => {
    const parameter = opened('int3', [3, 1.4, -0.6, 0]);
    parameter.publish();
    expect([[...parameter.values], [...parameter.free]]).toEqual([
      [3, 1, -1, 0],
      [...Float32Array.of(3, 1.4, -0.6, 0)],
    ]);
    parameter.free[1] = 1.6;
    parameter.publish(turn(1));
    expect([...parameter.values]).toEqual([3, 2, -1, 0]);
    parameter.free[0] = 6;
    parameter.publish(turn(2));
    expect([...parameter.values], 'with the step of the largest').toEqual([6, 2, 0, 0]);
  });

  it('pass gradients straight through: not to those pruned, nor beyond the range', () => {
    const parameter = opened('int3', [3, 1.4, 0, -0.5], { scales: 'kept' });
    parameter.publish();
    parameter.free.set([3.5, 1.4, 0.2, -0.5]);
    parameter.publish(turn(1));
    expect(collected(parameter, [1, 2, 3, 4]).weights).toEqual([0, 2, 0, 4]);
    expect([...parameter.values]).toEqual([3, 1, 0, 0]);
  });

  it('may be zero without being pruned where they come rounded', () => {
    const parameter = opened('int3', [3, 0, -1], { isPruned: false });
    expect(collected(parameter, [1, 2, 3]).weights).toEqual([1, 2, 3]);
  });

  it('have parameters by channel, be they rows or columns', () => {
    const rows = opened('int2', [1, -1, 4, -4], { lines: { count: 2, inner: 2 } });
    const columns = opened('int2', [1, 4, -1, -4], { lines: { count: 2, inner: 1 } });
    for (const parameter of [rows, columns]) {
      parameter.free[1] *= 3;
      parameter.publish(turn(1));
    }
    expect([[...rows.values], [...columns.values]]).toEqual([
      [0, -3, 4, -4],
      [1, 12, -1, 0],
    ]);
    expect(collected(columns, [1, 2, 3, 4]).weights).toEqual([1, 2, 3, 4]);
  });

  it('take one of two values by chance in training, and the nearest for good', () => {
    const parameter = opened('int2', [2, ...Array(999).fill(0.5)], { isRandom: true });
    parameter.publish(turn(1));
    const mean = parameter.values.subarray(1).reduce((sum, value) => sum + value / 999, 0);
    expect(new Set(parameter.values)).toEqual(new Set([0, 2]));
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.1);
    parameter.publish();
    expect(new Set(parameter.values.subarray(1))).toEqual(new Set([0]));
  });
});

describe('signs', () => {
  it('with a scale are the mean magnitude of a channel, wherever the weights go', () => {
    const parameter = opened('binary', [1, -3, 0.5, 0.5], { lines: { count: 2, inner: 2 } });
    parameter.publish();
    expect([...parameter.values]).toEqual([2, -2, 0.5, 0.5]);
    expect(collected(parameter, [1, 2, 3, 4]).weights).toEqual([1, 2, 3, 4]);
  });

  it('without one have weights that stay within ±1, and longer steps', () => {
    const parameter = opened('binaryconnect', [0.01, -0.02, 0.03, -0.04]);
    parameter.publish();
    expect([parameter.isBounded, [...parameter.values]]).toEqual([true, [1, -1, 1, -1]]);
    expect(Math.max(...parameter.free.map(Math.abs))).toBeGreaterThan(0.5);
    parameter.free.set([5, -7, -0.25, 0.25]);
    parameter.publish(turn(1));
    expect([[...parameter.free], [...parameter.values]]).toEqual([
      [1, -1, -0.25, 0.25],
      [1, -1, -1, 1],
    ]);
  });

  it('are drawn by the hard sigmoid', () => {
    const parameter = opened('binaryconnect', Array(4000).fill(1), { isRandom: true });
    parameter.free.fill(0.5);
    parameter.publish(turn(3));
    const positive = parameter.values.reduce((n, value) => n + Number(value === 1), 0);
    expect(Math.abs(positive / 4000 - 0.75)).toBeLessThan(0.03);
  });
});

/** What a small change of learned numbers does to Σ gradient · values, by central differences. */
function differences(parameter: Opened, gradient: readonly number[]): number[] {
  const scales = parameter.scales!;
  const sum = () => {
    parameter.publish(turn(1));
    return parameter.values.reduce((all, value, i) => all + value * gradient[i], 0);
  };
  return Array.from(scales, (_, i) => {
    const at = (number: number) => {
      scales[i] = number;
      const value = sum();
      scales[i] = 0;
      return value;
    };
    return (at(1e-3) - at(-1e-3)) / 2e-3;
  });
}

describe('learned parameters', () => {
  const weights = [3.1, -1.2, 0.7, -2.6, 1.9, 0.2];
  const gradient = [1, -2, 3, -4, 5, -6];

  it('of ternary weights and signs have the gradient of what they do', () => {
    for (const format of ['ternary', 'binary']) {
      const parameter = opened(format, weights, { scales: 'learned', scaling: 'float32' });
      const wanted = differences(parameter, gradient);
      parameter.publish(turn(1));
      // Shortened by the number of weights.
      const got = collected(parameter, gradient).scales.map((number) => number * Math.sqrt(weights.length));
      for (const [i, value] of wanted.entries()) expect(got[i], format).toBeCloseTo(value, 1);
    }
  });

  it('of steps have that of the surrogate: codes less what they are codes of, the outermost code beyond', () => {
    const parameter = opened('int3', weights, { scales: 'learned', scaling: 'float32' });
    parameter.free[0] = 4;
    parameter.publish(turn(1));
    const step = Math.fround(3.1 / 3);
    const codes = [3, -1, 1, -3, 2, 0];
    const slopes = codes.map((code, i) => (i === 0 ? code : code - weights[i] / step));
    const sum = slopes.reduce((all, slope, i) => all + slope * gradient[i], 0);
    expect(collected(parameter, gradient).scales[0]).toBeCloseTo((sum * step) / Math.sqrt(6 * 3), 3);
  });

  it('give ternary weights a value for each side, which float16 holds', () => {
    const parameter = opened('ternary', weights, { scales: 'learned' });
    parameter.scales!.set([0.5, -0.25]);
    parameter.publish();
    const values = [...new Set(parameter.values)].sort((a, b) => a - b);
    expect(values).toHaveLength(2);
    expect(-values[0]).toBeGreaterThan(values[1]);
    for (const value of values) expect(fromHalf(toHalf(value))).toBe(value);
  });
});

describe('weights that are rounded in jumps', () => {
  it('are fixed by halves, all at last', () => {
    expect([0, 0.25, 0.4, 0.7, 0.95].map((share) => fixedAt(share, 4))).toEqual([0.5, 0.5, 0.75, 0.875, 1]);
    expect([0, 1].map((share) => fixedAt(share, 1))).toEqual([1, 1]);
  });

  it('stay what they are once they are fixed, the largest first', () => {
    const parameter = opened('inq5', [1, 0.3, 0.7, 0.1], { isIncremental: true, scales: 'kept' });
    createFixer([parameter], 4)!.fix(0);
    parameter.free.set([9, 0.35, 9, 0.15]);
    parameter.publish(turn(1));
    expect([[...parameter.values], [...parameter.alive]]).toEqual([
      [1, Math.fround(0.35), 0.5, Math.fround(0.15)],
      [FIXED, 1, FIXED, 1],
    ]);
    expect(collected(parameter, [1, 2, 3, 4]).weights).toEqual([0, 2, 0, 4]);
    createFixer([parameter], 4)!.fix(1);
    parameter.publish();
    expect([...parameter.values]).toEqual([1, 0.25, 0.5, 0.125]);
  });
});

describe('a model', () => {
  const base: TuneOptions = { dataset: smallData(), epochs: 4, batchSize: 16, learningRate: 0.01 };
  const formatsIn = (bytes: Uint8Array) =>
    readRecords(openOnnx(bytes)).map(({ text }) => text.replace(/best=\d/, 'best=…'));

  it('is trained into a format and says so, and is found to be of it', async () => {
    const { model } = await tuned(smallModel(), { ...base, weights: 'int3', by: 'channel', last: 'ternary' });
    const [bytes] = written(model);
    expect(formatsIn(bytes)).toEqual([
      'quantize weights=int3 by=channel layers={"ternary by=channel":["w2"]}',
      'tune epochs=4 best=… loss=cross-entropy',
    ]);
    const w1 = weightsOf(model, 'w1');
    for (let column = 0; column < 16; column++) {
      const sizes = new Set(Array.from({ length: 6 }, (_, row) => Math.abs(w1[row * 16 + column])));
      sizes.delete(0);
      expect(sizes.size).toBeLessThanOrEqual(3);
    }
    expect(new Set(weightsOf(model, 'b1').map(Math.abs)).size, 'biases are floats').toBe(16);
    const again = await tuned(openOnnx(bytes), { ...base, learningRate: 0.05 });
    expect(again.epochs.at(-1)!.heldOutLoss).not.toBe(again.epochs[0].heldOutLoss);
    expect(new Set(weightsOf(again.model, 'w2').map(Math.abs)).size).toBeLessThanOrEqual(8);
    expect(weightsOf(again.model, 'w1')).not.toEqual(w1);
  });

  it.each<[string, Partial<TuneOptions>]>([
    ['by error, as it is searched for', { weights: 'int4', range: 'mse' }],
    ['by learned steps', { weights: 'int4', by: 'channel', scales: 'learned' }],
    ['by chance', { weights: 'binary', rounding: 'stochastic' }],
    ['in jumps, while it prunes', { weights: 'inq4', incremental: 3, density: 0.4, learningRate: 0.02 }],
  ])('that was stopped goes on to the bytes of one that was not, rounded %s', async (_, more) => {
    const options = { ...base, ...more };
    const whole = await tuned(smallModel(), options);
    const resumed = await tuned(smallModel(), { ...options, resume: whole.checkpoints[1] });
    expect(written(resumed.model)[0]).toEqual(written(whole.model)[0]);
  });

  it('is pruned and rounded at once', async () => {
    const { model } = await tuned(smallModel(), { ...base, weights: 'int4', density: 0.25 });
    expect(weightsOf(model, 'w1').filter((value) => value !== 0).length).toBeLessThanOrEqual(24);
  });

  it('that was pruned and then rounded keeps its zeros', async () => {
    const pruned = await quantize({ weights: 'int3' }).run(await prune({ density: 0.5 }).run(openOnnx(smallModel())));
    const { model } = await tuned(openOnnx(written(pruned)[0]), base);
    const before = weightsOf(pruned, 'w1');
    expect(weightsOf(model, 'w1').every((value, i) => before[i] !== 0 || value === 0)).toBe(true);
  });

  it('has layers that cannot be trained told', async () => {
    const { notes } = await tuned(smallModel(), { ...base, epochs: 1, weights: 'int4', exclude: [], include: ['w1'] });
    expect(notes).toEqual(['w2: not trained, so it stays as it is and is not rounded to int4']);
  });
});

it('refuses formats that there are not, and scales that do not go with them', () => {
  const dataset = smallData();
  expect(() => tune({ dataset, weights: 'int99' })).toThrow(RangeError);
  expect(() => tune({ dataset, weights: 'int4', range: 'nnabla' })).toThrow('expected a range of int4');
  expect(() => tune({ dataset, weights: 'int4', incremental: 2, scales: 'learned' })).toThrow('scales kept');
  expect(TUNE_DEFAULTS.scales).toBe('found');
  expect(PRUNED).toBe(0);
});

it('starts from weights that no line of zeros stands in the way of', () => {
  const parameter = opened(
    'ternary',
    new Random(1).floats(8).map((value, i) => (i < 4 ? 0 : value)),
    { lines: { count: 2, inner: 4 } },
  );
  parameter.publish();
  expect([...parameter.values.subarray(0, 4)]).toEqual([0, 0, 0, 0]);
});
