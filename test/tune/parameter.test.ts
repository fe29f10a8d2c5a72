import { describe, expect, it } from 'vitest';
import { fromHalf, toHalf } from '../../src/binary/half.js';
import { openParameter } from '../../src/tune/open-parameter.js';
import { type Parameter, PRUNED } from '../../src/tune/parameter.js';
import { layers, tensorNamed } from '../stages/support.js';
import { Random } from '../support/random.js';

function parameterOf(values: readonly number[] | Float32Array): Parameter {
  return openParameter('A', tensorNamed(layers(values), 'A'));
}

const collected = (parameter: Parameter, gradient: readonly number[]) => {
  const into = new Float32Array(parameter.free.length).fill(9);
  parameter.collect(Float32Array.from(gradient), into);
  return [...into];
};

/** Values that float16 does not hold, and some that it does. */
const SHARED = [0.1, 0, -0.3, 0.1, 0, 0.1, -0.3, 0.7];
const HALVES = [0.5, 0, -0.25, 0.5, 0, 0.5, -0.25, 3];

/** A tensor of role bias and one that a Gemm multiplies with. */
function withRole(role: 'weight' | 'bias', values: readonly number[]): Parameter {
  const tensor = tensorNamed(layers(Float32Array.from(values)), 'A');
  return openParameter('A', { ...tensor, role });
}

describe('what is shared', () => {
  it('is not a bias that has never been trained', () => {
    const zeros = withRole('bias', [0, 0, 0]);
    expect([zeros.isShared, [...zeros.alive]]).toEqual([false, [1, 1, 1]]);
    expect(withRole('bias', [1, 1, 1]).free).toHaveLength(3);
    expect(withRole('weight', [1, 1, 1]).free).toHaveLength(1);
    expect([...withRole('weight', [0, 0, 0]).alive]).toEqual([PRUNED, PRUNED, PRUNED]);
  });

  it('is not a tensor in which a few values are equal by chance', () => {
    const values = Array.from({ length: 40 }, (_, i) => (i + 1) / 3);
    values[7] = values[8];
    expect(withRole('weight', values).isShared).toBe(false);
    expect(withRole('weight', values.map(Math.round)).isShared, 'rounded on purpose').toBe(true);
  });
});

describe('a dense tensor', () => {
  it('has a free number for each weight, and moves by each gradient', () => {
    const values = [0.5, -1, 2, 0.25];
    const parameter = parameterOf(values);
    expect([parameter.isShared, [...parameter.free], [...parameter.values]]).toEqual([false, values, values]);
    expect(collected(parameter, [1, 2, 3, 4])).toEqual([1, 2, 3, 4]);
    parameter.free.set([0.75, -2, 0.125, 4]);
    expect([...parameter.values], 'not before it is published').toEqual(values);
    parameter.publish();
    expect([...parameter.values]).toEqual([0.75, -2, 0.125, 4]);
  });

  it('may be as large as a codebook cannot be', () => {
    const values = new Random(1).floats(2000);
    values[1999] = values[0];
    const parameter = parameterOf(values);
    expect([parameter.isShared, parameter.free.length]).toEqual([false, 2000]);
  });

  it('has zeros that stay zero, whatever their gradient', () => {
    const parameter = parameterOf([0.5, 0, -1, -0]);
    expect([...parameter.alive]).toEqual([1, 0, 1, 0]);
    expect(collected(parameter, [1, 2, 3, 4])).toEqual([1, 0, 3, 0]);
    parameter.free.set([1, 1, 1, 1]);
    parameter.publish();
    expect([...parameter.values]).toEqual([1, 0, 1, 0]);
  });

  it('keeps the value before where the new one would be 0 or infinite', () => {
    const parameter = parameterOf([0.5, -1, 2, 3]);
    parameter.free.set([0, Number.POSITIVE_INFINITY, Number.NaN, 4]);
    parameter.publish();
    expect([...parameter.values]).toEqual([0.5, -1, 2, 4]);
    parameter.free[0] = -0.125;
    parameter.publish();
    expect(parameter.values[0]).toBe(-0.125);
  });
});

