import { InferenceSession } from 'onnxruntime-node';
import { beforeAll, describe, expect, it } from 'vitest';
import { fromHalf, toHalf } from '../../src/binary/half.js';
import { FxqError } from '../../src/errors.js';
import type { Model } from '../../src/model/model.js';
import { isPatchable } from '../../src/model/weights.js';
import { openOnnx } from '../../src/onnx/open.js';
import { INITIALISATIONS } from '../../src/quantize/kmeans/index.js';
import { type ClusterOptions, cluster, clusteringOf } from '../../src/stages/cluster.js';
import { prune } from '../../src/stages/prune.js';
import { matmul } from '../support/models/model.js';
import { generatedModel, generatedModels } from '../support/models.js';
import { bytesOf } from '../support/protobuf.js';
import { Random } from '../support/random.js';
import { memoryFiles } from '../support/sources.js';
import { raw } from '../support/tensors.js';
import {
  expectOnlyWindowsChange,
  isSame,
  LENET,
  LENET_WEIGHTS,
  layers,
  metadataOf,
  tensorNamed,
  weightsOf,
  written,
} from './support.js';

const run = async (model: Model, options: ClusterOptions = {}): Promise<Model> => cluster(options).run(model, {});
const NAMES = Object.keys(LENET_WEIGHTS);

/** The values of a layer that are not zero, each once, ascending. */
const codebookOf = (weights: Float32Array) =>
  [...new Set(weights)].filter((value) => value !== 0).sort((a, b) => a - b);

const distinct = (model: Model, name: string) => codebookOf(weightsOf(model, name)).length;

/** Noise over signal of one layer. */
function noiseOf(before: Float32Array, after: Float32Array): number {
  let noise = 0;
  let signal = 0;
  for (const [i, weight] of before.entries()) {
    noise += (weight - after[i]) ** 2;
    signal += weight ** 2;
  }
  return noise / signal;
}

