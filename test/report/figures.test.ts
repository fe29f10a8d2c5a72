import { describe, expect, it } from 'vitest';
import { densityMapOf } from '../../src/report/density-map.js';
import { histogramOf, sharedValues } from '../../src/report/histogram.js';
import { Random } from '../support/random.js';

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

describe('a histogram', () => {
  it('counts every weight once', () => {
    const weights = Float32Array.from({ length: 5000 }, (_, i) => Math.sin(i) ** 3);
    const { from, to, counts, below, above } = histogramOf(weights);
    expect(sum(counts) + below + above).toBe(5000);
    expect(from).toBeGreaterThanOrEqual(-1);
    expect(to).toBeGreaterThan(from);
    const width = (to - from) / counts.length;
    for (const [i, count] of counts.entries()) {
      const inside = weights.filter((weight) => weight >= from + i * width && weight < from + (i + 1) * width);
      // Weights on the edge of two bins may count for either.
      expect(Math.abs(inside.length - count)).toBeLessThanOrEqual(2);
    }
  });

  it('leaves out what is farthest out, and says how much', () => {
    const weights = new Float32Array(10_000).map((_, i) => (i % 100) / 100);
    weights[0] = -1e6;
    weights[1] = 1e6;
    const { from, to, counts, below, above } = histogramOf(weights);
    expect([below, above]).toEqual([1, 1]);
    expect(sum(counts)).toBe(9998);
    expect([from, to].every((edge) => Math.abs(edge) < 1000)).toBe(true);
  });

  it.each([
    ['no weights', [], 0, [0]],
    ['one value', [2, 2, 2], 2, [3]],
    ['no numbers', [Number.NaN, Number.POSITIVE_INFINITY], 0, [0]],
  ])('is one bar for %s', (_, weights, from, counts) => {
    expect(histogramOf(Float32Array.from(weights))).toEqual({ from, to: from, counts, below: 0, above: 0 });
  });
});

describe('shared values', () => {
  it('are listed in order with their weights, zero apart', () => {
    expect(sharedValues(Float32Array.from([0.5, -1, 0, -0, 0.5, 2, 2, -1]))).toEqual({
      zeros: 2,
      centroids: [
        { value: -1, weights: 2 },
        { value: 0.5, weights: 2 },
        { value: 2, weights: 2 },
      ],
    });
  });

  it('are none where there are more than a codebook holds', () => {
    const many = Float32Array.from({ length: 2100 }, (_, i) => i % 1025);
    expect(sharedValues(many)).toEqual({ zeros: 3, centroids: null });
    expect(sharedValues(many.map((value) => value % 1024)).centroids).toHaveLength(1023);
  });

  it('are none where most weights have one of their own', () => {
    expect(sharedValues(Float32Array.from([1, 2, 3, 0]))).toEqual({ zeros: 1, centroids: null });
    expect(sharedValues(Float32Array.from([1, 1, 0, 0])).centroids).toEqual([{ value: 1, weights: 2 }]);
  });
});

describe('a density map', () => {
  it('has a cell for each weight of a small tensor', () => {
    const map = densityMapOf(Float32Array.from([1, 0, 0, 2, 3, 0]), [2, 3]);
    expect(map).toEqual({ rows: 2, columns: 3, shares: [1, 0, 0, 1, 1, 0] });
    expect(densityMapOf(Float32Array.from([0, 1]), [2])).toEqual({ rows: 1, columns: 2, shares: [0, 1] });
  });

  it('averages a large one, and loses no weight', () => {
    const random = new Random(3);
    const weights = Float32Array.from({ length: 130 * 200 }, () => (random.float() < 0.3 ? 1 : 0));
    const { rows, columns, shares } = densityMapOf(weights, [130, 20, 10]);
    expect([rows, columns, shares.length]).toEqual([64, 64, 4096]);
    expect(Math.min(...shares)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...shares)).toBeLessThanOrEqual(1);
    expect(sum(shares) / shares.length).toBeCloseTo(0.3, 1);
  });
});