describe('a tensor of shared values', () => {
  it('has a free number for each value but zero, in rising order', () => {
    const parameter = parameterOf(SHARED);
    expect([parameter.isShared, [...parameter.free]]).toEqual([true, [...Float32Array.of(-0.3, 0.1, 0.7)]]);
    expect([...parameter.alive]).toEqual([1, 0, 1, 1, 0, 1, 1, 1]);
  });

  it('moves each value by the sum of its gradients over its number', () => {
    const gradient = [1, 100, 2, 4, -100, -8, 5, 0.5];
    expect(collected(parameterOf(SHARED), gradient)).toEqual([(2 + 5) / 2, Math.fround((1 + 4 - 8) / 3), 0.5]);
  });

  it('stays shared, and zero where it was', () => {
    const parameter = parameterOf(SHARED);
    parameter.free.set([-0.4, 0.2, 0.9]);
    parameter.publish();
    expect([...parameter.values]).toEqual([...Float32Array.of(0.2, 0, -0.4, 0.2, 0, 0.2, -0.4, 0.9)]);
  });

  it('has float16 values for good if it has them at first, and moves between them underneath', () => {
    const parameter = parameterOf(HALVES);
    for (let step = 0; step < 8; step++) {
      for (let k = 0; k < 3; k++) parameter.free[k] += 0.0001;
      parameter.publish();
      for (const value of parameter.values) expect(fromHalf(toHalf(value))).toBe(value);
    }
    expect(parameter.free[2]).toBeCloseTo(3.0008, 5);
    expect(parameter.values[7], 'a float16 near 3 has neighbours 1/512 away').toBe(3);
    expect(parameter.values[0]).toBeCloseTo(0.5008, 3);
  });

  it('has float32 values if one of them needs it', () => {
    const parameter = parameterOf([...HALVES, 0.1, 0.1]);
    parameter.free.fill(0.30001);
    parameter.publish();
    expect(parameter.values[0]).toBe(Math.fround(0.30001));
  });

  it('keeps a value where the new one would be 0 or infinite, as float16 too', () => {
    const parameter = parameterOf(HALVES);
    parameter.free.set([1e-9, 70_000, 4]);
    parameter.publish();
    expect([...parameter.values]).toEqual([0.5, 0, -0.25, 0.5, 0, 0.5, -0.25, 4]);
    const wide = parameterOf(SHARED);
    wide.free.set([0, Number.NEGATIVE_INFINITY, 70_000]);
    wide.publish();
    expect([...wide.values]).toEqual([...Float32Array.of(0.1, 0, -0.3, 0.1, 0, 0.1, -0.3, 70_000)]);
  });

  it('may be of zeros only, with nothing to move', () => {
    const parameter = parameterOf([0, 0, 0]);
    expect([parameter.free.length, [...parameter.alive]].flat()).toEqual([3, 0, 0, 0]);
    expect(collected(parameter, [1, 2, 3])).toEqual([0, 0, 0]);
  });
});

describe('a tensor whose weights may come to share other values', () => {
  const opened = (values: readonly number[]) => openParameter('A', tensorNamed(layers(values), 'A'), true);

  it('has a number behind each weight that is not zero, which its gradient goes straight through to', () => {
    const parameter = opened(HALVES);
    expect([...parameter.free]).toEqual([-0.25, 0.5, 3, 0.5, -0.25, 0.5, 0.5, -0.25, 3]);
    const gradient = [1, 100, 2, 4, -100, -8, 5, 0.5];
    expect(collected(parameter, gradient)).toEqual([3.5, -1, 0.5, 1, 2, 4, -8, 5, 0.5]);
  });

  it('gives each the value that is next to its number, and its gradient to that value from then on', () => {
    const parameter = opened(HALVES);
    parameter.free.set([1.7, 1.8, -0.2], 3);
    parameter.publish();
    expect([...parameter.values]).toEqual([0.5, 0, 3, -0.25, 0, 0.5, -0.25, 3]);
    expect(collected(parameter, [1, 0, 2, 4, 0, 8, 5, 0.5]).slice(0, 3)).toEqual([4.5, 4.5, 1.25]);
  });

  it('has values that may pass each other, and weights that do not go beyond them', () => {
    const parameter = opened(HALVES);
    parameter.free.set([2, 0.5, 1, 7, 1.6, -9]);
    parameter.publish();
    expect([...parameter.values]).toEqual([2, 0, 2, 0.5, 0, 0.5, 0.5, 2]);
    expect([...parameter.free.subarray(3, 6)]).toEqual([2, Math.fround(1.6), 0.5]);
  });

  it('may have a value that no weight is left with', () => {
    const parameter = opened(HALVES);
    parameter.free.fill(0.5, 3);
    parameter.publish();
    expect(new Set(parameter.values)).toEqual(new Set([0, 0.5]));
    expect(collected(parameter, HALVES).slice(0, 3).map(Number.isFinite)).toEqual([true, true, true]);
  });
});

it('refuses weights that are no numbers', () => {
  expect(() => parameterOf([1, Number.NaN])).toThrow(expect.objectContaining({ code: 'WEIGHTS' }));
});
