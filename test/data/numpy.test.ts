import { strToU8, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { arrayDataset } from '../../src/data/dataset.js';
import { parseNpy } from '../../src/data/npy.js';
import { npzDataset, parseNpz } from '../../src/data/npz.js';
import { FxqError } from '../../src/index.js';
import { collect, npyBytes } from '../evaluate/support.js';

function bigEndian(view: ArrayBufferView, size: number): Uint8Array {
  const bytes = new Uint8Array(view.buffer.slice(0)) as Uint8Array;
  for (let at = 0; at < bytes.length; at += size) bytes.subarray(at, at + size).reverse();
  return bytes;
}

function thrown(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}

describe('parseNpy', () => {
  const cases: [string, ArrayBufferView & ArrayLike<number | bigint>, string][] = [
    ['f4', Float32Array.of(1.5, -2, Number.NaN, 1e-40, 0, 6), 'float32'],
    ['f8', Float64Array.of(1.5, -2, Math.PI, 1e300, 0, 6), 'float64'],
    ['i1', Int8Array.of(-128, 127, 0, 1, 2, 3), 'int8'],
    ['i2', Int16Array.of(-32768, 32767, 0, 1, 2, 3), 'int16'],
    ['i4', Int32Array.of(-(2 ** 31), 2 ** 31 - 1, 0, 1, 2, 3), 'int32'],
    ['i8', BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n, 0n, 1n, 2n, 3n), 'int64'],
    ['u1', Uint8Array.of(255, 1, 0, 1, 2, 3), 'uint8'],
    ['u2', Uint16Array.of(65535, 1, 0, 1, 2, 3), 'uint16'],
    ['u4', Uint32Array.of(2 ** 32 - 1, 1, 0, 1, 2, 3), 'uint32'],
    ['u8', BigUint64Array.of(2n ** 64n - 1n, 1n, 0n, 1n, 2n, 3n), 'uint64'],
    ['b1', Uint8Array.of(1, 0, 1, 1, 0, 0), 'bool'],
  ];
  it.each(cases)('reads %s of both byte orders and all versions', (code, values, type) => {
    const size = Number(code[1]);
    for (const version of [1, 2, 3]) {
      const little = parseNpy(npyBytes(size === 1 ? `|${code}` : `<${code}`, [2, 3], values, { version }));
      expect(little).toEqual({ data: values, dims: [2, 3], type });
      expect(parseNpy(npyBytes(`>${code}`, [6], bigEndian(values, size), { version })).data).toEqual(values);
    }
  });

  it('widens half floats, which Node 20 has no array for', () => {
    const halves = Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x7bff, 0xfc00);
    const { data, type } = parseNpy(npyBytes('<f2', [5], halves));
    expect([...(data as Float32Array)]).toEqual([1, -2, 2 ** -24, 65504, Number.NEGATIVE_INFINITY]);
    expect(type).toBe('float32');
  });

  it('reads scalars, empty arrays, and bytes at an odd offset without altering them', () => {
    expect(parseNpy(npyBytes('<i8', [], BigInt64Array.of(16000n)))).toMatchObject({ dims: [], type: 'int64' });
    expect(parseNpy(npyBytes('<f4', [0, 7], new Float32Array(0))).dims).toEqual([0, 7]);
    const file = npyBytes('>f4', [2], bigEndian(Float32Array.of(1, 2), 4));
    const shifted = new Uint8Array(file.length + 1).subarray(1);
    shifted.set(file);
    expect(parseNpy(shifted).data).toEqual(Float32Array.of(1, 2));
    expect(shifted).toEqual(file);
  });

  const floats = Float32Array.of(1, 2, 3, 4);
  it.each([
    ['Fortran order', npyBytes('<f4', [2, 2], floats, { fortran: 'True' }), /ascontiguousarray/],
    ['strings', npyBytes('<U4', [1], floats), /expected float, integer or bool elements, got strings \(<U4\)/],
    ['objects', npyBytes('|O', [4], floats), /got \|O/],
    ['long doubles', npyBytes('<f16', [1], floats), /got <f16/],
    ['a name every object has', npyBytes('<constructor', [1], floats), /got <constructor/],
    ['a shape larger than the bytes', npyBytes('<f4', [5], floats), /expected 20 bytes for f4 \[5\], got 16/],
    ['a shape smaller than the bytes', npyBytes('<f4', [3], floats), /expected 12 bytes/],
    ['a shape of 2^53 and more', npyBytes('<f4', [2 ** 30, 2 ** 30], floats), /expected Infinity bytes/],
    [
      'a dimension beyond 2^53',
      npyBytes('<f4', [4], floats, { shapeText: '(99999999999999999999,)' }),
      /whole numbers/,
    ],
    ['a negative dimension', npyBytes('<f4', [4], floats, { shapeText: '(-4,)' }), /whole numbers/],
    ['an expression', npyBytes('<f4', [4], floats, { shapeText: '(2**2,)' }), /whole numbers/],
    ['65 dimensions', npyBytes('<f4', [4], floats, { shapeText: `(${'1, '.repeat(64)}4)` }), /at most 64/],
    ['version 4', npyBytes('<f4', [4], floats, { version: 4 }), /version 1, 2 or 3, got 4/],
    ['no array at all', strToU8('hello'), /a NumPy array/],
  ])('refuses %s', (_, bytes, message) => {
    const error = thrown(() => parseNpy(bytes, 'x.npy'));
    expect(error).toBeInstanceOf(FxqError);
    expect(error).toMatchObject({ code: 'DATASET', message: expect.stringMatching(message), file: 'x.npy' });
  });

  it('refuses every truncation', () => {
    const file = npyBytes('<f4', [4], floats);
    for (let length = 0; length < file.length; length++) {
      expect(thrown(() => parseNpy(file.subarray(0, length)))).toMatchObject({ code: 'DATASET' });
    }
  });
});