describe('cluster', () => {
  let lenet: Model;
  let pruned: Model;
  beforeAll(async () => {
    lenet = openOnnx(LENET);
    pruned = await prune({ density: 0.1 }).run(lenet, {});
  });

  it.each([
    [{ clusters: 1 }, 1],
    [{ clusters: 17 }, 17],
    [{ clusters: 1023 }, 1023],
    [{ bits: 1 }, 2],
    [{ bits: 5 }, 32],
    [{ bits: 10 }, 1023],
  ])('%o leaves at most %d values besides zero', async (options, most) => {
    const clustered = await run(pruned, options);
    for (const name of NAMES) {
      const values = distinct(clustered, name);
      expect(values, name).toBeLessThanOrEqual(most);
      // Of a few equally spaced centroids most are put to use; of many, those in the sparse tails are not.
      if (most < 100 && name !== 'fc3.weight') expect(values, name).toBeGreaterThan(most * 0.6);
    }
  });

  it('keeps zeros exactly zero, and moves nothing else to zero', async () => {
    const clustered = await run(pruned, { bits: 4 });
    for (const name of NAMES) {
      const [before, after] = [weightsOf(pruned, name), weightsOf(clustered, name)];
      const wrong = before.findIndex((weight, i) => (weight === 0) !== Object.is(after[i], 0));
      expect(wrong, name).toBe(-1);
    }
  });

  it('makes minus zeros plain zeros', async () => {
    expect([...weightsOf(await run(layers([-0, 0, 1, 2, 4]), { clusters: 2 }), 'A')].slice(0, 2)).toEqual([0, 0]);
    expect([...weightsOf(await run(layers([-0, 1, -0]), { clusters: 9 }), 'A')]).toEqual([0, 1, 0]);
    expect([...weightsOf(await run(layers([-0, 0, -0]), { clusters: 9 }), 'A')]).toEqual([0, 0, 0]);
  });

  it('finds clusters that are plain to see', async () => {
    const model = layers([1, 9, 2, 0, 10, -4, -6]);
    const clustered = await run(model, { clusters: 3 });
    expect([...weightsOf(clustered, 'A')]).toEqual([1.5, 9.5, 1.5, 0, 9.5, -5, -5]);
  });

  it('rounds centroids to float16, and gives every weight the nearest of the rounded ones', async () => {
    for (const init of INITIALISATIONS) {
      const clustered = await run(pruned, { bits: 5, init });
      for (const name of NAMES) {
        const [before, after] = [weightsOf(pruned, name), weightsOf(clustered, name)];
        const codebook = codebookOf(after);
        for (const value of codebook) expect(fromHalf(toHalf(value))).toBe(value);
        const wrong = before.findIndex((weight, i) => {
          if (weight === 0) return false;
          const distance = Math.abs(after[i] - weight);
          return codebook.some((value) => Math.abs(value - weight) < distance);
        });
        expect(wrong, `${name} ${init}`).toBe(-1);
      }
    }
  });

  it('with native centroids ends where every centroid is the mean of its weights', async () => {
    for (const init of INITIALISATIONS) {
      const clustered = await run(pruned, { bits: 5, init, centroids: 'native' });
      for (const name of NAMES) {
        const [before, after] = [weightsOf(pruned, name), weightsOf(clustered, name)];
        const sums = new Map<number, { sum: number; count: number }>();
        for (const [i, value] of after.entries()) {
          const entry = sums.get(value) ?? { sum: 0, count: 0 };
          sums.set(value, { sum: entry.sum + before[i], count: entry.count + 1 });
        }
        sums.delete(0);
        for (const [value, { sum, count }] of sums) {
          expect(Math.abs(value - sum / count), `${name} ${init}`).toBeLessThanOrEqual(Math.abs(value) * 2 ** -23);
        }
      }
    }
  });

  it('leaves a layer as it is that has no more values than clusters', async () => {
    // Tenths are no float16 values: even so they stay.
    const model = layers([0.1, 0.2, 0, 0.3, 0.1, 0.2], [1e-30, 1e30, -1e-42]);
    const clustered = await run(model, { clusters: 3 });
    for (const name of ['A', 'B']) expect(weightsOf(clustered, name)).toEqual(weightsOf(model, name));
    expect(weightsOf(await run(model, { snr: 100 }), 'A')).toEqual(weightsOf(model, 'A'));
  });

  it('keeps centroids that float16 cannot hold: neither infinite nor zero', async () => {
    const model = layers([1e30, 1.1e30, 1e-30, 1.1e-30, -1e30, -1.2e30]);
    const values = [...weightsOf(await run(model, { clusters: 3 }), 'A')];
    expect(values[0]).toBeCloseTo(1.05e30, -24);
    expect(values[1]).toBe(values[0]);
    expect(values[4]).toBeCloseTo(-1.1e30, -24);
    expect(values[2]).toBeGreaterThan(0);
    expect(values[3]).toBe(values[2]);
  });

  it.each(INITIALISATIONS)('once more changes nothing but the record, started %s', async (init) => {
    for (const centroids of ['float16', 'native'] as const) {
      const once = await run(pruned, { bits: 5, init, centroids });
      const twice = await run(once, { bits: 5, init, centroids });
      for (const [i, tensor] of once.tensors.entries()) {
        expect(isSame(twice.tensors[i].payload.read(), tensor.payload.read()), tensor.name).toBe(true);
      }
      expect(twice.appendix.length).toBeGreaterThan(once.appendix.length);
    }
  });

  it('gives the same under the same seed, and something else under another', async () => {
    for (const init of ['random', 'kmeans++'] as const) {
      const files = await Promise.all(
        [0, 0, 1].map(async (seed) =>
          (await run(pruned, { bits: 4, init, seed })).tensors.map((each) => each.payload.read()),
        ),
      );
      const same = files[0].every((bytes, i) => isSame(bytes, files[1][i]));
      const other = files[0].every((bytes, i) => isSame(bytes, files[2][i]));
      expect([same, other], init).toEqual([true, false]);
    }
  });

  it('follows rules for single layers, one size in place of another', async () => {
    const clustered = await run(pruned, {
      bits: 3,
      rules: [
        { match: 'fc2*', options: { clusters: 20 } },
        { match: 'fc3*', options: { snr: 10, init: 'density' } },
      ],
    });
    expect(distinct(clustered, 'fc1.weight')).toBeLessThanOrEqual(8);
    expect(distinct(clustered, 'fc2.weight')).toBeGreaterThan(8);
    expect(distinct(clustered, 'fc2.weight')).toBeLessThanOrEqual(20);
    expect(distinct(clustered, 'fc3.weight')).toBeLessThan(20);
  });

  it('works on what is selected alone', async () => {
    const clustered = await run(lenet, { bits: 2, include: ['fc1.bias'] });
    expectOnlyWindowsChange(lenet, clustered, ({ name }) => name === 'fc1.bias');
    expect(distinct(clustered, 'fc1.bias')).toBeLessThanOrEqual(4);
  });

  describe('by a signal-to-noise ratio', () => {
    it.each([5, 10, 20, 30, 40])('of %d dB reaches it, with little to spare', async (snr) => {
      for (const model of [lenet, pruned]) {
        const clustered = await run(model, { snr });
        const noise = NAMES.map((name) => noiseOf(weightsOf(model, name), weightsOf(clustered, name)));
        const reached = -10 * Math.log10(noise.reduce((sum, each) => sum + each, 0) / noise.length);
        expect(reached).toBeGreaterThanOrEqual(snr);
        // One cluster more or less is a large step where there are only two.
        expect(reached).toBeLessThan(snr + (snr < 10 ? 6 : 3));
        // A layer's share of the noise grows with its size.
        const mean = (784 * 300 + 300 * 100 + 100 * 10) / 3;
        for (const [i, name] of NAMES.entries()) {
          const share = (LENET_WEIGHTS[name as keyof typeof LENET_WEIGHTS] / mean) * 10 ** (-snr / 10);
          expect(noise[i], name).toBeLessThanOrEqual(share);
        }
      }
    });

    it('is the default, of 40 dB', async () => {
      const [byDefault] = written(await run(pruned));
      expect(metadataOf(byDefault).at(-1)?.[1]).toBe('cluster');
      const stated = await run(pruned, { snr: 40 });
      for (const [i, tensor] of (await run(pruned)).tensors.entries()) {
        expect(isSame(stated.tensors[i].payload.read(), tensor.payload.read())).toBe(true);
      }
    });

    it('beyond what a codebook can give takes as many values as it holds', async () => {
      const clustered = await run(lenet, { snr: 100 });
      const values = distinct(clustered, 'fc1.weight');
      expect(values).toBeLessThanOrEqual(1023);
      expect(values).toBeGreaterThan(600);
    });

    it('takes more values for more decibels', async () => {
      const counts = await Promise.all(
        [10, 20, 30, 40].map(async (snr) => distinct(await run(pruned, { snr }), 'fc1.weight')),
      );
      expect(counts).toEqual([...counts].sort((a, b) => a - b));
      expect(new Set(counts).size).toBe(4);
    });
  });

  describe('other float types', () => {
    it.each(['float16', 'bfloat16'] as const)('%s: values of the type itself, zeros exact', async (dtype) => {
      const random = new Random(4);
      const sign = () => random.below(2) << 15;
      const base = dtype === 'float16' ? 0x2c00 : 0x3d80;
      const patterns = Uint16Array.from({ length: 3000 }, () =>
        random.below(3) ? sign() | (base + random.below(900)) : sign(),
      );
      const model = openOnnx(matmul(dtype, raw('W', dtype, [60, 50], bytesOf(patterns))).bytes);
      for (const centroids of ['float16', 'native'] as const) {
        const clustered = await run(model, { bits: 4, centroids });
        const bits = new Uint16Array(tensorNamed(clustered, 'W').payload.read().slice().buffer);
        expect(new Set(bits).size).toBeLessThanOrEqual(17);
        expect([...bits].findIndex((bit, i) => ((patterns[i] & 0x7fff) === 0) !== (bit === 0))).toBe(-1);
        expectOnlyWindowsChange(model, clustered, () => true);
        const [before, after] = [weightsOf(model, 'W'), weightsOf(clustered, 'W')];
        const codebook = codebookOf(after);
        const wrong = before.findIndex(
          (weight, i) =>
            weight !== 0 && codebook.some((value) => Math.abs(value - weight) < Math.abs(after[i] - weight)),
        );
        expect(wrong).toBe(-1);
      }
    });
  });

  describe('the files it makes', () => {
    it('have their length, and every byte outside the windows of weights, in every generated model', async () => {
      for (const { name, bytes, external } of generatedModels()) {
        if (name.startsWith('special values') || name.includes('NaN')) continue;
        // Its weights get places of their own first: test/onnx/halves.test.ts.
        if (name === 'int32_data of float16 bits') continue;
        const model = openOnnx(bytes, { external: memoryFiles(external) });
        const copy = bytes.slice();
        const clustered = await run(model, { clusters: 3 });
        const isLayer = (tensor: Model['tensors'][number]) => tensor.role === 'weight' && isPatchable(tensor);
        expectOnlyWindowsChange(model, clustered, isLayer);
        for (const tensor of clustered.tensors.filter(isLayer)) {
          expect(distinct(clustered, tensor.name), name).toBeLessThanOrEqual(3);
        }
        expect(isSame(bytes, copy), name).toBe(true);
        expect(clustered.appendix.length > 0).toBe(model.tensors.some(isLayer));
      }
    });

    it('carry numbered records that other readers find', async () => {
      const twice = await run(await run(pruned, { bits: 5 }), {
        clusters: 9,
        init: 'kmeans++',
        seed: 7,
        centroids: 'native',
      });
      expect(metadataOf(written(twice)[0]).slice(-3)).toEqual([
        ['fxq.1', 'prune density=0.1'],
        ['fxq.2', 'cluster bits=5'],
        ['fxq.3', 'cluster clusters=9 init=kmeans++ seed=7 centroids=native'],
      ]);
    });

    it('load in ONNX Runtime', async () => {
      for (const bytes of [LENET, generatedModel('Conv').bytes, generatedModel('clustered float16, 75 000').bytes]) {
        const [file] = written(await run(openOnnx(bytes), { bits: 4 }));
        const session = await InferenceSession.create(file, { logSeverityLevel: 4 });
        expect(session.outputNames.length).toBeGreaterThan(0);
        await session.release();
      }
    });

    it('are read tensor by tensor, in any order, as often as one likes', async () => {
      const clustered = await run(pruned, { bits: 4 });
      const forwards = clustered.tensors.map((tensor) => tensor.payload.read());
      const backwards = [...clustered.tensors].reverse().map((tensor) => tensor.payload.read());
      for (const [i, bytes] of backwards.reverse().entries()) expect(isSame(bytes, forwards[i])).toBe(true);
    });
  });

  describe('refuses', () => {
    it.each<[string, ClusterOptions]>([
      ['no bits', { bits: 0 }],
      ['too many bits', { bits: 11 }],
      ['half a bit', { bits: 4.5 }],
      ['no clusters', { clusters: 0 }],
      ['more clusters than a codebook holds', { clusters: 1024 }],
      ['clusters that are no number', { clusters: Number.NaN }],
      ['clusters in words', { clusters: '16' as unknown as number }],
      ['a ratio below 0', { snr: -1 }],
      ['a ratio above 100', { snr: 101 }],
      ['bits and clusters', { bits: 4, clusters: 16 }],
      ['clusters and a ratio', { clusters: 16, snr: 40 }],
      ['another start', { bits: 4, init: 'forgy' as 'random' }],
      ['a seed below 0', { seed: -1 }],
      ['half a seed', { seed: 0.5 }],
      ['another type of centroids', { centroids: 'float32' as 'native' }],
      ['a rule out of range', { rules: [{ match: '*', options: { bits: 12 } }] }],
      ['a rule with another start', { rules: [{ match: '*', options: { init: 'best' as 'random' } }] }],
      ['a rule with two sizes', { rules: [{ match: '*', options: { bits: 2, snr: 20 } }] }],
    ])('%s', (_, options) => {
      expect(() => cluster(options)).toThrow(RangeError);
      expect(() => cluster(options)).toThrow(/^cluster: /);
    });

    it('a bad selector, at once', () => {
      expect(() => cluster({ exclude: ['op:'] })).toThrow(FxqError);
    });

    it.each(['float32', 'float16', 'bfloat16'])('weights of %s that are not finite, by name', async (dtype) => {
      const { bytes } = generatedModel(`special values of ${dtype}`);
      const model = await run(openOnnx(bytes));
      expect(() => tensorNamed(model, 'W').payload.read()).toThrow(
        expect.objectContaining({ code: 'WEIGHTS', tensor: 'W' }),
      );
      const left = await run(openOnnx(bytes), { exclude: ['W'] });
      expect(written(left)[0]).toEqual(bytes);
    });
  });
});

