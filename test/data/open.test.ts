import { gzipSync, strToU8, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { mnistDataset } from '../../src/data/mnist.js';
import { openDataset } from '../../src/data/open.js';
import { collect, idxBytes, memoryReader, npyBytes } from '../evaluate/support.js';

const images = idxBytes([3, 2, 2], [0, 51, 102, 255, 1, 2, 3, 4, 5, 6, 7, 8]);
const labels = idxBytes([3], [7, 0, 9]);
const others = idxBytes([3], [1, 1, 1]);

describe('openDataset on IDX files', () => {
  const found: [string, string, Record<string, Uint8Array>][] = [
    [
      'images, labels beside them',
      'a/t10k-images-idx3-ubyte',
      { 'a/t10k-images-idx3-ubyte': images, 'a/t10k-labels-idx1-ubyte': labels },
    ],
    ['dots instead of dashes', 'x-images.idx3-ubyte', { 'x-images.idx3-ubyte': images, 'x-labels.idx1-ubyte': labels }],
    [
      'both gzipped',
      'images-idx3-ubyte.gz',
      { 'images-idx3-ubyte.gz': gzipSync(images), 'labels-idx1-ubyte.gz': gzipSync(labels) },
    ],
    [
      'only the labels gzipped',
      'images-idx3-ubyte',
      { 'images-idx3-ubyte': images, 'labels-idx1-ubyte.gz': gzipSync(labels) },
    ],
    [
      'gzipped under a plain name',
      'images-idx3-ubyte',
      { 'images-idx3-ubyte': gzipSync(images), 'labels-idx1-ubyte': labels },
    ],
    ['a pair', 'one,two', { one: images, two: labels }],
    ['a pair with a comma in a name', 'a,b,two', { 'a,b': images, two: labels }],
    ['a folder', 'd', { 'd/t10k-images-idx3-ubyte': images, 'd/t10k-labels-idx1-ubyte': labels }],
    [
      'a folder with both sets',
      'd/',
      {
        'd/train-images-idx3-ubyte': others,
        'd/train-labels-idx1-ubyte': others,
        'd/t10k-images-idx3-ubyte.gz': gzipSync(images),
        'd/t10k-labels-idx1-ubyte.gz': gzipSync(labels),
      },
    ],
    [
      'a folder with the training set only',
      'd',
      { 'd/train-images-idx3-ubyte': images, 'd/train-labels-idx1-ubyte': labels },
    ],
  ];
  it.each(found)('reads %s', async (_, data, files) => {
    const [batch] = await collect((await openDataset(data, memoryReader(files)))());
    expect(batch.labels).toEqual([7, 0, 9]);
    expect(batch.inputs.images).toMatchObject({ dims: [3, 2, 2], scale: 1 / 255 });
    expect([...batch.inputs.images.data].slice(0, 4)).toEqual([0, 51, 102, 255]);
  });

  it('takes another scale, and images without labels', async () => {
    const dataset = await openDataset('images-idx3-ubyte', memoryReader({ 'images-idx3-ubyte': images }), { scale: 1 });
    const [batch] = await collect(dataset());
    expect(batch.inputs.images.scale).toBe(1);
    expect(batch.labels).toBeUndefined();
  });

  it('refuses a gzip file whose size or checksum is another', async () => {
    for (const at of [-1, -2, -4, -5, -8]) {
      const packed = gzipSync(images);
      packed[packed.length + at] ^= 1;
      const reader = memoryReader({ 'images-idx3-ubyte.gz': packed });
      await expect(openDataset('images-idx3-ubyte.gz', reader)).rejects.toMatchObject({ code: 'DATASET' });
    }
  });

  it('refuses pairs of different length and every truncated gzip', async () => {
    expect(() => mnistDataset({ images, labels: idxBytes([2], [1, 2]) })).toThrow(/expected 3 samples in 'labels'/);
    const packed = gzipSync(images);
    for (let length = 2; length < packed.length; length++) {
      const run = () => mnistDataset({ images: packed.subarray(0, length) });
      expect(run).toThrow(expect.objectContaining({ code: 'DATASET' }));
    }
  });

  it('believes no gzip claim that the bytes cannot hold', () => {
    const packed = gzipSync(images);
    new DataView(packed.buffer, packed.byteOffset).setUint32(packed.length - 4, 0xffffffff, true);
    expect(() => mnistDataset({ images: packed })).toThrow(/claim of 4294967295 bytes/);
  });
});

describe('openDataset on other things', () => {
  it('reads archives and single arrays by content', async () => {
    const npy = npyBytes('<f4', [2, 2], Float32Array.of(1, 2, 3, 4));
    const reader = memoryReader({
      'a.npz': zipSync({ 'x.npy': npy }),
      'b.bin': zipSync({ 'x.npy': npy }),
      'c.npy': npy,
    });
    for (const name of ['a.npz', 'b.bin']) {
      expect((await collect((await openDataset(name, reader))()))[0].inputs.x.dims).toEqual([2, 2]);
    }
    expect((await collect((await openDataset('c.npy', reader))()))[0].inputs.input.dims).toEqual([2, 2]);
  });

  it.each([
    ['nothing there', 'none.npz', {}, /none\.npz: expected .*found nothing/],
    ['a pair of which one is missing', 'one,two', { one: images }, /^two: expected/],
    ['an empty file', 'e', { e: new Uint8Array(0) }, /got something else/],
    ['a text file', 't', { t: strToU8('1,2,3') }, /got something else/],
    ['an archive that is none', 'a.npz', { 'a.npz': strToU8('<html>') }, /damaged zip/],
    ['a folder without images', 'd', { 'd/readme': images }, /d: expected images, or folders of them, .* found none/],
  ])('refuses %s', async (_, data, files, message) => {
    const opened = openDataset(data, memoryReader(files as Record<string, Uint8Array>));
    await expect(opened).rejects.toMatchObject({ code: 'DATASET', message: expect.stringMatching(message) });
  });
});

describe('openDataset on modules', () => {
  const open = (module: unknown, path = 'm.mjs') => openDataset(path, memoryReader({}, { [path]: module }));
  const input = { data: Float32Array.of(1, 2), dims: [1, 2] };

  it.each(['m.js', 'm.mjs', 'm.cjs', 'm.ts'])(
    'takes the default export of %s and hands it the options',
    async (path) => {
      let seen: unknown;
      async function* create(options: unknown) {
        seen = options;
        yield { inputs: { x: input }, labels: BigInt64Array.of(3n) };
        yield { inputs: { x: { data: [1, 2], dims: [2] } } };
      }
      const batches = await collect((await open({ default: create }, path))({ limit: 5, batchSize: 2 }));
      expect(seen).toEqual({ limit: 5, batchSize: 2 });
      expect(batches).toEqual([
        { inputs: { x: input }, labels: [3] },
        { inputs: { x: { data: Float64Array.of(1, 2), dims: [2] } } },
      ]);
    },
  );

  it('takes a promise of a plain iterable, and a default one level down', async () => {
    const module = { default: { default: async () => [{ inputs: { x: input } }] } };
    expect(await collect((await open(module))())).toHaveLength(1);
  });

  it.each([
    ['no default export', {}, /function as default export, got none/],
    ['a default export that is no function', { default: 3 }, /got number/],
  ])('refuses %s', async (_, module, message) => {
    await expect(open(module)).rejects.toMatchObject({ code: 'DATASET', message: expect.stringMatching(message) });
  });

  it.each([
    ['no iterable', 3, /to return an async iterable, got number/],
    ['no batch', [undefined], /batch 0: expected \{ inputs/],
    ['no data', [{ inputs: { x: { dims: [1] } } }], /input 'x': expected data as a typed array/],
    ['no dims', [{ inputs: { x: { data: [1] } } }], /expected dims as a list/],
    ['negative dims', [{ inputs: { x: { data: [1], dims: [-1, -1] } } }], /expected dims as a list/],
    ['dims for other data', [{ inputs: { x: { data: [1], dims: [2] } } }], /expected 2 values for \[2\], got 1/],
    ['labels that are a number', [{ inputs: { x: input }, labels: 3 }], /labels as a list, got 3/],
    ['labels that are words', [{ inputs: { x: input }, labels: ['cat'] }], /whole numbers from 0, got cat/],
  ])('refuses %s when it comes', async (_, result, message) => {
    const dataset = await open({ default: () => result });
    await expect(collect(dataset())).rejects.toMatchObject({
      code: 'DATASET',
      message: expect.stringMatching(message),
    });
  });

  it('wraps what the module throws, while loading and while reading', async () => {
    const failing = { ...memoryReader({}, { 'm.ts': {} }), importModule: () => Promise.reject(new Error('no types')) };
    await expect(openDataset('m.ts', failing)).rejects.toMatchObject({
      code: 'DATASET',
      message: expect.stringMatching(/no types; Node\.js runs TypeScript/),
    });
    const cause = new Error('disk on fire');
    const dataset = await open({
      default: function* () {
        yield { inputs: { x: input } };
        throw cause;
      },
    });
    await expect(collect(dataset())).rejects.toMatchObject({
      message: expect.stringMatching(/threw at batch 1: disk on fire/),
      cause,
    });
  });
});
