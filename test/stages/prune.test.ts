import { InferenceSession } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { FxqError } from '../../src/errors.js';
import type { Model } from '../../src/model/model.js';
import { isPatchable } from '../../src/model/weights.js';
import { openOnnx } from '../../src/onnx/open.js';
import { type PruneOptions, prune } from '../../src/stages/prune.js';
import { matmul, matmulGraph } from '../support/models/model.js';
import { generatedModel, generatedModels } from '../support/models.js';
import { modelProto } from '../support/onnx-builder.js';
import { bytesOf } from '../support/protobuf.js';
import { Random } from '../support/random.js';
import { memoryFiles } from '../support/sources.js';
import { floats, raw } from '../support/tensors.js';
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

const run = async (model: Model, options: PruneOptions): Promise<Model> => prune(options).run(model, {});
const valuesOf = (model: Model, name: string) => [...weightsOf(model, name)];
const kept = (weights: Float32Array) => weights.filter((weight) => weight !== 0).length;

describe('prune to a density', () => {
  it.each([0, 0.013, 0.1, 0.5, 0.999, 1])('of %d, exactly, in every layer', async (density) => {
    const pruned = await run(openOnnx(LENET), { density });
    for (const [name, count] of Object.entries(LENET_WEIGHTS)) {
      expect(kept(weightsOf(pruned, name)), name).toBe(Math.round(density * count));
    }
  });

  it('keeps the largest magnitudes, as they are', async () => {
    const before = openOnnx(LENET);
    const after = await run(before, { density: 0.2 });
    for (const name of Object.keys(LENET_WEIGHTS)) {
      const [old, now] = [weightsOf(before, name), weightsOf(after, name)];
      let smallestKept = Infinity;
      let largestGone = 0;
      for (const [i, weight] of old.entries()) {
        if (now[i] !== 0 && now[i] !== weight) expect.fail(`${name} ${i}: ${weight} became ${now[i]}`);
        if (now[i] !== 0) smallestKept = Math.min(smallestKept, Math.abs(weight));
        else largestGone = Math.max(largestGone, Math.abs(weight));
      }
      expect(largestGone).toBeLessThanOrEqual(smallestKept);
    }
  });

  it('of all layers together: one threshold, whatever a layer loses', async () => {
    const pruned = await run(layers([1, -2, 3, 4], [10, -20, 30, 40]), { density: 0.5, scope: 'global' });
    expect(valuesOf(pruned, 'A')).toEqual([0, 0, 0, 0]);
    expect(valuesOf(pruned, 'B')).toEqual([10, -20, 30, 40]);
    const lenet = await run(openOnnx(LENET), { density: 0.1, scope: 'global' });
    const total = Object.keys(LENET_WEIGHTS).reduce((sum, name) => sum + kept(weightsOf(lenet, name)), 0);
    expect(total).toBe(26_620);
  });

  it('counts zeros that are there as pruned, and leaves them as they are', async () => {
    const model = layers([0, -0, 1, 2, 0, -3]);
    expect(valuesOf(await run(model, { density: 0.5 }), 'A')).toEqual([0, -0, 1, 2, 0, -3]);
    expect(valuesOf(await run(model, { density: 1 / 3 }), 'A')).toEqual([0, -0, 0, 2, 0, -3]);
    expect(valuesOf(await run(model, { density: 1 }), 'A')).toEqual([0, -0, 1, 2, 0, -3]);
  });

  it('breaks ties by position, within a layer and over all of them', async () => {
    expect(valuesOf(await run(layers([1, -1, 1, 5, -1]), { density: 0.6 }), 'A')).toEqual([1, -1, 0, 5, 0]);
    const model = layers([1, -1], [1, 5, 1]);
    for (const [density, a, b] of [
      [0.2, [0, 0], [0, 5, 0]],
      [0.4, [1, 0], [0, 5, 0]],
      [0.8, [1, -1], [1, 5, 0]],
      [1, [1, -1], [1, 5, 1]],
    ] as const) {
      const pruned = await run(model, { density, scope: 'global' });
      // Read the wrong way round, and twice: a layer's share of the ties is its own.
      expect(valuesOf(pruned, 'B')).toEqual(b);
      expect(valuesOf(pruned, 'A')).toEqual(a);
      expect(valuesOf(pruned, 'B')).toEqual(b);
    }
  });

  it('once more changes nothing', async () => {
    const once = await run(openOnnx(LENET), { density: 0.1 });
    const twice = await run(once, { density: 0.1 });
    for (const [i, tensor] of once.tensors.entries())
      expect(isSame(twice.tensors[i].payload.read(), tensor.payload.read())).toBe(true);
  });
});

