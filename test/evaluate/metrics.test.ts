import { describe, expect, it } from 'vitest';
import { agreementMeter } from '../../src/evaluate/agreement.js';
import { accuracyMeter, argmax, differenceMeter, type MetricArray } from '../../src/evaluate/metrics.js';

const floats = (dims: number[], values: number[]): MetricArray => ({
  type: 'float32',
  dims,
  data: Float32Array.from(values),
});
const ints = (dims: number[], values: number[]): MetricArray => ({
  type: 'int64',
  dims,
  data: Float64Array.from(values),
});
const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;

describe('accuracyMeter', () => {
  it('counts the first and the five first of more than five classes, over batches', () => {
    const meter = accuracyMeter();
    meter.add(floats([2, 6], [6, 5, 4, 3, 2, 1, 6, 5, 4, 3, 2, 1]), [0, 4]);
    meter.add(floats([2, 6], [6, 5, 4, 3, 2, 1, 6, 5, 4, 3, 2, 1]), [5, 1]);
    expect(meter.result()).toEqual({ top1: 1 / 4, top5: 3 / 4 });
  });

  it('has no top 5 of five classes, no top 1 of one score, and nothing of no samples', () => {
    const five = accuracyMeter();
    five.add(floats([1, 5], [1, 2, 3, 4, 5]), [4]);
    expect(five.result()).toEqual({ top1: 1, top5: null });
    const one = accuracyMeter();
    one.add(floats([2, 1], [0.2, 0.9]), [0, 1]);
    expect(one.result()).toEqual({ top1: null, top5: null });
    expect(accuracyMeter().result()).toEqual({ top1: null, top5: null });
  });

  it('gives ties to the lower class and calls NaN wrong', () => {
    const meter = accuracyMeter();
    meter.add(floats([5, 2], [1, 1, 1, 1, 5, nan, nan, nan, 1, 2]), [0, 1, 0, 0, 0]);
    expect(meter.result().top1).toBe(1 / 5);
  });

  it('passes over axes of length 1 and takes integers for classes', () => {
    const meter = accuracyMeter();
    meter.add(floats([2, 3, 1, 1], [1, 3, 2, 3, 2, 1]), [1, 2]);
    expect(meter.result().top1).toBe(1 / 2);
    const decided = accuracyMeter();
    decided.add(ints([3], [4, 9, 2]), [4, 9, 1]);
    expect(decided.result()).toEqual({ top1: 2 / 3, top5: null });
  });

  it('refuses scores that are not one row a sample', () => {
    expect(() => accuracyMeter().add(floats([2, 3, 4], new Array(24).fill(0)), [0, 1])).toThrow(/shape \[2, classes\]/);
  });
});

describe('agreementMeter', () => {
  it('compares every row along the last axis', () => {
    const meter = agreementMeter();
    const a = floats([1, 3, 2], [1, 2, 2, 1, 0, 1]);
    const b = floats([1, 3, 2], [1, 3, 1, 2, 0, 1]);
    meter.add(a, b, 1);
    expect(meter.result()).toBe(2 / 3);
    meter.add(a, a, 1);
    expect(meter.result()).toBe(5 / 6);
  });

  it('leaves out two NaN rows, and calls one alone different', () => {
    const meter = agreementMeter();
    meter.add(floats([3, 2], [nan, 1, nan, 1, 2, 1]), floats([3, 2], [nan, 1, 2, 1, nan, 1]), 3);
    expect(meter.result()).toBe(0);
    const nothing = agreementMeter();
    nothing.add(floats([2, 2], [nan, 1, nan, 1]), floats([2, 2], [nan, 1, 1, nan]), 2);
    expect(nothing.result()).toBeNull();
  });

  it('compares integers as they are, single scores not at all, and scores without a sample axis as one row', () => {
    const decided = agreementMeter();
    decided.add(ints([4], [1, 2, 3, 4]), ints([4], [1, 2, 3, 5]), 4);
    expect(decided.result()).toBe(3 / 4);
    const single = agreementMeter();
    single.add(floats([2, 1], [0, 1]), floats([2, 1], [0, 1]), 2);
    expect(single.result()).toBeNull();
    const bare = agreementMeter();
    bare.add(floats([3], [0, 2, 1]), floats([3], [0, 3, 1]), 1);
    expect(bare.result()).toBe(1);
  });

  it('counts rows that only one has as different', () => {
    const meter = agreementMeter();
    meter.add(floats([2, 2], [0, 1, 0, 1]), floats([1, 2], [0, 1]), 1);
    expect(meter.result()).toBe(1 / 2);
  });
});

describe('differenceMeter', () => {
  it('takes the largest and the mean over all elements', () => {
    const meter = differenceMeter();
    expect(meter.add(floats([2], [1, 2]), floats([2], [1.5, 2]))).toBe(true);
    meter.add(floats([2], [-1, 0]), floats([2], [1, 0.25]));
    expect(meter.result()).toEqual({ maxAbsDiff: 2, meanAbsDiff: 2.75 / 4 });
  });

  it('takes equal infinities for equal, leaves out two NaNs, and calls others infinitely far', () => {
    const meter = differenceMeter();
    meter.add(floats([3], [infinity, nan, -infinity]), floats([3], [infinity, nan, -infinity]));
    expect(meter.result()).toEqual({ maxAbsDiff: 0, meanAbsDiff: 0 });
    meter.add(floats([1], [nan]), floats([1], [1]));
    expect(meter.result().maxAbsDiff).toBe(infinity);
  });

  it('leaves out what has another shape', () => {
    const meter = differenceMeter();
    expect(meter.add(floats([2], [1, 2]), floats([1, 2], [1, 2]))).toBe(false);
    expect(meter.result()).toEqual({ maxAbsDiff: null, meanAbsDiff: null });
  });
});

it('argmax takes the first of equal ones, and -1 for NaN', () => {
  expect(argmax([9, 1, 3, 3], 1, 3)).toBe(1);
  expect(argmax([1, nan], 0, 2)).toBe(-1);
  expect(argmax([nan, 1], 0, 2)).toBe(-1);
});
