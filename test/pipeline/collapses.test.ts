import { describe, expect, it } from 'vitest';
import { decode } from '../../src/decode/index.js';
import { openOnnx } from '../../src/onnx/open.js';
import { compressWith } from '../../src/pipeline/compress.js';
import { runStages } from '../../src/pipeline/pipeline.js';
import { writeStaged } from '../../src/pipeline/threads.js';
import { type ClusterOptions, cluster } from '../../src/stages/cluster.js';
import { prune } from '../../src/stages/prune.js';
import { modelProto, node } from '../support/onnx-builder.js';
import { bytesOf } from '../support/protobuf.js';
import { Random } from '../support/random.js';
import { floats } from '../support/tensors.js';

const COUNT = 4096;
const normal = (seed: number) => {
  const random = new Random(seed);
  return Float32Array.from({ length: COUNT }, () => 0.05 * random.normal());
};
/** A long tail without a gap in it: each value a little further out than the one before. */
const tailed = (seed: number) => normal(seed).map((value, i) => (i < 60 ? 0.2 * 1.15 ** i : value));
/** Nearly all in one narrow peak, the others far and evenly spread. */
const peaked = (seed: number) => normal(seed).map((value, i) => (i % 4 ? 1 + 1e-5 * value : 20 * value));

async function warningsOf(layers: readonly Float32Array[], options: ClusterOptions, density?: number) {
  const model = openOnnx(
    modelProto({
      graph: {
        initializers: layers.map((values, i) => floats(`w${i}`, [64, 64], values).proto),
        nodes: layers.map((_, i) => node('MatMul', ['x', `w${i}`], [`y${i}`])),
      },
    }),
  );
  const stages = [...(density === undefined ? [] : [prune({ density })]), cluster(options)];
  const warnings: string[] = [];
  const onNote = (text: string) => warnings.push(text);
  await compressWith(model, stages, { context: { onNote } });
  const written: string[] = [];
  const run = await runStages(model, stages);
  for await (const _ of writeStaged(run, { onNote: (text) => written.push(text) }));
  expect(written).toEqual(warnings);
  return warnings;
}

describe('layers that clustering has collapsed', () => {
  it('are none in ordinary models', async () => {
    const random = new Random(9);
    const layers = [normal(1), normal(2), Float32Array.from({ length: COUNT }, () => random.float() - 0.5)];
    for (const options of [{}, { bits: 4 }, { bits: 6 }, { clusters: 20 }, { snr: 20 }]) {
      expect(await warningsOf(layers, options)).toEqual([]);
      // What pruning has left of an even spread is two ends with nothing between them, where a linear start is half in vain.
      expect(await warningsOf(layers.slice(0, 2), options, 0.2)).toEqual([]);
    }
  });

  it('are named where values are left unused', async () => {
    const [few] = await warningsOf([normal(1), tailed(2)], { bits: 6 });
    expect(few).toMatch(/^far fewer values are used than asked for.*: w1 \(\d+ of 64\)$/);
    expect(await warningsOf([tailed(2)], { bits: 6, init: 'density' })).toEqual([]);
  });

  it('are named where most weights have one value', async () => {
    for (const options of [{ snr: 20 }, { bits: 4 }, { clusters: 8, init: 'linear' }] as ClusterOptions[]) {
      const warnings = await warningsOf([normal(1), peaked(2)], options);
      expect(warnings.join()).toMatch(/^most weights of a layer have one value now.*: w1 \(7\d%\)$/);
    }
  });

  it('are named up to four, and counted beyond', async () => {
    const [few] = await warningsOf([2, 3, 4, 5, 6, 7].map(tailed), { clusters: 64 });
    expect(few).toMatch(/: w0 \(.*\), w1 .*, w3 \(\d+ of 64\) and 2 more$/);
  });

  it('are not those that came so', async () => {
    const random = new Random(3);
    const three = Float32Array.from({ length: COUNT }, () => Math.floor(3 * random.float()) + 1);
    const most = Float32Array.from({ length: COUNT }, () => (random.float() < 0.8 ? 1 : 2));
    for (const options of [{ bits: 6 }, { snr: 30 }, { clusters: 16 }]) {
      expect(await warningsOf([three, most], options)).toEqual([]);
    }
  });
});

describe('layers that nothing is gained from', () => {
  const random = new Random(77);
  /** A pruned layer in eight bits: 255 values, a third kept. */
  const shared = Float32Array.from({ length: COUNT }, () =>
    random.below(3) ? 0 : Math.fround((random.below(255) - 127.5) / 700),
  );
  const modelWith = (dims: number[], values: Float32Array) =>
    openOnnx(
      modelProto({
        graph: { initializers: [floats('w', dims, values).proto], nodes: [node('MatMul', ['x', 'w'], ['y'])] },
      }),
    );

  it('keep the values that they share already, unless told how many to have, and are told of', async () => {
    expect(await warningsOf([shared, normal(1)], {})).toEqual([
      'layers that share few values already keep them; --snr, --bits or --clusters gives them fewer: w0 (253)',
    ]);
    const model = modelWith([64, 64], shared);
    const lossless = (await compressWith(model, [])).container;
    const weights = async (options: ClusterOptions) => {
      const { container } = await compressWith(model, [cluster(options)]);
      const [tensor] = openOnnx(await decode(container)).tensors;
      return { size: container.length, isSame: Buffer.compare(tensor.payload.read(), bytesOf(shared)) === 0 };
    };
    const byDefault = await weights({});
    expect(byDefault.isSame).toBe(true);
    // The record of the stage is all that there is more.
    expect(byDefault.size).toBeLessThan(lossless.length + 60);
    expect((await weights({ bits: 5 })).isSame).toBe(false);
    expect((await weights({ snr: 20 })).isSame).toBe(false);
  });

  it('keep a basis that repeats itself, if that takes less than the values that it would share', async () => {
    const [rows, columns] = [64, 512];
    const basis = Float32Array.from(
      { length: rows * columns },
      (_, i) => Math.cos((2 * Math.PI * Math.floor(i / columns) * (i % columns)) / columns) * (1 + (i % 7) / 1e7),
    );
    const model = modelWith([rows, columns], basis);
    const { container } = await compressWith(model, []);
    const clustered = await compressWith(model, [cluster()]);
    expect(clustered.container.length).toBeLessThan(container.length + 60);
  });
});
