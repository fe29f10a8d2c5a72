import { describe, expect, it } from 'vitest';
import { castTo } from '../../src/data/cast.js';
import type { InputArray, NumberArray } from '../../src/data/dataset.js';
import { fitDims } from '../../src/data/fit.js';
import { feedsOf } from '../../src/runtime/feeds.js';

describe('fitDims', () => {
  it.each([
    ['the same shape', [8, 3, 4, 4], [8, 3, 4, 4], [8, 3, 4, 4]],
    ['a dynamic batch', ['N', 3, 4, 4], [8, 3, 4, 4], [8, 3, 4, 4]],
    ['a fixed batch', [1, 10], [8, 10], [8, 10]],
    ['a channel to be added', ['N', 1, 28, 28], [8, 28, 28], [8, 1, 28, 28]],
    ['a channel at the other end', ['N', 1, 28, 28], [8, 28, 28, 1], [8, 1, 28, 28]],
    ['images to be flattened', ['N', 784], [8, 28, 28], [8, 784]],
    ['vectors to be folded', [1, 1, 28, 28], [8, 784], [8, 1, 28, 28]],
    ['numbers into columns', ['N', 1], [8], [8, 1]],
    ['one sample without its axis', [1, 80, 300], [80, 300], [1, 80, 300]],
    ['dynamic sides', ['N', 3, 'h', 'w'], [2, 3, 5, 7], [2, 3, 5, 7]],
    ['dynamic sides, a channel to be added', ['N', 1, 'h', 'w'], [2, 5, 7], [2, 1, 5, 7]],
    ['one dynamic side, given by the count', ['N', 28, 'w'], [2, 784], [2, 28, 28]],
    ['a dynamic channel', ['N', 'c', 28, 28], [2, 28, 28], [2, 1, 28, 28]],
    ['dimensions of -1 and 0 as dynamic', [-1, 0, 3], [2, 5, 3], [2, 5, 3]],
    ['a state, whose first axis is no sample', [2, 'N', 3], [2, 7, 3], [2, 7, 3]],
    ['a scalar', [], [], []],
    ['an unknown shape', [], [2, 3], [2, 3]],
  ])('fits %s', (_, shape, dims, expected) => {
    expect(fitDims(shape, dims)).toEqual(expected);
  });

  it.each([
    ['channels last, which no regrouping puts first', ['N', 3, 32, 32], [8, 32, 32, 3]],
    ['another size', ['N', 3, 32, 32], [8, 3, 28, 28]],
    ['another number of channels', ['N', 3, 'h', 'w'], [8, 1, 28, 28]],
    ['a number that no dynamic side explains', ['N', 3, 'w'], [8, 10]],
    ['a scalar for an array', ['N', 3], []],
    ['dims that overflow', ['N', 3], [1, 2 ** 30, 2 ** 30]],
  ])('refuses %s', (_, shape, dims) => {
    expect(fitDims(shape, dims)).toBeUndefined();
  });
});

describe('castTo', () => {
  const cast = (type: string, data: NumberArray, more: Partial<InputArray> = {}) =>
    castTo(type, { data, dims: [data.length], ...more }, 'x');

  it('hands the same array on where nothing is to be done', () => {
    const data = Float32Array.of(1, 2);
    expect(cast('float32', data)).toBe(data);
    const pixels = Uint8Array.of(1, 2);
    expect(cast('uint8', pixels, { scale: 1 / 255 })).toBe(pixels);
  });

  it('scales pixels for floats, and only those', () => {
    expect(cast('float32', Uint8Array.of(0, 51, 255), { scale: 1 / 255 })).toEqual(Float32Array.of(0, 0.2, 1));
    expect(cast('float16', Uint8Array.of(0, 255), { scale: 1 / 255 })).toEqual(Uint16Array.of(0, 0x3c00));
    expect(cast('float32', Uint8Array.of(0, 255), { scale: 1 })).toEqual(Float32Array.of(0, 255));
    expect(cast('int64', Uint8Array.of(0, 255), { scale: 1 / 255 })).toEqual(BigInt64Array.of(0n, 255n));
    expect(cast('float32', Float64Array.of(0.5), { scale: 1 / 255 })).toEqual(Float32Array.of(0.5));
  });

  it('takes Uint16Array for half floats unless it is told otherwise', () => {
    const bits = Uint16Array.of(0x3c00, 0xc000);
    expect(cast('float16', bits)).toBe(bits);
    expect(cast('float32', bits)).toEqual(Float32Array.of(1, -2));
    expect(cast('float32', bits, { type: 'uint16' })).toEqual(Float32Array.of(0x3c00, 0xc000));
    expect(cast('float16', Uint16Array.of(2), { type: 'uint16' })).toEqual(Uint16Array.of(0x4000));
  });

  it('converts between integers, floats and bools', () => {
    expect(cast('int64', Float64Array.of(3, -4))).toEqual(BigInt64Array.of(3n, -4n));
    expect(cast('int32', BigInt64Array.of(5n))).toEqual(Int32Array.of(5));
    expect(cast('float32', BigInt64Array.of(5n))).toEqual(Float32Array.of(5));
    expect(cast('bool', Float32Array.of(0, 2))).toEqual(Uint8Array.of(0, 1));
  });

  it.each([
    ['int64', Float32Array.of(1, 1.5), /values of type int64, got 1.5 \(element 1\)/],
    ['int64', Float32Array.of(Number.NaN), /got NaN/],
    ['uint8', Int32Array.of(256), /got 256/],
    ['int32', BigInt64Array.of(2n ** 40n), /got 1099511627776/],
    ['uint64', BigInt64Array.of(-1n), /got -1/],
    ['string', Float32Array.of(1), /one that takes string/],
  ])('refuses values that %s cannot hold', (type, data, message) => {
    expect(() => cast(type, data)).toThrow(message);
  });
});