describe('prune below a threshold', () => {
  it('lets weights of exactly that magnitude stay', async () => {
    const model = layers([0.5, -0.5, 0.25, 1, -0.49], [0.1, 0.2]);
    const pruned = await run(model, { threshold: 0.5 });
    expect(valuesOf(pruned, 'A')).toEqual([0.5, -0.5, 0, 1, 0]);
    expect(valuesOf(pruned, 'B')).toEqual([0, 0]);
    expect(valuesOf(await run(model, { threshold: 0.5, scope: 'global' }), 'A')).toEqual([0.5, -0.5, 0, 1, 0]);
  });

  it('of nothing takes nothing', async () => {
    const model = layers([2 ** -149, 0, -1]);
    expect(valuesOf(await run(model, { threshold: 0 }), 'A')).toEqual([2 ** -149, 0, -1]);
  });
});

describe('prune by quality × deviation', () => {
  // Mean 5, deviation 2: the textbook's example.
  const textbook = [2, 4, 4, 4, 5, 5, 7, 9];

  it.each([
    [1, [2, 4, 4, 4, 5, 5, 7, 9]],
    [2, [0, 4, 4, 4, 5, 5, 7, 9]],
    [2.5, [0, 0, 0, 0, 5, 5, 7, 9]],
    [4, [0, 0, 0, 0, 0, 0, 0, 9]],
    [4.6, [0, 0, 0, 0, 0, 0, 0, 0]],
    [0, [2, 4, 4, 4, 5, 5, 7, 9]],
  ])('quality %d', async (quality, expected) => {
    expect(valuesOf(await run(layers(textbook), { quality }), 'A')).toEqual(expected);
  });

  it('has a deviation for each layer, or one for all', async () => {
    const model = layers(textbook.slice(0, 4), textbook.slice(4));
    // Each alone: deviations √0.75 and √2.75, thresholds 1.7 and 3.3. Together: 4.
    const each = await run(model, { quality: 2 });
    expect([valuesOf(each, 'A'), valuesOf(each, 'B')]).toEqual([textbook.slice(0, 4), textbook.slice(4)]);
    const all = await run(model, { quality: 2, scope: 'global' });
    expect([valuesOf(all, 'A'), valuesOf(all, 'B')]).toEqual([
      [0, 4, 4, 4],
      [5, 5, 7, 9],
    ]);
  });

  it('agrees with a deviation in two passes on a trained layer', async () => {
    const before = openOnnx(LENET);
    const after = await run(before, { quality: 1.25 });
    for (const name of Object.keys(LENET_WEIGHTS)) {
      const weights = weightsOf(before, name);
      const mean = weights.reduce((sum, weight) => sum + weight, 0) / weights.length;
      const variance = weights.reduce((sum, weight) => sum + (weight - mean) ** 2, 0) / weights.length;
      const threshold = 1.25 * Math.sqrt(variance);
      expect(weightsOf(after, name)).toEqual(weights.map((weight) => (Math.abs(weight) < threshold ? 0 : weight)));
    }
  });
});

