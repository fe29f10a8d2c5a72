import { describe, expect, it } from 'vitest';
import { type FitOptions, type Fitted, type Format, RANGES, valueAt } from '../../src/quantize/formats/format.js';
import { canonicalName, FORMAT_PATTERN, formatNamed, isFormatName } from '../../src/quantize/formats/parse.js';
import { restrict } from '../../src/quantize/formats/scale.js';
import { roundEven } from '../../src/quantize/formats/uniform.js';
import { roundWeights } from '../../src/quantize/rounding.js';
import { createRandom, normal } from '../../src/random.js';

const OPTIONS: FitOptions = { percentile: 99, scaling: 'float32' };
const NAMES =
  'int2 int3 int4 int8 int16 uint1 uint2 uint4 uint8 minmax3 minmax8 fixed2 fixed4 fixed8 fixed8.4 fixed16.12 e2m1 e3m0 e1m2 e4m3 e5m2 ristretto-e2m1 ristretto-e4m3 pow2 pow4 lognet4 inq3 inq5 ristretto-pow4 ternary binary binaryconnect'.split(
    ' ',
  );

function named(name: string): Format {
  const format = formatNamed(name);
  if (!format) throw new Error(`no format ${name}`);
  return format;
}

const weightsOf = (seed: number, count = 500) => {
  const random = createRandom(seed);
  return Float32Array.from({ length: count }, () => 0.1 * normal(random));
};

function rounded(name: string, weights: readonly number[] | Float32Array, options: Partial<FitOptions> = {}): number[] {
  const all = Float32Array.from(weights);
  roundWeights(all, named(name).fit(all, { ...OPTIONS, ...options }));
  return [...all];
}

const valuesOf = (fitted: Fitted) => Array.from(fitted.set.values(), (level) => valueAt(fitted, level));

function snr(weights: Float32Array, values: ArrayLike<number>): number {
  let [signal, noise] = [0, 0];
  for (let i = 0; i < weights.length; i++) {
    signal += weights[i] ** 2;
    noise += (weights[i] - values[i]) ** 2;
  }
  return 10 * Math.log10(signal / noise);
}

describe('names of formats', () => {
  it.each([
    ['int8', 'int8', 8],
    ['FIXED8', 'fixed8', 8],
    ['FIXED16', 'fixed16', 16],
    ['FIXED16_12', 'fixed16.12', 16],
    ['Q4.4', 'fixed8.4', 8],
    ['Q1.15', 'fixed16.15', 16],
    ['fixed32.16', 'fixed32.16', 32],
    ['fixed8.-2', 'fixed8.-2', 8],
    ['SIGN', 'binary', 1],
    ['e4m3', 'e4m3', 8],
    ['e2m1', 'e2m1', 4],
    ['ternary', 'ternary', 2],
    ['ristretto-e4m3', 'ristretto-e4m3', 8],
  ])('%s is %s of %i bits', (spelling, name, bits) => {
    expect(formatNamed(spelling)).toMatchObject({ name, bits });
    expect(canonicalName(spelling)).toBe(name);
  });

  it('print back as they are parsed', () => {
    for (const name of NAMES) expect(named(name).name).toBe(name);
  });

  it.each([
    'int1',
    'int17',
    'int',
    'Int8',
    ' int8',
    'uint0',
    'fixed1',
    'fixed33',
    'fixed8.99',
    'e0m3',
    'e6m1',
    'e4m11',
    'pow7',
    'inq1',
    'float16',
    '',
  ])('%j is none', (name) => {
    expect(formatNamed(name)).toBeUndefined();
    expect(isFormatName(name)).toBe(false);
  });

  it('are all in the pattern of the schema, float32 among them', () => {
    for (const name of [...NAMES, 'float32', 'FIXED8', 'Q4.4', 'SIGN']) {
      expect(isFormatName(name)).toBe(true);
      expect(name).toMatch(FORMAT_PATTERN);
    }
    for (const name of ['xint8', 'int8x', 'float32x']) expect(name).not.toMatch(FORMAT_PATTERN);
  });
});

