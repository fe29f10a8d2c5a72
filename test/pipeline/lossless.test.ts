import { describe, expect, it } from 'vitest';
import { MemorySections } from '../../src/container/write/sections.js';
import { decode } from '../../src/decode/index.js';
import type { Model } from '../../src/model/model.js';
import { openOnnx } from '../../src/onnx/open.js';
import { encode } from '../../src/pipeline/compress.js';
import { bytesOf, isUntouched, losslessWithin } from '../../src/pipeline/lossless.js';
import { compress } from '../../src/search/compress.js';
import { cluster } from '../../src/stages/cluster.js';
import { LENET, layers, written } from '../stages/support.js';
import { network } from '../support/models/model.js';
import { generatedModels } from '../support/models.js';
import { node } from '../support/onnx-builder.js';
import { Random } from '../support/random.js';
import { memoryFiles } from '../support/sources.js';
import { floats, raw } from '../support/tensors.js';

/** Without running the model. */
const plain = { synthetic: false } as const;

const fileOf = (model: Model) => written(model)[0];

/** Weights as they are after clustering with a byte a weight, a third of them left. */
function shared(seed: number, count: number): Float32Array {
  const values = new Random(seed).floats(255);
  return new Random(seed + 1)
    .floats(count)
    .map((value, i) => (i % 3 > 0 ? 0 : values[(Math.abs(value * 1e6) % 255) | 0]));
}

/** One product with a bank of filters, each a triangle about a place of its own. */
function filters(size: number): Uint8Array {
  const bank = Float32Array.from({ length: size * size }, (_, i) => {
    const [filter, bin] = [Math.floor(i / size), i % size];
    return Math.max(0, 1 - Math.abs(bin - filter ** 1.01) / (3 + filter / 16));
  });
  const nodes = [node('MatMul', ['X', 'W'], ['Y'])];
  return network('filters', ['batch', size], nodes, [], [floats('W', [size, size], bank)]).bytes;
}

function quantised(): Uint8Array {
  const codes = new Random(9).floats(1 << 14).map((value) => 30 * value);
  const tensors = [raw('W', 'int8', [128, 128], new Uint8Array(Int8Array.from(codes).buffer)), floats('scale', [1])];
  const nodes = [node('DequantizeLinear', ['W', 'scale'], ['V']), node('MatMul', ['X', 'V'], ['Y'])];
  return network('int8', ['batch', 128], nodes, [], tensors).bytes;
}

describe('a file that takes no more without loss is kept as it is', () => {
  const kept: [string, Uint8Array][] = [
    ['shares 255 values a layer', fileOf(layers(shared(1, 40_000), shared(3, 20_000)))],
    ['has bases alone', filters(128)],
    ['is tiny', fileOf(layers([0.5, -1, 2]))],
    ['is int8', quantised()],
  ];
  it.each(kept)('as it %s', async (_, file) => {
    const lossless = await encode(file);
    for (const options of [plain, {}]) {
      const { container, lossless: told } = await compress(file, options);
      expect(container).toEqual(lossless);
      expect(told).toEqual({ bytes: lossless.length, isKept: true });
    }
    expect(await decode(lossless)).toEqual(new Uint8Array(file));
  });

  it('by made inputs too, where all layers share values', async () => {
    const file = fileOf(await cluster({ clusters: 255 }).run(openOnnx(LENET)));
    const { container, lossless, synthetic } = await compress(file);
    expect(synthetic).toBeDefined();
    expect(lossless?.isKept).toBe(true);
    expect(await decode(container)).toEqual(file);
  });

  it('and no model that there is gets larger than that', async () => {
    const models = generatedModels().filter(({ bytes }) => bytes.length < 1 << 16);
    expect(models.length).toBeGreaterThan(50);
    for (const { name, bytes, external = {} } of models) {
      const options = { external: memoryFiles(external) };
      const compressed = await compress(bytes, { ...plain, ...options }).catch(({ code }) => code);
      // Weights that are not finite are refused.
      if (compressed === 'WEIGHTS') continue;
      expect(compressed.container.length, name).toBeLessThanOrEqual((await encode(bytes, options)).length);
    }
  });

  it('but not where other weights were asked for', async () => {
    const file = fileOf(layers(shared(1, 40_000)));
    const { container, lossless } = await compress(file, { cluster: { clusters: 255 } });
    expect(lossless).toBeUndefined();
    expect(container.length).toBeGreaterThan((await encode(file)).length);
  });

  it('and what it takes is told where that is not much more', async () => {
    const file = fileOf(layers(shared(1, 100_000), new Random(5).floats(2000)));
    const { container, lossless } = await compress(file, plain);
    expect(lossless).toEqual({ bytes: (await encode(file)).length, isKept: false });
    expect(container.length).toBeLessThan(lossless?.bytes ?? 0);
    expect((await compress(LENET, plain)).lossless).toBeUndefined();
  });
});

describe('losslessWithin', () => {
  it('codes no more than it may', async () => {
    const model = openOnnx(LENET);
    const sections = new MemorySections();
    expect(await losslessWithin(1000, model, sections, {})).toBeUndefined();
    expect(sections.size).toBeLessThanOrEqual(1000);
    const parts = await losslessWithin(LENET.length, model, new MemorySections(), {});
    expect(parts && bytesOf(parts)).toBe((await encode(LENET)).length);
    await expect(
      losslessWithin(1000, model, new MemorySections(), { signal: AbortSignal.abort() }),
    ).rejects.toMatchObject({ code: 'ABORTED' });
  });
});

describe('isUntouched', () => {
  it('tells a model that stages have changed', async () => {
    const model = openOnnx(LENET);
    expect(isUntouched({ ...model }, model)).toBe(true);
    expect(isUntouched(await cluster().run(model), model)).toBe(false);
  });
});