describe('cluster on a grid', () => {
  const random = new Random(11);
  const bell = () => Float32Array.from({ length: 3000 }, () => random.float() + random.float() + random.float() - 1.5);
  const stepOf = (weights: Float32Array) => Math.min(...[...weights].filter((value) => value !== 0).map(Math.abs));

  it('rounds layers that are sized by noise to multiples of a step, and clusters the others', async () => {
    const model = layers(bell(), bell());
    const options: ClusterOptions = { values: 'grid', rules: [{ match: 'B', options: { clusters: 5 } }] };
    const clustered = await run(model, options);
    const [a, b] = [weightsOf(clustered, 'A'), weightsOf(clustered, 'B')];
    expect(a.every((value) => Math.fround(Math.round(value / stepOf(a)) * stepOf(a)) === value)).toBe(true);
    const snr = -10 * Math.log10(noiseOf(weightsOf(model, 'A'), a));
    expect(snr).toBeGreaterThanOrEqual(40);
    expect(snr).toBeLessThan(40.1);
    expect(codebookOf(b)).toHaveLength(5);
    expect(metadataOf(written(clustered)[0])).toEqual([['fxq.1', expect.stringContaining('values=grid')]]);
  });

  it('leaves a layer alone that has few values, or that nobody has learned', async () => {
    const few = Float32Array.from({ length: 3000 }, (_, i) => Math.sqrt(1 + (i % 40)));
    const wave = Float32Array.from({ length: 64 * 128 }, (_, i) => Math.cos((Math.PI * (i >> 7) * (i & 127)) / 64));
    const waves = openOnnx(matmul('waves', raw('W', 'float32', [64, 128], bytesOf(wave))).bytes);
    expect(weightsOf(await run(layers(few), { values: 'grid' }), 'A')).toEqual(few);
    // Off by less than a millionth: what is written is what they are computed from.
    const kept = weightsOf(await run(waves, { values: 'grid' }), 'W');
    expect(Math.max(...kept.map((weight, i) => Math.abs(weight - wave[i])))).toBeLessThan(1e-6);
    const bump = Float32Array.from({ length: 64 * 40 }, (_, i) =>
      Math.max(0, 1 - Math.abs((i % 64) - 1.5 * (i >> 6)) / 4),
    );
    const bumps = openOnnx(matmul('bumps', raw('W', 'float32', [40, 64], bytesOf(bump))).bytes);
    expect(weightsOf(await run(bumps, { values: 'grid' }), 'W')).toEqual(bump);
  });

  it('is how compress clusters, unless something is said of means', () => {
    expect(clusteringOf({}).values).toBe('grid');
    expect(clusteringOf({ snr: 30 }).values).toBe('grid');
    expect(clusteringOf({ init: 'density' }).values).toBe('means');
    expect(clusteringOf({ values: 'means' }).values).toBe('means');
  });
});