describe('rounding by hand', () => {
  it.each<[string, number[], number[], Partial<FitOptions>?]>([
    // The step is 7/7 = 1: halves go to the even one.
    ['int4', [7, 0.5, 1.5, -2.5, 0.4, -0.4], [7, 0, 2, -2, 0, 0]],
    // From −2 to 1.5 in seven steps of a half, and zero is one of them.
    ['uint3', [-2, 1.5, 0.2, 0.3, 0], [-2, 1.5, 0, 0.5, 0]],
    ['uint3', [1, 7, 3.4], [1, 7, 3]],
    // PocketFlow's ends are values, and zero moves.
    ['minmax2', [-1, 2, 0.4, 0.6, 0], [-1, 2, 0, 1, 0]],
    ['minmax1', [-1, 2, 0], [-1, 2, -1]],
    ['fixed4.2', [1.75, 3, -2, -3, 0.1, 0.13], [1.75, 1.75, -2, -2, 0, 0.25]],
    // nnabla keeps an integer bit, Ristretto does not.
    ['fixed4', [0.2, 0.05], [0.25, 0], { range: 'nnabla' }],
    ['fixed4', [0.2, 0.05], [0.1875, 0.0625], { range: 'mse' }],
    ['fixed4', [0.24, 0.05], [0.21875, 0.0625], { range: 'max' }],
    // 0, ½, 1, 1½, 2, 3, 4, 6: halves to the even mantissa, 2.5 to 2 and 5 to 4.
    ['e2m1', [6, 5, 2.5, 3.4, 0.2, 0.3, -0.6, 1.25], [6, 4, 2, 3, 0, 0.5, -0.5, 1], { range: 'max' }],
    // From 2^−1, where Ristretto's e2 begins, to 6: below there is nothing.
    ['ristretto-e2m1', [100, 0.49, 0.5, 0.74, -3], [6, 0, 0.5, 0.75, -3]],
    // The border of two powers is where the ratio to both is the same.
    ['pow3', [4, 2.9, 2.8, 1, 0.72, 0.7], [4, 4, 2, 1, 1, 0], { range: 'max' }],
    ['lognet2', [4, 0.1, -0.1, 0], [4, 2, -2, 0], { range: 'max' }],
    ['inq4', [4, 2.9, 3, 0.26, 0.24, 0], [4, 2, 4, 0.5, 0, 0]],
    ['ristretto-pow4', [1, 0.3, -0.001, 0.4], [0.5, 0.25, -(2 ** -8), 0.5]],
    // The mean magnitude is 1.5: what is below .7 of it becomes zero, α is the mean of the rest.
    ['ternary', [1, 2, -3, 0], [0, 2.5, -2.5, 0]],
    ['ternary', [1, 1, -1, 0.4], [1, 1, -1, 0], { range: 'mse' }],
    ['binary', [1, 2, -3, 0], [1.5, 1.5, -1.5, 1.5]],
    ['binaryconnect', [0.1, -0.2, 0], [1, -1, 1]],
  ])('%s of %j is %j', (name, weights, expected, options) => {
    expect(rounded(name, weights, options)).toEqual(expected);
  });

  it('takes halves to the even one', () => {
    expect([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 2.4, 2.6].map(roundEven)).toEqual([-2, -2, 0, 0, 2, 2, 2, 3]);
  });
});

/** Those with few enough values to go through. */
const NARROW = NAMES.filter((name) => named(name).bits <= 8);

