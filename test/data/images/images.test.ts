import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, describe, expect, it } from 'vitest';
import { disk } from '../../../src/cli/disk.js';
import type { InputArray } from '../../../src/data/dataset.js';
import { loadImageDecoder } from '../../../src/data/images/decode.js';
import { openDataset } from '../../../src/data/open.js';
import type { OpenDatasetOptions } from '../../../src/data/open-options.js';
import { openOnnx } from '../../../src/onnx/open.js';
import { collect, FLOAT, linearModel, UINT8 } from '../../evaluate/support.js';

const root = mkdtempSync(join(tmpdir(), 'fxq-images-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Every pixel of its own colour: 10 a column, 40 a row in red, the same and 1 in green, and 2 in blue. */
const colourAt = (x: number, y: number) => [10 * x + 40 * y, 10 * x + 40 * y + 1, 10 * x + 40 * y + 2];

function pixels(width: number, height: number): Buffer {
  const all = Array.from({ length: width * height }, (_, i) => colourAt(i % width, Math.floor(i / width)));
  return Buffer.from(all.flat());
}

const image = (width: number, height: number) => sharp(pixels(width, height), { raw: { width, height, channels: 3 } });

let folders = 0;
async function folderOf(files: Record<string, Buffer | string>): Promise<string> {
  const folder = join(root, String(folders++));
  for (const [name, bytes] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), bytes);
  }
  return folder;
}

const modelOf = (sample: (number | string)[], type = FLOAT) => openOnnx(linearModel({ sample, type }));

async function only(folder: string, options: OpenDatasetOptions): Promise<InputArray> {
  const [{ inputs }] = await collect((await openDataset(folder, disk, options))());
  return inputs.x;
}

const plain = { mean: 0, std: 1 };

