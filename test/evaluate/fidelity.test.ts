import { describe, expect, it } from 'vitest';
import { decibels, divergenceMeter, similarityMeter } from '../../src/evaluate/fidelity.js';
import type { MetricArray } from '../../src/evaluate/metrics.js';

const floats = (dims: number[], values: number[]): MetricArray => ({
  type: 'float32',
  dims,
  data: Float64Array.from(values),
});
const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;

/** exp(x) / Σ exp(x), as it stands in books. */
function softmax(row: number[]): number[] {
  const powers = row.map(Math.exp);
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((power) => power / sum);
}

/** Σ p · log(p / q). */
const divergence = (p: number[], q: number[]) => p.reduce((sum, share, i) => sum + share * Math.log(share / q[i]), 0);

describe('divergenceMeter', () => {
  const wanted = [
    [1, 2, 3],
    [0.5, -1, 0],
    [4, 4, 4],
  ];
  const got = [
    [1.5, 2, 2],
    [0.5, -1, 0],
    [4, 3, 5],
  ];

  it('is the mean of Σ p · log(p / q) over the softmax of the rows, over batches', () => {
    const meter = divergenceMeter('logits');
    expect(meter.add(floats([2, 3], got.slice(0, 2).flat()), floats([2, 3], wanted.slice(0, 2).flat()), 2)).toBe(true);
    expect(meter.add(floats([1, 3, 1, 1], got[2]), floats([1, 3, 1, 1], wanted[2]), 1)).toBe(true);
    const rows = wanted.map((row, i) => divergence(softmax(row), softmax(got[i])));
    expect(rows[1]).toBe(0);
    expect(meter.result()).toBeCloseTo((rows[0] + rows[1] + rows[2]) / 3, 12);
  });

  it('takes probabilities as they are, and one that has become zero for the least there is', () => {
    const meter = divergenceMeter('probabilities');
    meter.add(floats([1, 3], [0.2, 0.5, 0.3]), floats([1, 3], [0.7, 0.2, 0.1]), 1);
    expect(meter.result()).toBeCloseTo(divergence([0.7, 0.2, 0.1], [0.2, 0.5, 0.3]), 12);
    const ruledOut = divergenceMeter('probabilities');
    ruledOut.add(floats([1, 2], [0, 1]), floats([1, 2], [0.5, 0.5]), 1);
    expect(ruledOut.result()).toBeCloseTo(0.5 * Math.log(0.5 / 2 ** -126) + 0.5 * Math.log(0.5), 10);
    const certain = divergenceMeter('probabilities');
    certain.add(floats([1, 2], [1, 0]), floats([1, 2], [1, 0]), 1);
    expect(certain.result()).toBe(0);
  });

  it('divides logarithms by a temperature, whatever rows hold', () => {
    const soft = (row: number[]) => softmax(row.map((value) => value / 4));
    const expected = divergence(soft(wanted[0]), soft(got[0]));
    const logits = divergenceMeter('logits', { temperature: 4 });
    logits.add(floats([1, 3], got[0]), floats([1, 3], wanted[0]), 1);
    expect(logits.result()).toBeCloseTo(expected, 12);
    const probabilities = divergenceMeter('probabilities', { temperature: 4 });
    probabilities.add(floats([1, 3], softmax(got[0])), floats([1, 3], softmax(wanted[0])), 1);
    expect(probabilities.result()).toBeCloseTo(expected, 12);
  });

  it('finds classes along their axis, and takes a share for a yes against a no', () => {
    // Classes of a map [1, 2, 2, 2]: of every place the first, and then the second.
    const map = divergenceMeter('logits', { axis: 1 });
    map.add(floats([1, 2, 2, 2], [0, 0, 0, 0, 3, 3, 3, 3]), floats([1, 2, 2, 2], [3, 3, 3, 3, 0, 0, 0, 0]), 1);
    expect(map.result()).toBeCloseTo(divergence(softmax([3, 0]), softmax([0, 3])), 12);
    const shares = divergenceMeter('shares');
    shares.add(floats([2, 1], [0.4, 0.5]), floats([2, 1], [0.9, 0.5]), 2);
    expect(shares.result()).toBeCloseTo(divergence([0.9, 0.1], [0.4, 0.6]) / 2, 12);
  });

  it('holds for large logits, and for those of minus infinity', () => {
    const meter = divergenceMeter('logits');
    meter.add(floats([1, 3], [1000, 1001, -infinity]), floats([1, 3], [1001, 1000, -infinity]), 1);
    expect(meter.result()).toBeCloseTo(divergence(softmax([1, 0]), softmax([0, 1])), 12);
  });

  it('is infinite for a NaN of the model, and leaves out one of the original', () => {
    const own = divergenceMeter('logits');
    own.add(floats([2, 2], [nan, 1, 1, 1]), floats([2, 2], [1, 1, 1, 1]), 2);
    expect(own.result()).toBe(infinity);
    const both = divergenceMeter('logits');
    both.add(floats([2, 2], [nan, 1, 1, 1]), floats([2, 2], [nan, 1, 1, 1]), 2);
    expect(both.result()).toBe(0);
  });

  it('has nothing to say of one score, of nothing, and of other shapes', () => {
    const meter = divergenceMeter('logits');
    meter.add(floats([2, 1], [1, 2]), floats([2, 1], [1, 3]), 2);
    expect(meter.add(floats([1, 3], [1, 2, 3]), floats([1, 2], [1, 2]), 1)).toBe(false);
    expect(meter.result()).toBeNull();
  });
});

