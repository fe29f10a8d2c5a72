import { describe, expect, it } from 'vitest';
import { calibrate } from '../../src/calibrate/calibrate.js';
import { fewDirections } from '../../src/calibrate/directions.js';
import { calibratedPrune } from '../../src/calibrate/prune.js';
import { startCalibration } from '../../src/calibrate/start.js';
import { arrayDataset, type InputArray } from '../../src/data/dataset.js';
import { findNaN, lookAt } from '../../src/data/look.js';
import { evaluate } from '../../src/evaluate/evaluate.js';
import { mainFile } from '../../src/graph/decoded-graph.js';
import { readWeights } from '../../src/model/weights.js';
import { openOnnx } from '../../src/onnx/open.js';
import { createJudge } from '../../src/search/judge.js';
import { tune } from '../../src/tune/tune.js';
import { judging } from '../search/support.js';
import { Random } from '../support/random.js';
import { modelOf, node, stored } from './support.js';

const WIDTH = 64;
const SAMPLES = 200;
const row = new Random(5).floats(WIDTH, 1);
const noise = new Random(6).floats(SAMPLES * WIDTH, 1);
const arrayOf = (value: (sample: number, j: number) => number, samples = SAMPLES): InputArray => ({
  data: Float32Array.from({ length: samples * WIDTH }, (_, i) => value(Math.floor(i / WIDTH), i % WIDTH)),
  dims: [samples, WIDTH],
});
const datasetOf = (value: (sample: number, j: number) => number, samples?: number) =>
  arrayDataset({ inputs: { x: arrayOf(value, samples) } });

/** x · w1, Relu, · w2 */
const bytes = modelOf({
  nodes: [node('MatMul', ['x', 'w1'], ['h']), node('Relu', ['h'], ['r']), node('MatMul', ['r', 'w2'], ['y'])],
  inputs: { x: [SAMPLES, WIDTH] },
  tensors: [stored('w1', [WIDTH, 48]), stored('w2', [48, 4])],
});
const model = openOnnx(bytes);
const real = (sample: number, j: number) => noise[sample * WIDTH + j];

/** What calibration says of inputs, or refuses them with. */
async function notesOn(value: (sample: number, j: number) => number, samples?: number): Promise<string[]> {
  const notes: string[] = [];
  const options = { dataset: datasetOf(value, samples), fast: true, threads: 1 };
  await calibrate(options).run(model, { onNote: (text) => notes.push(text) });
  return notes;
}

describe('inputs that tell nothing', () => {
  it.each<[string, (sample: number, j: number) => number, string]>([
    ['blank ones', () => 0, 'got the same one'],
    ['white ones', () => 1, 'got the same one'],
    ['one over and over', (_, j) => row[j], 'got the same one'],
    [
      'one that is moved by less than rounding',
      (sample, j) => row[j] * (1 + sample * 1e-7),
      'never vary where they reach w',
    ],
    ['zeros of either sign', (sample) => (sample % 2 ? 0 : -0), 'never vary where they reach w'],
  ])('%s are refused', async (_, value, message) => {
    await expect(notesOn(value)).rejects.toMatchObject({ code: 'DATASET', message: expect.stringContaining(message) });
    const prune = calibratedPrune({ dataset: datasetOf(value), density: 0.5, fast: true, threads: 1 });
    await expect(prune.run(model)).rejects.toThrow(message);
  });

  it.each<[string, (sample: number, j: number) => number, string]>([
    ['multiples of one', (sample, j) => (1 + sample) * row[j], 'few directions where it reaches w1 (1 of 64)'],
    ['one in other brightness', (sample, j) => row[j] + sample / 9, 'few directions where it reaches w1 (1 of 64)'],
    ['mixtures of two', (sample, j) => (sample % 7) * row[j] + sample * row[(j + 9) % WIDTH], 'w1 (2 of 64)'],
    ['three by turns', (sample, j) => row[(j + (sample % 3)) % WIDTH], 'w1 (2 of 64)'],
    ['a handful', (sample, j) => real(sample % 9, j), '9 distinct inputs (of 2'],
  ])('%s are warned of', async (_, value, message) => {
    expect((await notesOn(value)).join('\n')).toContain(message);
  });

  it('real ones are passed over in silence, and few ones named', async () => {
    expect(await notesOn(real)).toEqual([]);
    expect(await notesOn(real, 40)).toContain(
      'calibrated on 40 inputs only; from 64 on weights fit the task and not the inputs',
    );
  });

  it('count as distinct by every array, type and shape', async () => {
    const x = { data: Float32Array.of(1, 2, 1, 2, 1, 2), dims: [3, 2] };
    const state = { data: Uint8Array.of(0, 0, 1), dims: [3] };
    expect(await lookAt([{ inputs: { x } }], 'd')).toEqual({ samples: 3, distinct: 1 });
    expect(await lookAt([{ inputs: { x, state } }], 'd')).toEqual({ samples: 3, distinct: 2 });
    const wide = { inputs: { x: { ...x, dims: [3, 2, 1] } } };
    expect(await lookAt([{ inputs: { x } }, wide, wide], 'd')).toEqual({ samples: 9, distinct: 2 });
    const odd = { inputs: { x, h: { data: new Float32Array(4), dims: [2, 2] } } };
    expect(await lookAt([odd, odd], 'd')).toEqual({ samples: 2, distinct: 1 });
  });
});