describe('pixels to numbers', async () => {
  const folder = await folderOf({ 'a.png': await image(4, 3).png().toBuffer() });

  it('without a change of size: channels first, or last, red or blue first', async () => {
    const plane = (channel: number) => [0, 1, 2].flatMap((y) => [0, 1, 2, 3].map((x) => colourAt(x, y)[channel]));
    const model = modelOf([3, 3, 4]);
    const rgb = await only(folder, { model, preprocessing: plain });
    expect(rgb).toMatchObject({ dims: [1, 3, 3, 4], scale: 1 / 255 });
    expect([...rgb.data]).toEqual([...plane(0), ...plane(1), ...plane(2)]);
    const bgr = await only(folder, { model, preprocessing: { ...plain, channels: 'bgr' } });
    expect([...bgr.data]).toEqual([...plane(2), ...plane(1), ...plane(0)]);
    const last = modelOf([2, 4, 3]);
    const low = await folderOf({ 'a.png': await image(4, 2).png().toBuffer() });
    expect([...(await only(low, { model: last, preprocessing: plain })).data]).toEqual([...pixels(4, 2)]);
    const reversed = await only(low, { model: last, preprocessing: { ...plain, channels: 'bgr' } });
    expect([...reversed.data].slice(0, 6)).toEqual([2, 1, 0, 12, 11, 10]);
  });

  it('resized to the shorter edge, cropped and normalised, as by hand', async () => {
    const wide = await folderOf({ 'a.png': await image(6, 2).png().toBuffer() });
    const preprocessing = { resize: 1, filter: 'box', crop: 1, scale: 0.5, mean: [1, 2, 3], std: [4, 5, 10] };
    const { data, dims } = await only(wide, { model: modelOf([3, 1, 1]), preprocessing });
    // 3 × 1 after resizing, each the mean of four pixels, of which the middle stays.
    const means = [0, 1, 2].map((channel) => (10 * 2 + 10 * 3 + 10 * 2 + 10 * 3) / 4 + 20 + channel);
    expect(dims).toEqual([1, 3, 1, 1]);
    expect(data).toEqual(Float32Array.from(means, (mean, i) => (mean * 0.5 - [1, 2, 3][i]) / [4, 5, 10][i]));
  });

  it('cropped beyond the edges: black around, an odd margin smaller in front', async () => {
    const preprocessing = { ...plain, channels: 'grey', crop: { width: 3, height: 4 } };
    const { data } = await only(folder, { model: modelOf([1, 4, 3]), preprocessing });
    const luma = (x: number, y: number) => {
      const [red, green, blue] = colourAt(x, y);
      return Math.round(0.299 * red + 0.587 * green + 0.114 * blue);
    };
    const rows = [-1, 0, 1, 2].map((y) => (y < 0 ? [0, 0, 0] : [0, 1, 2].map((x) => luma(x, y))));
    expect([...data]).toEqual(rows.flat());
  });

  it('for models of grey images, of flat ones, and of bytes', async () => {
    const grey = await folderOf({
      'a.png': await sharp(Buffer.from([9, 8, 7, 6]), raw1(2))
        .png()
        .toBuffer(),
    });
    for (const sample of [[1, 2, 2], [2, 2, 1], [2, 2], [4]]) {
      const { data, scale } = await only(grey, { model: modelOf(sample) });
      expect([[...data], scale]).toEqual([[9, 8, 7, 6], 1 / 255]);
    }
    const bytes = await only(grey, { model: modelOf([3, 2, 2], UINT8) });
    expect([[...bytes.data], bytes.scale]).toEqual([[9, 8, 7, 6, 9, 8, 7, 6, 9, 8, 7, 6], 1]);
  });

  it('with what is assumed: ImageNet’s mean and deviation, and a plain factor in their place', async () => {
    const notes: string[] = [];
    const one = await folderOf({ 'a.png': await image(1, 1).png().toBuffer() });
    const options = { model: modelOf([3, 1, 1]), onNote: (text: string) => notes.push(text) };
    const { data } = await only(one, options);
    const expected = [0, 1, 2].map((v) => (v / 255 - [0.485, 0.456, 0.406][v]) / [0.229, 0.224, 0.225][v]);
    expect(data).toEqual(Float32Array.from(expected));
    expect(notes.join('\n')).toMatch(
      /1 image, without labels\n.*shorter edge 1 .*mean 0\.485.*std 0\.229.*\n.*assumed/,
    );
    expect(await only(one, { ...options, scale: 2 })).toMatchObject({ data: Uint8Array.of(0, 1, 2), scale: 2 });
  });

  it('assumes 256 and 224 for ImageNet’s size, and squeezes into other shapes', async () => {
    const notes: string[] = [];
    const onNote = (text: string) => notes.push(text);
    await openDataset(folder, disk, { model: modelOf([3, 224, 224]), onNote });
    await openDataset(folder, disk, { model: modelOf([3, 'h', 'w']), onNote });
    await openDataset(folder, disk, { model: modelOf([3, 48, 320]), onNote });
    const sizes = notes.flatMap((note) => /^ {2}(.*), RGB/.exec(note)?.[1] ?? []);
    const imagenet = 'shorter edge 256 (bilinear), centre 224×224';
    expect(sizes).toEqual([imagenet, imagenet, '320×48 (bilinear)']);
  });
});

const raw1 = (width: number) => ({ raw: { width, height: width, channels: 1 as const } });