describe('similarityMeter', () => {
  it('is cosine and signal by noise over all elements, over batches', () => {
    const meter = similarityMeter();
    meter.add(floats([2], [1, 2]), floats([2], [1, 3]));
    meter.add(floats([2], [-1, 0.5]), floats([2], [-2, 0.5]));
    const signal = 1 + 9 + 4 + 0.25;
    const noise = 0 + 1 + 1 + 0;
    const { cosine, snr, noise: share } = meter.result();
    expect(cosine).toBeCloseTo((1 + 6 + 2 + 0.25) / Math.sqrt((1 + 4 + 1 + 0.25) * signal), 12);
    expect(snr).toBeCloseTo(10 * Math.log10(signal / noise), 12);
    expect(share).toBeCloseTo(noise / signal, 12);
  });

  it('is 1 and infinite for equal outputs, infinities and NaN included', () => {
    const meter = similarityMeter();
    meter.add(floats([3], [infinity, nan, 2]), floats([3], [infinity, nan, 2]));
    expect(meter.result()).toEqual({ cosine: 1, snr: infinity, noise: 0 });
  });

  it('knows no bounds for what is not finite on one side', () => {
    for (const values of [nan, infinity]) {
      const meter = similarityMeter();
      meter.add(floats([2], [values, 2]), floats([2], [1, 2]));
      expect(meter.result()).toMatchObject({ snr: -infinity, noise: infinity });
    }
  });

  it('is 0 where one side is all zeros', () => {
    const meter = similarityMeter();
    meter.add(floats([2], [0, 0]), floats([2], [1, 2]));
    expect(meter.result()).toEqual({ cosine: 0, snr: 0, noise: 1 });
    const silent = similarityMeter();
    silent.add(floats([2], [1, 1]), floats([2], [0, 0]));
    expect(silent.result()).toEqual({ cosine: 0, snr: -infinity, noise: infinity });
  });

  it('counts nothing of other shapes', () => {
    const meter = similarityMeter();
    expect(meter.add(floats([2], [1, 2]), floats([1, 2], [1, 2]))).toBe(false);
    expect(meter.result()).toEqual({ cosine: null, snr: null, noise: 0 });
  });
});

it('decibels are ten times the logarithm of signal by noise', () => {
  expect(decibels(100, 1)).toBe(20);
  expect(decibels(1, 10)).toBe(-10);
  expect(decibels(1, 0)).toBe(infinity);
});
