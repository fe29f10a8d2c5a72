import { describe, expect, it } from 'vitest';
import { weightFigures } from '../../src/sensitivity/weights.js';

const figures = (original: number[], compressed: number[]) =>
  weightFigures(Float32Array.from(original), Float32Array.from(compressed));

describe('weightFigures', () => {
  it('counts zeros of either sign, values beside them, and the entropy of all', () => {
    // Shares of 4/8, 2/8, 1/8 and 1/8: half of 1 bit, a quarter of 2 bits, two eighths of 3 bits.
    const compressed = [0, -0, 0, 0, 2, 2, -1, 5];
    expect(figures(compressed, compressed)).toEqual({
      ...{ density: 0.5, clusters: 3, bits: 0.5 * 1 + 0.25 * 2 + 0.25 * 3, weightSnr: Number.POSITIVE_INFINITY },
    });
    expect(figures([1, 1], [3, 3])).toMatchObject({ density: 1, clusters: 1, bits: 0 });
    expect(Object.is(figures([1, 1], [3, 3]).bits, 0)).toBe(true);
  });

  it('gives the noise in decibels', () => {
    const { weightSnr } = figures([3, -4, 1], [3, -3, 0]);
    expect(weightSnr).toBeCloseTo(10 * Math.log10((9 + 16 + 1) / (0 + 1 + 1)), 12);
    expect(figures([1, 2], [0, 0])).toMatchObject({ density: 0, clusters: 0, bits: 0, weightSnr: 0 });
  });

  it('does not stumble over NaN', () => {
    expect(figures([1, 2], [Number.NaN, 2])).toMatchObject({ density: 1, clusters: 2, bits: 1 });
  });
});