it.each([0, 3, 17, 40, 63])('weights of an input that never varies, such as %i, stay as they are', async (dead) => {
  const dataset = datasetOf((sample, j) => (j === dead ? 0 : real(sample, j)));
  const [before] = model.tensors.map(readWeights);
  const [after] = (await calibrate({ dataset, lambda: 1e-9, threads: 1 }).run(model)).tensors.map(readWeights);
  for (let i = 0; i < 48; i++) expect(Math.abs(after[dead * 48 + i] - before[dead * 48 + i])).toBeLessThan(0.05);
});

describe('NaN in data', () => {
  it.each<[number, number]>([
    [0, 0],
    [3, 63],
    [70, 1],
    [150, 32],
    [199, 9],
  ])('in sample %i at %i is named by calibration and training', async (sample, place) => {
    const dataset = datasetOf((i, j) => (i === sample && j === place ? Number.NaN : real(i, j)));
    const where = `NaN in array 'x', sample ${sample}, place [${place}]`;
    await expect(lookAt(dataset(), 'data')).rejects.toThrow(`data: expected numbers, got ${where}`);
    await expect(tune({ dataset, epochs: 1, threads: 1 }).run(model)).rejects.toThrow(where);
    await expect(calibrate({ dataset, threads: 1 }).run(model)).rejects.toThrow("NaN in array 'x', sample ");
    const { agreement, warnings } = await evaluate({ model: bytes, reference: bytes, dataset, threads: 1 });
    expect([agreement, warnings]).toEqual([1, [expect.stringContaining(where)]]);
  });

  it('is seen in doubles, half floats and scalars', () => {
    const found = (input: InputArray) => findNaN({ inputs: { a: input } }, 5);
    expect(found({ data: Float64Array.of(1, Number.NaN), dims: [2, 1] })).toContain("'a', sample 6, place [0]");
    expect(found({ data: Uint16Array.of(0x7c00, 0xfe00), dims: [1, 1, 2] })).toContain('sample 5, place [0, 1]');
    expect(found({ data: Uint16Array.of(0xfe00), dims: [1], type: 'uint16' })).toBeUndefined();
    expect(found({ data: Float32Array.of(Number.POSITIVE_INFINITY), dims: [1] })).toBeUndefined();
    expect(found({ data: Float32Array.of(Number.NaN), dims: [] })).toContain('place []');
  });

  it('makes outputs of which no agreement is told, and by which nothing is judged', async () => {
    const dataset = datasetOf(() => Number.NaN);
    const result = await evaluate({ model: bytes, reference: bytes, dataset, threads: 1 });
    expect(result).toMatchObject({ agreement: null, maxAbsDiff: null, meanAbsDiff: null, isUndecided: true });
    await expect(createJudge(model, await judging(dataset))).rejects.toThrow(
      /got NaN for all of them \(.*'x', sample 0/,
    );
  });
});

it('half floats are calibrated as floats are, with what outputs make of errors in each row', async () => {
  const half = modelOf({
    nodes: [node('MatMul', ['x', 'w1'], ['h']), node('Relu', ['h'], ['r']), node('MatMul', ['r', 'w2'], ['y'])],
    tensors: [stored('w1', [WIDTH, 16], 'half'), stored('w2', [16, 4], 'half')],
    inputs: { x: [SAMPLES, WIDTH] },
    type: 10,
  });
  const dataset = datasetOf((i, j) => noise[i * WIDTH + j]);
  const { isProbed, run } = await startCalibration(openOnnx(half), { dataset, threads: 1 });
  expect(isProbed).toBe(true);
  const found = mainFile(await run(1e-9));
  const { agreement } = await evaluate({ model: found, reference: half, dataset, threads: 1 });
  expect(agreement).toBeGreaterThan(0.98);
});

it('directions of a layer with groups are those of the group that has most', () => {
  const own = (rows: number[][]) => {
    const sums = new Float64Array(9);
    for (const [a, b] of rows) {
      const column = [a, b, 1];
      for (let i = 0; i < 9; i++) sums[i] += column[Math.floor(i / 3)] * column[i % 3];
    }
    return [...sums];
  };
  const constant = own([
    [1, 2],
    [1, 2],
  ]);
  const varied = own([
    [1, 2],
    [2, 2],
    [0, 1],
  ]);
  const moments = (groups: number[][]) => ({
    groups: groups.length,
    inputs: 2,
    own: Float64Array.from(groups.flat()),
    cross: undefined,
  });
  expect(fewDirections(moments([constant, constant]))).toBe(0);
  expect(fewDirections(moments([constant, varied]))).toBeUndefined();
});