describe('npz', () => {
  const x = npyBytes(
    '<f4',
    [5, 2],
    Float32Array.from({ length: 10 }, (_, i) => i),
  );
  const labels = npyBytes('<i8', [5], BigInt64Array.of(0n, 1n, 2n, 1n, 0n));

  it.each([0, 6] as const)('reads an archive packed at level %d', (level) => {
    const arrays = parseNpz(zipSync({ 'x.npy': x, 'labels.npy': labels, 'note.txt': strToU8('hi') }, { level }));
    expect(Object.keys(arrays).sort()).toEqual(['labels', 'x']);
    expect(arrays.x.data).toEqual(parseNpy(x).data);
    expect(arrays.labels.data).toEqual(BigInt64Array.of(0n, 1n, 2n, 1n, 0n));
  });

  it('cuts batches off the first axis, the last one shorter, and keeps the limit', async () => {
    const dataset = npzDataset(zipSync({ 'x.npy': x, 'labels.npy': labels }));
    const batches = await collect(dataset({ batchSize: 2 }));
    expect(batches.map((batch) => batch.labels)).toEqual([[0, 1], [2, 1], [0]]);
    expect(batches.map((batch) => batch.inputs.x.dims)).toEqual([
      [2, 2],
      [2, 2],
      [1, 2],
    ]);
    expect(batches[1].inputs.x.data).toEqual(Float32Array.of(4, 5, 6, 7));
    expect((await collect(dataset({ limit: 3, batchSize: 2 }))).map((batch) => batch.labels)).toEqual([[0, 1], [2]]);
    expect((await collect(dataset({ limit: 99 })))[0].labels).toHaveLength(5);
    await expect(collect(dataset({ batchSize: 0 }))).rejects.toThrow(RangeError);
    await expect(collect(dataset({ limit: -1 }))).rejects.toThrow(RangeError);
  });

  it('hands scalars to every batch and needs no labels', async () => {
    const rate = npyBytes('<i8', [], BigInt64Array.of(16000n));
    const batches = await collect(npzDataset(zipSync({ 'x.npy': x, 'rate.npy': rate }))({ batchSize: 3 }));
    expect(batches.map((batch) => batch.inputs.rate.data)).toEqual([
      BigInt64Array.of(16000n),
      BigInt64Array.of(16000n),
    ]);
    expect(batches[0].labels).toBeUndefined();
  });

  it('marks bytes of images as pixels, and no others', async () => {
    const images = npyBytes('|u1', [2, 2, 2], new Uint8Array(8));
    const flags = npyBytes('|u1', [2, 2], new Uint8Array(4));
    const [batch] = await collect(npzDataset(zipSync({ 'images.npy': images, 'flags.npy': flags }))());
    expect(batch.inputs.images.scale).toBe(1 / 255);
    expect(batch.inputs.flags.scale).toBeUndefined();
  });

  it('splits a state along its second axis, where the first is that of its layers', async () => {
    const state = { data: Float32Array.from({ length: 2 * 5 * 3 }, (_, i) => i), dims: [2, 5, 3] };
    const rate = { data: BigInt64Array.of(16000n), dims: [] };
    const input = { data: new Float32Array(20), dims: [5, 4] };
    const batches = await collect(arrayDataset({ inputs: { state, input, rate } })({ batchSize: 2 }));
    expect(batches.map(({ inputs }) => [inputs.state.dims, inputs.input.dims])).toEqual([
      [
        [2, 2, 3],
        [2, 4],
      ],
      [
        [2, 2, 3],
        [2, 4],
      ],
      [
        [2, 1, 3],
        [1, 4],
      ],
    ]);
    expect([...batches[1].inputs.state.data]).toEqual([6, 7, 8, 9, 10, 11, 21, 22, 23, 24, 25, 26]);
    expect([...batches[2].inputs.state.data]).toEqual([12, 13, 14, 27, 28, 29]);
    expect(batches[2].inputs.rate).toBe(rate);
  });

  it.each([
    [
      'arrays of different length',
      { 'x.npy': x, 'y.npy': npyBytes('<f4', [4], new Float32Array(4)) },
      /expected 5 samples in 'y'/,
    ],
    [
      'too few labels',
      { 'x.npy': x, 'labels.npy': npyBytes('|u1', [4], new Uint8Array(4)) },
      /expected 5 samples in 'labels'/,
    ],
    ['one-hot labels', { 'x.npy': x, 'labels.npy': npyBytes('|u1', [5, 3], new Uint8Array(15)) }, /argmax\(axis=1\)/],
    [
      'labels between classes',
      { 'x.npy': x, 'labels.npy': npyBytes('<f4', [5], Float32Array.of(1, 2, 0.5, 0, 0)) },
      /got 0.5 \(sample 2;/,
    ],
    ['no arrays', { 'note.txt': x }, /found none/],
    ['a broken array', { 'x.npy': x.subarray(0, 140) }, /f\.npz\/x\.npy: expected 40 bytes/],
  ])('refuses %s', (_, files, message) => {
    const error = thrown(() => npzDataset(zipSync(files as Record<string, Uint8Array>), { file: 'f.npz' }));
    expect(error).toMatchObject({ code: 'DATASET', message: expect.stringMatching(message) });
  });

  it('refuses every truncation', () => {
    for (const level of [0, 6] as const) {
      const file = zipSync({ 'x.npy': x, 'labels.npy': labels }, { level });
      for (let length = 0; length < file.length; length++) {
        expect(thrown(() => parseNpz(file.subarray(0, length)))).toMatchObject({ code: 'DATASET' });
      }
    }
  });

  it('reads or refuses, but survives, any flipped byte', () => {
    const file = zipSync({ 'x.npy': x, 'labels.npy': labels }, { level: 6 });
    for (let at = 0; at < file.length; at++) {
      const bad = file.slice();
      bad[at] ^= 0xff;
      const result = thrown(() => npzDataset(bad));
      if (typeof result !== 'function') expect(result).toMatchObject({ name: 'FxqError', code: 'DATASET' });
    }
  });

  /** Three arrays, their directory as a view, and where each of its entries stands. */
  const archive = (level: 0 | 6) => {
    const file = zipSync({ 'a.npy': x, 'b.npy': x, 'c.npy': labels }, { level });
    const view = new DataView(file.buffer, file.byteOffset, file.length);
    const entries: number[] = [];
    for (let at = 0; at + 4 <= file.length; at++) if (view.getUint32(at, true) === 0x02014b50) entries.push(at);
    return { file, view, entries, end: file.length - 22 };
  };
  const [SIZE, ORIGINAL, PLACE] = [20, 24, 42];
  type Archive = ReturnType<typeof archive>;
  const move = ({ view, entries }: Archive, field: number, to: number, by: (value: number) => number) =>
    view.setUint32(entries[to] + field, by(view.getUint32(entries[to] + field, true)), true);

  it.each<[string, (archive: Archive) => unknown, RegExp]>([
    [
      'all at one place',
      (zip) => [1, 2].map((i) => move(zip, PLACE, i, () => zip.view.getUint32(zip.entries[0] + PLACE, true))),
      /bytes of its own/,
    ],
    ['two at one place', (zip) => move(zip, PLACE, 1, () => 0), /entry '[ab]\.npy': expected bytes of its own/],
    [
      'that reach into the next one',
      (zip) => move(zip, SIZE, 0, (size) => size + 1),
      /'b\.npy': expected bytes of its own/,
    ],
    [
      'that hold the next one',
      (zip) => move(zip, SIZE, 0, (size) => size + 120),
      /'b\.npy': expected bytes of its own/,
    ],
    ['that reach into the directory', (zip) => move(zip, SIZE, 2, (size) => size + 4), /bytes before the directory/],
    ['that are nowhere', (zip) => move(zip, PLACE, 1, () => 0xfffffff0), /an entry at byte 4294967280/],
    ['that begin elsewhere', (zip) => move(zip, PLACE, 1, (place) => place + 2), /an entry at byte/],
    ['of another length', (zip) => move(zip, ORIGINAL, 0, (size) => size - 8), /'a\.npy': expected/],
    ['that are encrypted', (zip) => zip.view.setUint16(zip.entries[1] + 8, 1, true), /'b\.npy': .*encrypted/],
    ['of another checksum', (zip) => zip.view.setUint32(zip.entries[1] + 16, 7, true), /'b\.npy': .*checksum/],
    ['more than there are', (zip) => zip.view.setUint16(zip.end + 10, 4, true), /expected 4 entries/],
    ['more than anybody has', (zip) => zip.view.setUint16(zip.end + 10, 65_000, true), /at most 4096 entries/],
    ['in a directory at no place', (zip) => zip.view.setUint32(zip.end + 16, 0xfffffffe, true), /byte 4294967294/],
  ])('refuses entries %s', (_, damage, message) => {
    for (const level of [0, 6] as const) {
      const zip = archive(level);
      expect(Object.keys(parseNpz(zip.file))).toEqual(['a', 'b', 'c']);
      damage(zip);
      const error = thrown(() => parseNpz(zip.file, 'f.npz'));
      expect(error).toMatchObject({ code: 'DATASET', file: 'f.npz', message: expect.stringMatching(message) });
    }
  });

  it('finds a byte of an array that is another', () => {
    const file = zipSync({ 'x.npy': x }, { level: 0 });
    file[30 + 'x.npy'.length + x.length - 3] ^= 1;
    expect(thrown(() => parseNpz(file))).toMatchObject({ message: expect.stringMatching(/checksum/) });
  });

  it('reads sizes and places of 64 bits', () => {
    const { file, view, entries, end } = archive(6);
    const [first] = entries;
    const sizes = [ORIGINAL, SIZE, PLACE].map((field) => view.getUint32(first + field, true));
    const extra = new Uint8Array(4 + 24);
    const fields = new DataView(extra.buffer);
    fields.setUint16(0, 1, true);
    fields.setUint16(2, 24, true);
    for (const [i, size] of sizes.entries()) fields.setBigUint64(4 + 8 * i, BigInt(size), true);
    for (const field of [ORIGINAL, SIZE, PLACE]) view.setUint32(first + field, 0xffffffff, true);
    view.setUint16(first + 30, extra.length, true);
    const behind = first + 46 + 'a.npy'.length;
    const far = new Uint8Array([...file.subarray(0, behind), ...extra, ...file.subarray(behind)]);
    const tail = new DataView(far.buffer, end + extra.length);
    tail.setUint32(12, view.getUint32(end + 12, true) + extra.length, true);
    expect(parseNpz(far).a.data).toEqual(parseNpy(x).data);
  });

  it('believes no claimed size that the packed bytes cannot hold', () => {
    const file = zipSync({ 'x.npy': x }, { level: 6 });
    const view = new DataView(file.buffer, file.byteOffset);
    const directory = file.findIndex((_, at) => view.getUint32(Math.min(at, file.length - 4), true) === 0x02014b50);
    view.setUint32(directory + 24, 0xfffffff0, true);
    expect(thrown(() => parseNpz(file))).toMatchObject({
      message: expect.stringMatching(/packed ones, got 4294967280/),
    });
  });
});
