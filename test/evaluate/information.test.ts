import { describe, expect, it } from 'vitest';
import { informationOf } from '../../src/evaluate/information.js';

const batch = (dims: number[], ...data: number[]) => ({
  array: { type: 'float32', dims, data: Float32Array.from(data) },
  samples: dims[0],
});

describe('what decisions tell of inputs', () => {
  it('is the entropy of two sure and different answers, of logits as of probabilities', () => {
    expect(informationOf([batch([2, 2], 1, 0, 0, 1)], 'probabilities')).toBeCloseTo(Math.LN2, 6);
    expect(informationOf([batch([1, 2], 40, 0), batch([1, 2], -1, 39)], 'logits')).toBeCloseTo(Math.LN2, 6);
  });

  it('takes each share for a decision of its own, and leaves out what is no number', () => {
    expect(informationOf([batch([3, 1], 1, 0, Number.NaN)], 'shares')).toBeCloseTo(Math.LN2, 5);
  });

  it('is nothing where all answers are alike, however sure', () => {
    expect(informationOf([batch([2, 2], 1, 0, 1, 0)], 'probabilities')).toBe(0);
    expect(informationOf([batch([2, 3], 1, 2, 3, 1, 2, 3)], 'logits')).toBeCloseTo(0, 9);
    expect(informationOf([], 'probabilities')).toBe(0);
  });
});