describe('descriptions', async () => {
  const config = JSON.stringify({
    do_resize: true,
    size: { height: 1, width: 1 },
    do_rescale: false,
    do_normalize: false,
  });
  const folder = await folderOf({
    'in/a.png': await image(4, 4).png().toBuffer(),
    'model/preprocessor_config.json': config,
  });
  const images = join(folder, 'in');
  const beside = [join(folder, 'model')];
  const model = modelOf([3, 1, 1]);

  it('are found beside the model, and in the folder before that', async () => {
    const notes: string[] = [];
    const onNote = (text: string) => notes.push(text);
    expect(await only(images, { model, beside, onNote })).toMatchObject({ dims: [1, 3, 1, 1], scale: 1 });
    expect(notes[2]).toMatch(/as .*model\/preprocessor_config\.json says/);
    writeFileSync(join(images, 'preprocessor_config.json'), config.replace('"do_rescale":false', '"do_rescale":true'));
    expect(await only(images, { model, beside })).toMatchObject({ scale: 1 / 255 });
    expect(await only(images, { model, beside, preprocessing: { crop: 1, ...plain, scale: '1/2' } })).toMatchObject({
      scale: 0.5,
    });
    expect(await only(images, { model, preprocessing: JSON.parse(config) })).toMatchObject({ scale: 1 });
  });

  it.each([
    ['an unknown key', { sizes: 3 }, /expected one of resize, filter, .*, got sizes/],
    ['a size of nothing', { resize: 0 }, /resize: expected a length in pixels, or width and height, got 0/],
    ['half a size', { crop: { width: 3 } }, /crop: expected/],
    ['an unknown filter', { filter: 'best' }, /filter: expected one of nearest, box/],
    ['deviations of zero', { std: [1, 0, 1] }, /std: expected a number other than 0/],
    ['two means', { mean: [1, 2] }, /mean: expected/],
    ['a scale in words', { scale: 'half' }, /scale: expected a number, or a fraction/],
    ['another size than the model’s', { crop: 2 }, /what the model takes as 'x', \[N, 3, 1, 1\], NCHW, got 3 × 2 × 2/],
    ['other channels', { channels: 'grey' }, /got 1 × 1 × 1/],
  ])('are refused with %s', async (_, preprocessing, message) => {
    await expect(openDataset(images, disk, { model, preprocessing })).rejects.toMatchObject({
      code: 'CONFIG',
      message: expect.stringMatching(message),
    });
  });

  it('are refused for bytes that are to be scaled, damaged JSON and models without an image', async () => {
    const bytes = modelOf([3, 1, 1], UINT8);
    const options = { model: bytes, preprocessing: { crop: 1, scale: 0.5 } };
    await expect(openDataset(images, disk, options)).rejects.toThrow(/'x', which takes uint8, got some/);
    const broken = await folderOf({ 'a.png': '', 'preprocessor_config.json': '{' });
    await expect(openDataset(broken, disk, { model })).rejects.toThrow(/preprocessor_config\.json: expected JSON/);
    await expect(openDataset(images, disk, { model: modelOf([4, 5, 5]) })).rejects.toThrow(
      /got \[N, 4, 5, 5\] for 'x'/,
    );
    const other = { model: modelOf([3, 2, 2]), preprocessing: { layout: 'nhwc' } };
    await expect(openDataset(images, disk, other)).rejects.toThrow(/got 3 × 2 × 2 .*, NHWC; change its size/);
    await expect(openDataset(images, disk)).rejects.toThrow(TypeError);
  });
});