describe('what prune works on', () => {
  it('is weights: all other bytes stay, in every generated model', async () => {
    for (const { name, bytes, external } of generatedModels()) {
      if (name.startsWith('special values') || name.includes('NaN')) continue;
      // Its weights get places of their own first: test/onnx/halves.test.ts.
      if (name === 'int32_data of float16 bits') continue;
      const model = openOnnx(bytes, { external: memoryFiles(external) });
      const copy = bytes.slice();
      const pruned = await run(model, { density: 0.4 });
      const isLayer = (tensor: Model['tensors'][number]) => tensor.role === 'weight' && isPatchable(tensor);
      expectOnlyWindowsChange(model, pruned, isLayer);
      for (const tensor of pruned.tensors.filter(isLayer)) {
        expect(kept(weightsOf(pruned, tensor.name)), name).toBeLessThanOrEqual(Math.round(0.4 * tensor.count));
      }
      expect(isSame(bytes, copy), name).toBe(true);
      // A model without a layer is handed on as it is, without a record.
      expect(pruned.appendix.length > 0).toBe(model.tensors.some(isLayer));
      openOnnx(written(pruned)[0], { external: memoryFiles(external) });
    }
  });

  it('is what selectors say: a bias, if one names it', async () => {
    const model = openOnnx(LENET);
    const pruned = await run(model, { density: 0, include: ['fc1.bias', 'role:weight'], exclude: ['fc3*'] });
    expect(kept(weightsOf(pruned, 'fc1.bias'))).toBe(0);
    expect(kept(weightsOf(pruned, 'fc1.weight'))).toBe(0);
    expectOnlyWindowsChange(model, pruned, ({ name }) => /^fc1|^fc2.weight/.test(name));
  });

  it('follows rules for single layers', async () => {
    const model = openOnnx(LENET);
    const pruned = await run(model, {
      density: 0.1,
      rules: [
        { match: 'fc2*', options: { density: 0.5 } },
        { match: 'fc3*', options: { threshold: 1000 } },
      ],
    });
    expect(kept(weightsOf(pruned, 'fc1.weight'))).toBe(23_520);
    expect(kept(weightsOf(pruned, 'fc2.weight'))).toBe(15_000);
    expect(kept(weightsOf(pruned, 'fc3.weight'))).toBe(0);
  });

  it('leaves alone what no rule names where there is nothing but rules', async () => {
    const model = openOnnx(LENET);
    const pruned = await run(model, { rules: [{ match: 'fc2*', options: { density: 0 } }] });
    expectOnlyWindowsChange(model, pruned, ({ name }) => name === 'fc2.weight');
    expect(kept(weightsOf(pruned, 'fc2.weight'))).toBe(0);
  });

  it('refuses rules that contradict each other, by layer and rules', async () => {
    const stage = prune({
      density: 0.1,
      rules: [
        { match: 'fc*', options: { density: 0.5 } },
        { match: '*2.weight', options: { quality: 1 } },
      ],
    });
    expect(() => stage.run(openOnnx(LENET), {})).toThrow(
      expect.objectContaining({ code: 'CONFIG', tensor: 'fc2.weight' }),
    );
    expect(() => stage.run(openOnnx(LENET), {})).toThrow(/"fc\*" says density 0\.5.*"\*2\.weight" says quality 1/);
  });

  it('holds float16 and bfloat16 layers, too', async () => {
    const random = new Random(3);
    for (const dtype of ['float16', 'bfloat16'] as const) {
      // Patterns around ±0.1, no two magnitudes the same.
      const base = dtype === 'float16' ? 0x2c00 : 0x3dc0;
      const patterns = Uint16Array.from({ length: 500 }, (_, i) => (random.below(2) << 15) | (base + ((i * 7) % 500)));
      const model = openOnnx(matmul(dtype, raw('W', dtype, [20, 25], bytesOf(patterns))).bytes);
      const pruned = await run(model, { density: 0.3 });
      const bits = new Uint16Array(tensorNamed(pruned, 'W').payload.read().slice().buffer);
      expect([...bits]).toEqual([...patterns].map((bit) => ((bit & 0x7fff) >= base + 350 ? bit : 0)));
      expectOnlyWindowsChange(model, pruned, () => true);
    }
  });

  it('may come from a Node Buffer in the middle of a larger one', async () => {
    const around = Buffer.concat([Buffer.alloc(5, 1), LENET, Buffer.alloc(3, 1)]).subarray(5, -3);
    const [fromBuffer] = written(await run(openOnnx(around), { density: 0.1 }));
    const [plain] = written(await run(openOnnx(LENET), { density: 0.1 }));
    expect(isSame(fromBuffer, plain)).toBe(true);
  });
});

