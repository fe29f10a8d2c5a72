import { describe, expect, it } from 'vitest';
import { concat } from '../../../src/binary/bytes.js';
import { writeContainer } from '../../../src/container/write/container.js';
import type { Model } from '../../../src/model/model.js';
import { openOnnx } from '../../../src/onnx/open.js';
import type { BudgetOptions } from '../../../src/search/allocation/options.js';
import { searchBudget } from '../../../src/search/allocation/search.js';
import type { BudgetPoint, BudgetTrial } from '../../../src/search/allocation/trials.js';
import { compress } from '../../../src/search/compress.js';
import { LENET_300, mnist, smallData, smallModel, valuesOf } from '../../tune/support.js';

const dataset = mnist('train', 384);
const bytesOf = async (model: Model) => concat(await writeContainer(model));

/** The small model's search, by default for a loss. */
function searchSmall(options: Partial<BudgetOptions> = {}) {
  return searchBudget(openOnnx(smallModel()), { dataset: smallData(), threads: 1, ...options });
}

describe('searchBudget', () => {
  it('keeps to a loss, tells all it tried, and makes what its settings say', async () => {
    const points: BudgetPoint[] = [];
    const shares: number[] = [];
    const found = await searchBudget(openOnnx(LENET_300), {
      dataset,
      maxLoss: 2,
      threads: 1,
      onPoint: (point) => points.push(point),
      onProgress: (share) => shares.push(share),
    });
    expect(found).toMatchObject({ isReached: true, skipped: [], points });
    expect(found.points.length).toBeGreaterThan(2);
    expect(found.chosen.loss).toBeLessThanOrEqual(2);
    expect(found.points).toContain(found.chosen);
    expect(found.chosen.bytes).toBeLessThan(LENET_300.length / 20);
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
    expect(shares.at(-1)).toBeLessThanOrEqual(1);
    const container = await bytesOf(found.model);
    expect(container).toHaveLength(found.chosen.bytes);
    const rules = (name: 'density' | 'clusters') =>
      found.layers
        .filter((layer) => layer[name] !== undefined)
        .map(({ match, [name]: value }) => ({ match, options: { [name]: value } }));
    const again = await compress(LENET_300, {
      prune: { rules: rules('density') },
      cluster: { rules: rules('clusters') },
    });
    expect(Buffer.compare(again.container, container)).toBe(0);
  });

  it.each([20_000, 120_000])('fills a size of %i bytes to within two hundredths', async (targetSize) => {
    const found = await searchBudget(openOnnx(LENET_300), { dataset, targetSize, threads: 1 });
    expect(found.isReached).toBe(true);
    expect(found.chosen.bytes).toBeLessThanOrEqual(targetSize);
    expect(found.chosen.bytes).toBeGreaterThan(0.98 * targetSize);
    const within = found.points.filter(({ bytes }) => bytes <= targetSize && bytes >= 0.98 * targetSize);
    expect(found.chosen.divergence).toBe(Math.min(...within.map(({ divergence }) => divergence)));
  });

  it('gives the same for the same seed, also where it goes on from one that was stopped', async () => {
    const trials: BudgetTrial[] = [];
    const whole = await searchSmall({ maxLoss: 5, onTrial: (trial) => trials.push(trial) });
    const again: BudgetTrial[] = [];
    const known = trials.slice(0, Math.floor(trials.length / 2));
    const rest = await searchSmall({ maxLoss: 5, known, onTrial: (trial) => again.push(trial) });
    expect([rest.points, rest.layers, again]).toEqual([whole.points, whole.layers, trials]);
    expect(Buffer.compare(await bytesOf(rest.model), await bytesOf(whole.model))).toBe(0);
  });

  it('takes what is known as it was told, and of another setting nothing', async () => {
    const marked = { divergence: 0.5, loss: 0, bytes: 1 };
    const all: BudgetTrial[] = [];
    const options = { cluster: { clusters: 8 }, prune: { density: 0.5 } };
    await searchSmall({ ...options, onTrial: (trial) => all.push(trial) });
    const told = all.map(({ point, ...trial }) => ({ ...trial, ...(point && { point: { ...point, ...marked } }) }));
    expect((await searchSmall({ ...options, known: told })).points[0]).toMatchObject(marked);
    const others = told.map((trial) => ({ ...trial, setting: 'another' }));
    expect((await searchSmall({ ...options, known: others })).points[0]).not.toMatchObject(marked);
  });

  it('takes the best so far once its time is over', async () => {
    const found = await searchSmall({ maxLoss: 5, time: 1e-6 });
    const { points, chosen, isReached, isLossless, layers, model } = found;
    // Of what there was time for nothing loses as little, and the model as it is loses nothing.
    expect([points.length, isReached, isLossless, layers]).toEqual([2, true, true, []]);
    expect(points[1]).toBe(chosen);
    expect(Buffer.compare(await bytesOf(model), await bytesOf(openOnnx(smallModel())))).toBe(0);
  });

  it('judges by agreement where there are no labels', async () => {
    const found = await searchSmall({ dataset: smallData(300, false), maxLoss: 3 });
    expect(found.isReached).toBe(true);
    // Agreement is a share of the inputs kept apart, and never above one.
    for (const { loss } of found.points) expect(loss).toBeGreaterThanOrEqual(0);
    expect(Math.max(...found.points.map(({ loss }) => loss))).toBeGreaterThan(3);
  });

  it('leaves alone what is fixed or not included', async () => {
    const found = await searchSmall({
      include: ['w*'],
      prune: { density: 0.5 },
      cluster: { rules: [{ match: 'w2', options: { bits: 3 } }] },
    });
    expect(found.layers).toEqual([
      { name: 'w1', match: 'w1', clusters: expect.any(Number) },
      { name: 'w2', match: 'w2' },
    ]);
    const { w1, w2, b1 } = valuesOf(found.model);
    const kept = (values: Float32Array) => values.filter((value) => value !== 0);
    expect([kept(w1).length, kept(w2).length]).toEqual([48, 32]);
    expect(new Set(kept(w2)).size).toBeLessThanOrEqual(8);
    expect(b1).toEqual(valuesOf(openOnnx(smallModel())).b1);
  });

  it('searches for densities alone where weights keep their values', async () => {
    const found = await searchSmall({ cluster: false, maxLoss: 10 });
    for (const layer of found.layers) expect(layer).not.toHaveProperty('clusters');
    const before = new Set(valuesOf(openOnnx(smallModel())).w1);
    expect([...valuesOf(found.model).w1].filter((value) => value !== 0 && !before.has(value))).toEqual([]);
  });

  it('tells where nothing reaches the goal, and gives the nearest', async () => {
    const small = await searchSmall({ targetSize: 100 });
    expect(small.isReached).toBe(false);
    expect(small.chosen.bytes).toBe(Math.min(...small.points.map(({ bytes }) => bytes)));
  });

  it('has nothing to choose in a model without weights to change', async () => {
    const found = await searchSmall({ include: ['nothing'], maxLoss: 1 });
    expect(found).toMatchObject({ layers: [], points: [{ loss: 0, divergence: 0 }], isReached: true });
  });

  it('stops when told to', async () => {
    const controller = new AbortController();
    const search = searchSmall({ signal: controller.signal, onProgress: () => controller.abort('enough') });
    await expect(search).rejects.toMatchObject({ code: 'ABORTED', cause: 'enough' });
  });

  it.each([
    [{ maxLoss: -1 }, 'budget: expected a maxLoss of at least 0, got -1'],
    [{ targetSize: 0 }, 'budget: expected a whole number of targetSize of at least 1'],
    [{ seed: 0.5 }, 'budget: expected a whole number of seed from 0 to'],
    [{ cluster: { snr: 30 } }, 'budget: expected no snr'],
  ])('refuses %j', async (options, message) => {
    await expect(searchSmall(options)).rejects.toThrow(new RegExp(`^${message}`));
  });

  it('refuses data without inputs, and data that does not fit', async () => {
    await expect(searchSmall({ dataset: async function* () {} })).rejects.toMatchObject({ code: 'DATASET' });
    await expect(searchSmall({ dataset })).rejects.toMatchObject({ code: 'DATASET' });
  });
});
