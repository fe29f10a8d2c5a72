import { describe, expect, it } from 'vitest';
import { inspectOnnx } from '../../src/inspect/inspect.js';
import { openOnnx } from '../../src/onnx/open.js';
import { compareModels } from '../../src/report/compare.js';
import { cluster } from '../../src/stages/cluster.js';
import { prune } from '../../src/stages/prune.js';
import { LENET, LENET_WEIGHTS, layers, weightsOf } from '../stages/support.js';
import { readBytes } from '../support/container.js';
import { packageModels } from '../support/packages.js';
import { compared } from './support.js';

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

describe('a comparison', () => {
  it('has the figures of inspect, parts that add up, and each layer from near by', async () => {
    const model = openOnnx(LENET);
    const stages = [prune({ density: 0.25 }), cluster({ bits: 3 })];
    const { comparison, compressed, report } = await compared(model, stages, { file: 'big.onnx' });
    expect(comparison.original).toEqual({ file: 'big.onnx', bytes: LENET.length });
    expect(comparison.compressed).toEqual({ file: 'small.fxq', bytes: report.bytes, kind: 'fxq' });
    expect(comparison.ratio).toBe(LENET.length / report.bytes);
    expect(comparison.tensors).toEqual(report.tensors);
    expect(sum(comparison.parts.map(({ bytes }) => bytes))).toBe(report.bytes);
    expect(comparison.parts.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['weights', 'indices', 'skeleton']),
    );
    expect(comparison.rows.map(({ label }) => label)).toEqual([...Object.keys(LENET_WEIGHTS), 'other tensors (3)']);
    expect(comparison.total.weights).toBe(sum(comparison.rows.map(({ weights }) => weights)));
    expect(comparison.stages).toEqual(['prune density=0.25', 'cluster bits=3']);
    expect(comparison.layers.map(({ name }) => name)).toEqual(['fc1.weight', 'fc2.weight', 'fc3.weight']);
    for (const { name, weights, zeros, centroids, densityMap, histogram } of comparison.layers) {
      const values = weightsOf(compressed, name);
      expect(zeros).toBe(values.filter((value) => value === 0).length);
      expect(sum((centroids ?? []).map((each) => each.weights)) + zeros).toBe(weights);
      expect(new Set(centroids?.map(({ value }) => value))).toEqual(new Set(values.filter((value) => value !== 0)));
      expect(sum(densityMap?.shares ?? []) / (densityMap?.shares.length ?? 0)).toBeCloseTo(0.25, 1);
      expect(sum(histogram.counts) + histogram.below + histogram.above).toBe(weights);
    }
    expect(comparison.otherLayers).toEqual([]);
  });

  it('of an ONNX file knows that it is none of a container', async () => {
    const model = openOnnx(LENET);
    const pruned = await prune({ density: 0.5 }).run(model, {});
    const comparison = await compareModels(model, pruned, inspectOnnx(pruned, { file: 'pruned.onnx' }));
    expect(comparison.compressed.kind).toBe('onnx');
    expect(sum(comparison.parts.map(({ bytes }) => bytes))).toBe(comparison.compressed.bytes);
    expect(comparison.layers.map(({ centroids }) => centroids)).toEqual([null, null, null]);
    expect(comparison.total.ratio).toEqual([null, null]);
  });

  it('shows the largest layers of many and names the others', async () => {
    const model = layers(
      ...Array.from({ length: 26 }, (_, i) => new Float32Array(40 + i).map((_, k) => Math.sin(k * i + k))),
    );
    const { comparison } = await compared(model, [cluster({ bits: 2 })]);
    expect(comparison.layers).toHaveLength(24);
    expect(comparison.layers[0].weights).toBe(65);
    expect(comparison.otherLayers).toEqual(['B', 'A']);
  });

  it('needs versions of one model', async () => {
    const model = layers([1, 2, 3, 4]);
    const others = [layers([1, 2, 3]), openOnnx(LENET)];
    for (const other of others) {
      const failed = compareModels(model, other, inspectOnnx(other));
      await expect(failed).rejects.toMatchObject({ code: 'MISMATCH' });
    }
    const aborted = compareModels(model, model, inspectOnnx(model), { signal: AbortSignal.abort() });
    await expect(aborted).rejects.toMatchObject({ code: 'ABORTED' });
  });

  it.each(packageModels().filter((path) => /silero_vad_v5|cls/.test(path)))('of %s', async (path) => {
    const model = openOnnx(readBytes(path));
    const { comparison } = await compared(model, [cluster()]);
    expect(comparison.layers.length).toBeGreaterThan(3);
    expect(sum(comparison.parts.map(({ bytes }) => bytes))).toBe(comparison.compressed.bytes);
  });
});