describe('what prune leaves in the file', () => {
  it('is its record, that other readers find', async () => {
    const once = await run(openOnnx(LENET), { density: 0.25 });
    const before = metadataOf(LENET);
    expect(metadataOf(written(once)[0])).toEqual([...before, ['fxq.1', 'prune density=0.25']]);
    const inMemory = await run(once, { quality: 0.5, scope: 'global' });
    const records = [...before, ['fxq.1', 'prune density=0.25'], ['fxq.2', 'prune quality=0.5 scope=global']];
    expect(metadataOf(written(inMemory)[0])).toEqual(records);
    // The same by way of a file in between.
    const onDisk = await run(openOnnx(written(once)[0]), { quality: 0.5, scope: 'global' });
    expect(isSame(written(onDisk)[0], written(inMemory)[0])).toBe(true);
  });

  it('stands beside the metadata of others', async () => {
    const metadata = { author: 'somebody', 'fxq.1': 'cluster bits=5', note: 'ü' };
    const graph = openOnnx(modelProto({ metadata, graph: matmulGraph(floats('W', [4, 3])) }));
    const pruned = await run(graph, { density: 0.5 });
    expect(metadataOf(written(pruned)[0])).toEqual([...Object.entries(metadata), ['fxq.2', 'prune density=0.5']]);
  });

  it('loads in ONNX Runtime', async () => {
    for (const bytes of [LENET, generatedModel('Conv').bytes, generatedModel('LSTM').bytes]) {
      const [file] = written(await run(openOnnx(bytes), { density: 0.3 }));
      const session = await InferenceSession.create(file, { logSeverityLevel: 4 });
      expect(session.outputNames.length).toBeGreaterThan(0);
      await session.release();
    }
  });
});

describe('prune refuses', () => {
  it.each<[string, PruneOptions]>([
    ['no target', {}],
    ['no target and an empty list of rules', { rules: [] }],
    ['a density below 0', { density: -0.1 }],
    ['a density above 1', { density: 1.1 }],
    ['a density that is no number', { density: Number.NaN }],
    ['a density in words', { density: '0.5' as unknown as number }],
    ['a threshold below 0', { threshold: -1 }],
    ['an infinite threshold', { threshold: Infinity }],
    ['a quality below 0', { quality: -0.5 }],
    ['two targets', { density: 0.5, threshold: 0.1 }],
    ['another scope', { density: 0.5, scope: 'model' as 'layer' }],
    ['a rule out of range', { density: 0.5, rules: [{ match: '*', options: { density: 2 } }] }],
    ['a rule with two targets', { rules: [{ match: '*', options: { density: 0.2, quality: 2 } }] }],
    ['rules with scope global', { density: 0.5, scope: 'global', rules: [{ match: '*', options: { density: 0.1 } }] }],
  ])('%s', (_, options) => {
    expect(() => prune(options)).toThrow(RangeError);
    expect(() => prune(options)).toThrow(/^prune: /);
  });

  it('a bad selector, at once', () => {
    expect(() => prune({ density: 0.5, include: [''] })).toThrow(FxqError);
  });

  it.each(['layer', 'global'] as const)('weights that are not finite, by name, scope %s', async (scope) => {
    const { bytes } = generatedModel('special values of float32');
    await expect(
      (async () =>
        (await run(openOnnx(bytes), { density: 0.5, scope })).tensors.map((tensor) => tensor.payload.read()))(),
    ).rejects.toMatchObject({ code: 'WEIGHTS', tensor: 'W' });
    // Left out, they are none of its business.
    const model = openOnnx(bytes);
    expect(written(await run(model, { density: 0.5, exclude: ['W'], scope }))[0]).toEqual(bytes);
  });

  it('to go on when the caller has stopped it', () => {
    const stage = prune({ density: 0.5, scope: 'global' });
    expect(() => stage.run(openOnnx(LENET), { signal: AbortSignal.abort() })).toThrow(
      expect.objectContaining({ code: 'ABORTED' }),
    );
  });
});