describe('files', () => {
  it('of every kind give the same pixels, upright, without transparency', async () => {
    const flat = sharp({ create: { width: 2, height: 2, channels: 3, background: { r: 200, g: 100, b: 50 } } });
    const kinds = { png: 0, webp: 3, gif: 3, tiff: 0, jpg: 3, avif: 4 } as const;
    for (const [kind, tolerance] of Object.entries(kinds)) {
      const bytes = await flat
        .clone()
        .toFormat(kind as 'png')
        .toBuffer();
      const folder = await folderOf({ [`a.${kind}`]: bytes });
      const { data } = await only(folder, { model: modelOf([2, 2, 3]), preprocessing: plain });
      for (const [i, value] of [...data].entries()) {
        expect(Math.abs(Number(value) - [200, 100, 50][i % 3]), kind).toBeLessThanOrEqual(tolerance);
      }
    }
    const turned = await image(4, 2).withMetadata({ orientation: 6 }).png().toBuffer();
    const clear = await sharp(Buffer.from([1, 2, 3, 0]), { raw: { width: 1, height: 1, channels: 4 } })
      .png()
      .toBuffer();
    const deep = await sharp(Uint16Array.of(0, 257, 65535), { raw: { width: 1, height: 1, channels: 3 } })
      .toColourspace('rgb16')
      .png()
      .toBuffer();
    const folder = await folderOf({ 'turned.png': turned });
    const { dims, data } = await only(folder, {
      model: modelOf(['h', 'w', 3]),
      preprocessing: { resize: { width: 2, height: 4 }, ...plain },
    });
    expect(dims).toEqual([1, 4, 2, 3]);
    expect([...data].filter((_, i) => i % 3 === 0).map(Number)).toEqual([40, 0, 50, 10, 60, 20, 70, 30]);
    const decode = await loadImageDecoder();
    expect([...(await decode(clear, 'c')).data]).toEqual([1, 2, 3]);
    expect([...(await decode(deep, 'd')).data]).toEqual([0, 1, 255]);
  });

  it('that are damaged are named, when their turn comes', async () => {
    const whole = await image(40, 40).jpeg().toBuffer();
    for (const bad of [Buffer.from('no image'), Buffer.alloc(0), whole.subarray(0, whole.length / 2)]) {
      const folder = await folderOf({ 'a.jpg': whole, 'b.jpg': bad, 'c.jpg': whole });
      const dataset = await openDataset(folder, disk, { model: modelOf([3, 8, 8]) });
      const seen: unknown[] = [];
      const run = async () => {
        for await (const batch of dataset({ batchSize: 1 })) seen.push(batch);
      };
      await expect(run()).rejects.toMatchObject({
        code: 'DATASET',
        message: expect.stringMatching(/b\.jpg: expected an image/),
      });
      expect(seen).toHaveLength(1);
    }
  });

  it('that come out in a shape that the model does not take are named', async () => {
    const square = await image(4, 4).png().toBuffer();
    const folder = await folderOf({ 'a.png': square, 'wide.png': await image(6, 4).png().toBuffer() });
    const dataset = await openDataset(folder, disk, { model: modelOf([3, 2, 2]), preprocessing: { resize: 2 } });
    await expect(collect(dataset())).rejects.toMatchObject({
      code: 'DATASET',
      message: expect.stringMatching(
        /wide\.png: expected what fits 'x', \[N, 3, 2, 2\], got \[1, 3, 2, 3\] after .*; crop it/,
      ),
    });
  });

  it('are read a few at a time, in order, and not again', async () => {
    const count = 20;
    const names = Array.from({ length: count }, (_, i) => `${String(i).padStart(2, '0')}.png`);
    const texts = Object.fromEntries(names.map((name) => [name, 'x']));
    const folder = await folderOf(texts);
    let now = 0;
    let most = 0;
    const read: string[] = [];
    const options = {
      model: modelOf([1, 1, 1]),
      async decodeImage(_: Uint8Array, file: string) {
        read.push(file);
        most = Math.max(most, ++now);
        const index = Number(file.slice(-6, -4));
        // The first ones take longest.
        await new Promise((done) => setTimeout(done, (count - index) % 7));
        now--;
        return { width: 1, height: 1, channels: 1, data: Uint8Array.of(index) };
      },
    };
    const dataset = await openDataset(folder, disk, options);
    expect(dataset.samples).toBe(count);
    const values = async (...args: Parameters<typeof dataset>) => {
      const batches = await collect(dataset(...args));
      return batches.map(({ inputs }) => [...inputs.x.data].map(Number));
    };
    expect(await values({ limit: 5, batchSize: 2 })).toEqual([[0, 1], [2, 3], [4]]);
    expect(read).toHaveLength(5);
    expect((await values({ batchSize: 6 })).flat()).toEqual(names.map((_, i) => i));
    expect(await values({ batchSize: 6, isWanted: (batch) => batch % 3 === 0 })).toEqual([
      [0, 1, 2, 3, 4, 5],
      [18, 19],
    ]);
    expect(read).toHaveLength(count);
    expect(most).toBe(4);
    // A reader that stops early leaves nothing behind.
    for await (const _ of dataset({ batchSize: 1 })) break;
  });

  it('of several sizes make batches of one size each', async () => {
    const sizes = [2, 2, 3, 2];
    const files = await Promise.all(
      sizes.map(async (size, i) => [`${i}.png`, await image(size, size).png().toBuffer()] as const),
    );
    const folder = await folderOf(Object.fromEntries(files));
    const preprocessing = { resize: 2, ...plain };
    const open = (given: object) =>
      openDataset(folder, disk, { model: modelOf(['c', 'h', 'w']), preprocessing: given });
    expect((await collect((await open(preprocessing))())).map(({ inputs }) => inputs.x.dims[0])).toEqual([4]);
    const wide = await image(4, 2).png().toBuffer();
    writeFileSync(join(folder, '1.png'), wide);
    const dataset = await open(preprocessing);
    expect(dataset.samples).toBeUndefined();
    expect((await collect(dataset())).map(({ inputs }) => inputs.x.dims)).toEqual([
      [1, 3, 2, 2],
      [1, 3, 2, 4],
      [2, 3, 2, 2],
    ]);
  });
});

