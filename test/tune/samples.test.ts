import { describe, expect, it } from 'vitest';
import { arrayDataset, type Batch, type Dataset, type InputArray } from '../../src/data/dataset.js';
import { createRandom } from '../../src/random.js';
import { openTrainingData } from '../../src/tune/drawn.js';
import { loadSamples, type Samples } from '../../src/tune/samples.js';
import { smallData, smallModel, tuned } from './support.js';

const pixels = (count: number, from = 0): InputArray => ({
  data: Uint8Array.from({ length: count * 2 }, (_, i) => from + i),
  dims: [count, 2],
  scale: 0.5,
});
const datasetOf = (...batches: Batch[]): Dataset =>
  async function* () {
    yield* batches;
  };
const broken = (message: string) =>
  expect.objectContaining({ code: 'DATASET', message: expect.stringContaining(message) });

describe('samples', () => {
  it('are drawn in any order, over the borders of batches, in the type they came in', async () => {
    const samples = await loadSamples(
      datasetOf({ inputs: { x: pixels(3) }, labels: [7, 8, 9] }, { inputs: { x: pixels(2, 6) }, labels: [5, 6] }),
    );
    expect([samples.count, [...samples.labels!]]).toEqual([5, [7, 8, 9, 5, 6]]);
    expect(samples.batch([4, 0, 0, 2])).toEqual({
      inputs: { x: { data: Uint8Array.of(8, 9, 0, 1, 0, 1, 4, 5), dims: [4, 2], scale: 0.5 } },
      labels: [6, 7, 7, 9],
    });
    expect(samples.batch(new Uint32Array(0)).inputs.x.dims).toEqual([0, 2]);
  });

  it('have scalars beside them, which stay as they are', async () => {
    const rate = { data: BigInt64Array.of(16n), dims: [] };
    const samples = await loadSamples(arrayDataset({ inputs: { rate, x: pixels(5) } }));
    expect(samples.batch([3]).inputs).toEqual({ rate, x: { data: Uint8Array.of(6, 7), dims: [1, 2], scale: 0.5 } });
  });

  it('are copies', async () => {
    const data = Float32Array.of(1, 2);
    const samples = await loadSamples(datasetOf({ inputs: { x: { data, dims: [2] } } }));
    data.fill(0);
    (samples.batch([0]).inputs.x.data as Float32Array).fill(0);
    expect(samples.batch([0, 1]).inputs.x.data).toEqual(Float32Array.of(1, 2));
  });

  it('have labels if all of them have', async () => {
    const samples = await loadSamples(
      datasetOf({ inputs: { x: pixels(1) }, labels: [1] }, { inputs: { x: pixels(1) } }),
    );
    expect([samples.labels, samples.batch([1]).labels]).toEqual([undefined, undefined]);
  });

  it('are the first ones up to a limit, though the data set ignores it', async () => {
    let asked = 0;
    const endless: Dataset = async function* () {
      for (;;) {
        asked++;
        yield { inputs: { x: pixels(4) }, labels: [0, 1, 2, 3] };
      }
    };
    const samples = await loadSamples(endless, 10);
    expect([samples.count, asked]).toEqual([10, 3]);
  });

  it.each([
    ['no samples', [], 'expected at least one sample, got none'],
    ['empty batches', [{ inputs: { x: pixels(0) } }], 'expected at least one sample, got none'],
    ['scalars', [{ inputs: { x: { data: Float32Array.of(1), dims: [] } } }], 'got scalars only'],
    ['no arrays', [{ inputs: {} }], 'got scalars only'],
    [
      'arrays that differ in length',
      [{ inputs: { x: pixels(3), y: pixels(2) } }],
      "to be the first axis of every array, got 3 in 'x' and 2 in 'y'",
    ],
    [
      'batches that differ in axes',
      [{ inputs: { x: pixels(3) } }, { inputs: { x: { data: Uint8Array.of(1, 2, 3), dims: [1, 3, 1], scale: 0.5 } } }],
      "expected 'x' of shape [2] for every sample, or another of as many axes, got [3, 1]",
    ],
    [
      'batches that differ in names',
      [{ inputs: { x: pixels(3) } }, { inputs: { y: pixels(3) } }],
      "expected 'x' of shape [2] for every sample, or another of as many axes, got none",
    ],
    [
      'batches that differ in type',
      [{ inputs: { x: pixels(3) } }, { inputs: { x: { data: Float32Array.of(0.5, 1), dims: [1, 2] } } }],
      "expected 'x' of one type and scale for all samples",
    ],
    ['too few labels', [{ inputs: { x: pixels(3) }, labels: [1, 2] }], 'a label for each of 3 samples, got 2'],
  ])('cannot be %s', async (_, batches, message) => {
    await expect(loadSamples(datasetOf(...(batches as Batch[])))).rejects.toThrow(broken(message));
  });

  it('are of several shapes, and drawn by shape', async () => {
    const wide: InputArray = { data: Uint8Array.of(1, 2, 3, 4, 5, 6), dims: [2, 3], scale: 0.5 };
    const samples = await loadSamples(
      datasetOf(
        { inputs: { x: pixels(2) }, labels: [0, 1] },
        { inputs: { x: wide }, labels: [2, 3] },
        { inputs: { x: pixels(2, 4) }, labels: [4, 5] },
      ),
    );
    expect(samples.batch([5, 1])).toEqual({
      inputs: { x: { data: Uint8Array.of(6, 7, 2, 3), dims: [2, 2], scale: 0.5 } },
      labels: [5, 1],
    });
    expect(samples.batch([3])).toMatchObject({ inputs: { x: { data: Uint8Array.of(4, 5, 6), dims: [1, 3] } } });
    const divided = (places: number[], size: number, isWhole = false) =>
      samples.divide(Uint32Array.from(places), size, isWhole).map((part) => [...part]);
    expect(divided([3, 0, 5, 2, 1, 4], 2)).toEqual([
      [0, 5],
      [3, 2],
      [1, 4],
    ]);
    expect(divided([3, 0, 5, 2, 1, 4], 3)).toEqual([[0, 5, 1], [4], [3, 2]]);
    expect(divided([3, 0, 5, 2, 1, 4], 3, true)).toEqual([
      [0, 5, 1],
      [3, 2],
    ]);
    expect(divided([0, 1, 4], 2, true)).toEqual([[0, 1]]);
    expect(divided([], 2)).toEqual([]);
  });

  it('are not read on after a signal', async () => {
    const reading = loadSamples(datasetOf({ inputs: { x: pixels(1) } }), undefined, AbortSignal.abort('enough'));
    await expect(reading).rejects.toThrow(expect.objectContaining({ code: 'ABORTED' }));
  });
});