describe('feedsOf', () => {
  const x = { data: Float32Array.from({ length: 10 }, (_, i) => i), dims: [5, 2] };

  it('splits into the fixed batch, padding the last run with its last sample', () => {
    const { samples, feeds } = feedsOf([{ name: 'x', type: 'float32', shape: [3, 2] }], { inputs: { x } });
    expect(samples).toBe(5);
    expect(feeds.map(({ count, size }) => [count, size])).toEqual([
      [3, 3],
      [2, 3],
    ]);
    expect(feeds[1].arrays[0]).toMatchObject({ dims: [3, 2], data: Float32Array.of(6, 7, 8, 9, 8, 9) });
  });

  it('cuts to the limit', () => {
    const cut = feedsOf([{ name: 'x', type: 'float32', shape: ['N', 2] }], { inputs: { x } }, 3);
    expect(cut.samples).toBe(3);
    expect(cut.feeds[0].arrays[0]).toMatchObject({ dims: [3, 2], data: Float32Array.of(0, 1, 2, 3, 4, 5) });
  });

  it('gives a state as it is, also where its layers are as many as the samples', () => {
    const inputs = [
      { name: 'state', type: 'float32', shape: [2, 'N', 1] },
      { name: 'x', type: 'float32', shape: ['N', 2] },
      { name: 'rate', type: 'int64', shape: [] },
    ];
    const batch = {
      inputs: {
        x: { data: new Float32Array(4), dims: [2, 2] },
        state: { data: new Float32Array(4), dims: [2, 2, 1] },
        rate: { data: BigInt64Array.of(1n), dims: [1] },
      },
    };
    const { samples, feeds } = feedsOf(inputs, batch, 1);
    expect(samples).toBe(2);
    expect(feeds).toHaveLength(1);
    expect(feeds[0].arrays.map(({ dims }) => dims)).toEqual([[2, 2, 1], [2, 2], [1]]);
  });

  it('refuses a state of another size, other names, and labels of another number', () => {
    const three = { x, state: { data: new Float32Array(6), dims: [3, 2] } };
    const two = [
      { name: 'x', type: 'float32', shape: ['N', 2] },
      { name: 'state', type: 'float32', shape: [2, 2] },
    ];
    expect(() => feedsOf(two, { inputs: three })).toThrow(/'state': expected shape \[2, 2\], got \[3, 2\]/);
    const input = { name: 'a', type: 'float32', shape: ['N', 2] };
    expect(() => feedsOf([input], { inputs: { x, y: x } })).toThrow(/named 'a' as the model's input is, got 'x', 'y'/);
    expect(() => feedsOf([input], { inputs: { x }, labels: [1, 2] })).toThrow(/expected 5 labels/);
    expect(() => feedsOf([{ ...input, name: 'constructor' }, input], { inputs: { x } })).toThrow(
      /named 'constructor' as .*, got 'x'; add it, or rename one$/,
    );
  });

  it('feeds the only array to the only input, whatever it is called', () => {
    expect(
      feedsOf([{ name: 'other', type: 'float32', shape: ['N', 2] }], { inputs: { x } }).feeds[0].arrays[0].name,
    ).toBe('other');
  });
});