describe('classes', async () => {
  const png = await image(2, 2).png().toBuffer();
  const folder = await folderOf({ 'cat/1.png': png, 'dog/1.png': png, 'dog/2.png': png });
  const model = openOnnx(linearModel({ sample: [3, 2, 2], classes: 3 }));

  it('come with the batches', async () => {
    const [first, second] = await collect((await openDataset(folder, disk, { model }))({ batchSize: 2 }));
    expect([first.labels, second.labels]).toEqual([[0, 1], [1]]);
  });

  it('that the model does not have are refused, a number of them that it does not have is warned of', async () => {
    const notes: string[] = [];
    await openDataset(folder, disk, { model, onNote: (text) => notes.push(text) });
    expect(notes.at(-1)).toMatch(/^warning: 2 classes numbered in order of their names, but the model has 3/);
    const names = join(await folderOf({ 'l.txt': 'a\nb\nc\ncat\ndog\n' }), 'l.txt');
    await expect(openDataset(folder, disk, { model, labels: [names] })).rejects.toThrow(
      /expected classes from 0 to 2, as many as the model has, got 3/,
    );
  });

  it('and descriptions are refused beside other data', async () => {
    const archive = join(await folderOf({ 'a.npz': 'x' }), 'a.npz');
    await expect(openDataset(archive, disk, { labels: ['l.txt'] })).rejects.toThrow(
      /expected a folder of images, since labels are given/,
    );
    await expect(openDataset(archive, disk, { preprocessing: {} })).rejects.toThrow(/since preprocessing is given/);
    await expect(openDataset(archive, disk, { dims: { n: 1 } })).rejects.toThrow(/expected the word random/);
    await expect(openDataset(join(folder, 'cat/1.png'), disk)).rejects.toThrow(/got one image; give its folder/);
  });
});

it('links that lead nowhere, and files beside the folders of classes, are no classes', async () => {
  const folder = await folderOf({ 'cat/a.png': await image(1, 1).png().toBuffer(), LICENSE: 'x' });
  symlinkSync(join(folder, 'gone'), join(folder, 'broken'));
  const [batch] = await collect((await openDataset(folder, disk, { model: modelOf([3, 1, 1]) }))());
  expect(batch.labels).toEqual([0]);
});

it('images that are not read are told of', async () => {
  const notes: string[] = [];
  const folder = await folderOf({
    'cat/a.png': await image(1, 1).png().toBuffer(),
    'cat/b.heic': 'x',
    'dog/c.BMP': 'y',
  });
  await openDataset(folder, disk, { model: modelOf([3, 1, 1]), onNote: (text) => notes.push(text) });
  expect(notes[3]).toBe('warning: 2 images passed over, such as cat/b.heic: files of this kind are not read');
});

describe('sharp', () => {
  const failing = (message: string, code: string) => () => Promise.reject(Object.assign(new Error(message), { code }));

  it('is named where it is not installed, or broken', async () => {
    const missing = failing("Cannot find package 'sharp' imported from /x/y.js", 'ERR_MODULE_NOT_FOUND');
    await expect(loadImageDecoder(missing)).rejects.toMatchObject({
      code: 'MISSING_PACKAGE',
      message: 'sharp: needed to read images, but not installed; install it with `npm install sharp`',
    });
    const broken = failing('Could not load the "sharp" module using the linux-x64 runtime\nPossible solutions:', 'X');
    await expect(loadImageDecoder(broken)).rejects.toMatchObject({
      code: 'MISSING_PACKAGE',
      message: expect.stringMatching(/^sharp: installed, but could not be loaded \(Could not load .* runtime\)/),
    });
  });
});