describe.each(NARROW)('%s', (name) => {
  const format = named(name);
  const ranges = RANGES.filter((range) => range === 'max' || range === 'mse' || format.ranges.includes(range));

  it.each(ranges)('gives nothing but its values, the nearest ones, by %s', (range) => {
    const weights = weightsOf(1, 200);
    weights[7] = 0;
    const fitted = format.fit(weights, { ...OPTIONS, range });
    const values = valuesOf(fitted);
    expect(values).toEqual([...new Set(values)].sort((a, b) => a - b));
    // Ristretto's floats have a zero beside their codes.
    expect(values.length).toBeLessThanOrEqual(2 ** format.bits + (name.startsWith('ristretto-e') ? 1 : 0));
    const result = weights.slice();
    roundWeights(result, fitted);
    const isByDistance = !/^(pow|lognet|ristretto|ternary)/.test(name);
    for (const [i, weight] of weights.entries()) {
      // Powers of two without a code for zero leave zeros that were there.
      if (weight === 0 && /lognet|ristretto-pow/.test(name)) continue;
      expect(values).toContain(result[i]);
      if (!isByDistance) continue;
      const distance = Math.abs(weight - result[i]);
      expect(distance).toBeLessThanOrEqual(Math.min(...values.map((value) => Math.abs(weight - value))) + 1e-7);
    }
    // Rounding what is rounded changes nothing.
    const again = result.slice();
    roundWeights(again, fitted);
    expect(again).toEqual(result);
  });

  it('gives +0 for zeros of both signs, where it has zero', () => {
    const weights = Float32Array.of(0.3, -0.2, -0, 0, -1e-9, 0.05, -0.3);
    const values = valuesOf(format.fit(weights, OPTIONS));
    const result = rounded(name, weights);
    expect(result.some((value) => Object.is(value, -0))).toBe(false);
    if (values.includes(0)) expect([result[2], result[3]]).toEqual([0, 0]);
  });

  it('rounds by chance to one of the two values next to a weight, right on average', () => {
    const weights = weightsOf(2, 100);
    const fitted = format.fit(weights, OPTIONS);
    const values = valuesOf(fitted);
    const times = 100;
    const random = createRandom(3);
    let bias = 0;
    const seen = Array.from(weights, () => new Set<number>());
    for (let time = 0; time < times; time++) {
      const result = weights.slice();
      roundWeights(result, fitted, random);
      for (const [i, value] of result.entries()) seen[i].add(value);
      bias += result.reduce((sum, value, i) => sum + value - clipped(weights[i], values), 0) / weights.length / times;
    }
    for (const [i, found] of seen.entries()) {
      const [low = weights[i], high = low] = [...found].sort((a, b) => a - b);
      expect(found.size).toBeLessThanOrEqual(2);
      if (found.size === 2) expect(values.indexOf(high) - values.indexOf(low)).toBe(1);
    }
    const widest = Math.max(...values.slice(1).map((value, i) => value - values[i]));
    expect(Math.abs(bias)).toBeLessThan(0.05 * widest);
  });
});

const clipped = (weight: number, values: readonly number[]) =>
  Math.min(values[values.length - 1], Math.max(values[0], weight));

describe('ranges', () => {
  const weights = weightsOf(5, 3000);

  it.each(['int3', 'int4', 'uint3', 'uint4', 'fixed4', 'e2m1', 'pow4', 'ternary'])('%s is nearest by mse', (name) => {
    const byMse = snr(weights, rounded(name, weights, { range: 'mse' }));
    expect(byMse).toBeGreaterThanOrEqual(snr(weights, rounded(name, weights, { range: 'max' })) - 1e-9);
  });

  it('hold all but a percentile', () => {
    const wide = Float32Array.from({ length: 1000 }, (_, i) => (i === 0 ? 100 : i / 1000));
    expect(Math.max(...rounded('int8', wide, { range: 'percentile', percentile: 99 }))).toBeCloseTo(0.99, 2);
    expect(Math.max(...rounded('uint8', wide, { range: 'percentile', percentile: 99 }))).toBeCloseTo(0.99, 2);
    expect(Math.max(...rounded('int8', wide))).toBeCloseTo(100, 4);
  });

  it('give 6 dB a bit', () => {
    const at = (bits: number) => snr(weights, rounded(`int${bits}`, weights));
    expect(at(9) - at(8)).toBeCloseTo(6.02, 0);
    expect(at(8)).toBeGreaterThan(35);
  });
});

describe('scales', () => {
  it.each([
    [0.1, 'float16', 0.0999755859375],
    [0.1, 'float32', Math.fround(0.1)],
    [0.1, 'power-of-two', 0.125],
    // float16 holds neither.
    [1e-6, 'float16', Math.fround(1e-6)],
    [1e6, 'float16', 1e6],
  ] as const)('%d as %s', (scale, scaling, expected) => {
    expect(restrict(scale, scaling)).toBe(expected);
  });

  it('make every value a multiple in float32', () => {
    const weights = weightsOf(9);
    const { scale } = named('int8').fit(weights, { ...OPTIONS, scaling: 'float16' });
    for (const value of rounded('int8', weights, { scaling: 'float16' })) {
      expect(value).toBe(Math.fround(Math.round(value / scale) * scale) + 0);
    }
  });
});