describe('samples read as they come', () => {
  /** Batches of seven samples, told apart by their number; says how many are read. */
  function numbered(count: number) {
    const read: number[] = [];
    const dataset: Dataset = async function* () {
      for (let at = 0; at < count; at += 7) {
        const data = Float32Array.from({ length: Math.min(7, count - at) }, (_, i) => at + i);
        read.push(data.length);
        yield { inputs: { x: { data, dims: [data.length, 1] } }, labels: Array.from(data, () => 1) };
      }
    };
    return { dataset, read };
  }

  it('are all trained on once an epoch, so many at a time, in an order by chance, without those held out', async () => {
    const { dataset, read } = numbered(100);
    const all = await openTrainingData(dataset, { heldOut: 9, seed: 3 });
    const data = await openTrainingData(dataset, { heldOut: 9, seed: 3, window: 20 });
    const numbers = (samples: Samples, places: Uint32Array) => [...samples.batch(places).inputs.x.data].map(Number);
    const heldOut = numbers(data.samples, data.heldOut);
    expect(heldOut).toEqual(numbers(all.samples, all.heldOut));
    expect([data.count, data.steps(10), data.samples.labels?.length]).toEqual([100, 10, 9]);
    const inOrder = async (dataset: Dataset, limit?: number) => {
      const values: number[] = [];
      for await (const { inputs } of dataset({ limit })) values.push(...[...inputs.x.data].map(Number));
      return values;
    };
    const rest = [...Array(100).keys()].filter((value) => !heldOut.includes(value));
    for (const { trained } of [all, data]) {
      expect([await inOrder(trained), await inOrder(trained, 50)]).toEqual([rest, rest.slice(0, 50)]);
    }
    read.length = 0;
    const seen: number[][] = [];
    for await (const { samples, order } of data.parts(createRandom(1))) {
      // Batches are not cut.
      expect(samples.count).toBeLessThan(20 + 2 * 7);
      seen.push(numbers(samples, order));
    }
    expect(read.reduce((a, b) => a + b)).toBe(100);
    const ascending = (values: number[]) => values.sort((a, b) => a - b);
    expect(seen[0]).not.toEqual(ascending([...seen[0]]));
    expect(ascending([...seen.flat(), ...heldOut])).toEqual([...Array(100).keys()]);
  });

  it('train a net as those in memory do', async () => {
    const train = async (window?: number) =>
      (await tuned(smallModel(), { dataset: smallData(), epochs: 6, learningRate: 0.02, window })).epochs;
    const [streamed, held] = [await train(64), await train()];
    expect(streamed.at(-1)!.loss).toBeLessThan(1.2 * held.at(-1)!.loss);
  });
});
