import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Tensor } from '../../src/model/model.js';
import { isPatchable, readWeights, writeWeights } from '../../src/model/weights.js';
import { atOddOffset } from '../support/sources.js';

const tensorOf = (dtype: Tensor['dtype'], payload: Uint8Array, fields: Partial<Tensor> = {}): Tensor => ({
  name: 'w',
  dtype,
  dims: [payload.length / (dtype === 'float32' ? 4 : 2)],
  count: payload.length / (dtype === 'float32' ? 4 : 2),
  role: 'weight',
  op: 'MatMul',
  form: 'raw',
  file: 0,
  offset: 0,
  length: payload.length,
  payload: { read: () => payload },
  ...fields,
});

const uint16s = (...patterns: number[]) =>
  Uint8Array.from(patterns.flatMap((pattern) => [pattern & 0xff, pattern >> 8]));

/** The same bytes in the ways a reader may hand them on. */
const forms: [string, (bytes: Uint8Array) => Uint8Array][] = [
  ['in memory of their own', (bytes) => bytes.slice()],
  ['at an odd offset', atOddOffset],
  ['as part of a Node Buffer', (bytes) => Buffer.concat([Buffer.alloc(3), bytes, Buffer.alloc(2)]).subarray(3, -2)],
];

describe.each(forms)('weights %s', (_, place) => {
  it('float32: values as they are, and back', () => {
    const values = Float32Array.of(1, -2.5, 0, -0, 2 ** -149, 3.4e38, Number.NaN, -Infinity, 1 / 3);
    const payload = place(new Uint8Array(values.buffer));
    const weights = readWeights(tensorOf('float32', payload));
    expect(weights).toEqual(values);
    expect([...writeWeights(tensorOf('float32', payload), weights)]).toEqual([...payload]);
  });

  it('float16: hand-made patterns', () => {
    const payload = place(uint16s(0x3c00, 0xc000, 0x0000, 0x8000, 0x0001, 0x7bff, 0x3555, 0xfc00));
    const weights = readWeights(tensorOf('float16', payload));
    expect([...weights]).toEqual([1, -2, 0, -0, 2 ** -24, 65504, 0.333251953125, -Infinity]);
    expect([...writeWeights(tensorOf('float16', payload), weights)]).toEqual([...payload]);
  });

  it('bfloat16: hand-made patterns', () => {
    const payload = place(uint16s(0x3f80, 0xc000, 0x0000, 0x8000, 0x0001, 0x4049, 0xff80));
    const weights = readWeights(tensorOf('bfloat16', payload));
    expect([...weights]).toEqual([1, -2, 0, -0, 2 ** -133, 3.140625, -Infinity]);
    expect([...writeWeights(tensorOf('bfloat16', payload), weights)]).toEqual([...payload]);
  });

  it.each(['float32', 'float16', 'bfloat16'] as const)('%s: bytes come back as they were', (dtype) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const whole = bytes.subarray(0, bytes.length & ~3);
        const tensor = tensorOf(dtype, place(whole));
        const weights = readWeights(tensor);
        fc.pre(!weights.some(Number.isNaN));
        expect(weights.length).toBe(tensor.count);
        expect([...writeWeights(tensor, weights)]).toEqual([...whole]);
      }),
    );
  });

  it('are a copy: to change them changes no file', () => {
    for (const dtype of ['float32', 'float16', 'bfloat16'] as const) {
      const payload = place(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8));
      readWeights(tensorOf(dtype, payload)).fill(9);
      expect([...payload]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    }
  });
});

describe('writeWeights', () => {
  it('rounds to the tensor’s type, ties to even', () => {
    const values = Float32Array.of(1 + 2 ** -11, 1 + 3 * 2 ** -11, 70_000);
    expect([...writeWeights(tensorOf('float16', new Uint8Array(6)), values)]).toEqual([
      ...uint16s(0x3c00, 0x3c02, 0x7c00),
    ]);
    const coarse = Float32Array.of(1 + 2 ** -8, 1 + 3 * 2 ** -8);
    expect([...writeWeights(tensorOf('bfloat16', new Uint8Array(4)), coarse)]).toEqual([...uint16s(0x3f80, 0x3f82)]);
  });

  it('takes weights from the middle of a larger array', () => {
    const values = Float32Array.of(9, 1, 2, 9);
    const written = writeWeights(tensorOf('float32', new Uint8Array(8)), values.subarray(1, 3));
    expect([...written]).toEqual([0, 0, 0x80, 0x3f, 0, 0, 0, 0x40]);
  });
});

describe('isPatchable', () => {
  it.each([
    ['float32 raw', 'float32', {}, true],
    ['float32 in float_data', 'float32', { form: 'fixed' }, true],
    ['float16 raw', 'float16', {}, true],
    ['bfloat16 raw', 'bfloat16', {}, true],
    ['float16 in int32_data', 'float16', { form: 'varint' }, false],
    ['float64', 'float64', {}, false],
    ['int8', 'int8', {}, false],
    ['float8', 'float8e4m3fn', {}, false],
    ['a type from the future', 'unknown(99)', {}, false],
    ['no elements', 'float32', { count: 0 }, false],
  ] as const)('%s', (_, dtype, fields, patchable) => {
    expect(isPatchable(tensorOf(dtype, new Uint8Array(8), fields))).toBe(patchable);
  });
});
