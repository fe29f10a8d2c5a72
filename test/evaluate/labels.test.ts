import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { arrayDataset } from '../../src/data/dataset.js';
import { checkLabels, toLabels } from '../../src/data/labels.js';
import { npzDataset } from '../../src/data/npz.js';
import { openDataset } from '../../src/data/open.js';
import { type Evaluation, evaluate } from '../../src/evaluate/evaluate.js';
import { accuracyMeter } from '../../src/evaluate/metrics.js';
import { openOnnx } from '../../src/onnx/open.js';
import { searchBudget } from '../../src/search/allocation/search.js';
import { searchCalibration } from '../../src/search/calibration.js';
import { createJudge } from '../../src/search/judge.js';
import { sensitivity } from '../../src/sensitivity/sensitivity.js';
import { cluster } from '../../src/stages/cluster.js';
import { tune } from '../../src/tune/tune.js';
import { judging } from '../search/support.js';
import { collect, linearModel, memoryReader, npyBytes } from './support.js';

const CLASSES = 6;
const SAMPLES = 60;

/** Samples of which the largest value stands at the place of the class: {@link linearModel} gets all of them right. */
const classes = Array.from({ length: SAMPLES }, (_, i) => (i * 5 + Math.floor(i / 7)) % CLASSES);
const x = {
  data: Float32Array.from(
    { length: SAMPLES * CLASSES },
    (_, i) => Number(classes[Math.floor(i / CLASSES)] === i % CLASSES) + ((i * 7919) % 97) / 300,
  ),
  dims: [SAMPLES, CLASSES],
};
const model = linearModel({ sample: [CLASSES], classes: CLASSES });
const labelled = (labels: ArrayLike<number>) => arrayDataset({ inputs: { x }, labels });
const measure = (labels: ArrayLike<number>): Promise<Evaluation> =>
  evaluate({ model, dataset: labelled(labels), batchSize: 16, threads: 1 });

describe('labels are one whole number a sample, or a one-hot row', () => {
  it.each<[string, ArrayLike<number | bigint>, number[], number[]]>([
    ['integers', [2, 0, 1], [3], [2, 0, 1]],
    ['64 bits in a column', [2n, 0n, 1n], [3, 1], [2, 0, 1]],
    ['floats that are whole', Float32Array.of(0, 5, 1000), [3], [0, 5, 1000]],
    ['one-hot bytes', Uint8Array.of(0, 0, 1, 1, 0, 0), [2, 3], [2, 0]],
    ['one-hot floats', Float64Array.of(0, 1, 0, 1, 1, 0), [3, 2], [1, 1, 0]],
    ['one-hot rows as many as columns', [1, 0, 0, 1], [2, 2], [0, 1]],
    ['none', [], [0], []],
  ])('takes %s', (_, data, dims, expected) => {
    expect(toLabels({ data, dims }, 'd.npz')).toEqual(expected);
  });

  it.each<[string, ArrayLike<number | bigint>, number[], string]>([
    [
      '−1 among them',
      [3, -1, 2],
      [3],
      'd.npz: labels: expected whole numbers from 0, got -1 (sample 1; there are labels from -1 to 3); leave out samples',
    ],
    ['others below 0', [0, 1, -7], [3], 'got -7 (sample 2; there are labels from -7 to 1)'],
    ['halves', [1, 0.5], [2, 1], 'got 0.5 (sample 1;'],
    ['NaN', Float32Array.of(Number.NaN, 1), [2], 'got NaN (sample 0;'],
    ['too large for a number', [2n ** 60n], [1], 'got 1152921504606846976 (sample 0;'],
    [
      'probabilities',
      [0.2, 0.8, 0.5, 0.5],
      [2, 2],
      'got labels of shape [2, 2] with a row that is not one 1 among zeros (sample 0); for rows of probabilities save argmax(axis=1)',
    ],
    ['two classes at once', [0, 1, 0, 1, 1, 0], [2, 3], '(sample 1)'],
    ['a scalar', [3], [], 'got labels of shape []'],
    ['pictures', new Uint8Array(8), [2, 2, 2], 'got labels of shape [2, 2, 2]'],
  ])('refuses %s', (_, data, dims, message) => {
    expect(() => toLabels({ data, dims }, 'd.npz')).toThrow(message);
  });

  it.each<[number[], number, string]>([
    [
      [1, 6, 3],
      6,
      'expected whole numbers from 0 to 5 as labels of a model with 6 classes, got 6 (sample 1; there are labels from 1 to 6); they seem to count from 1: subtract 1',
    ],
    [[0, 6], 6, 'got 6 (sample 1; there are labels from 0 to 6); is this the model for these classes?'],
    [[999, 3], 10, 'got 999 (sample 0;'],
    [[-1, 3], 10, 'if −1 is the first class, add 1'],
    [[1, 2], 2, 'they seem to count from 1'],
  ])('%j are no classes of a model with %i', (labels, classes, message) => {
    expect(() => checkLabels(labels, { classes })).toThrow(message);
  });
});

describe('every command checks them alike', () => {
  const wrong = classes.map((label, i) => (i % 3 === 1 ? CLASSES : label));
  const message = `expected whole numbers from 0 to ${CLASSES - 1} as labels of a model with ${CLASSES} classes, got ${CLASSES} (sample`;
  const dataset = labelled(wrong);
  const opened = openOnnx(model);
  it.each<[string, () => Promise<unknown>]>([
    ['evaluate', () => measure(wrong)],
    [
      'sensitivity',
      async () => sensitivity(opened, await cluster({ clusters: 1 }).run(opened), { dataset, threads: 1 }),
    ],
    ['a search', () => searchBudget(opened, { dataset, maxLoss: 1, threads: 1 })],
    ['a search by calibration', () => searchCalibration(opened, { dataset, maxLoss: 1, samples: 32, threads: 1 })],
    ['tune', async () => tune({ dataset, epochs: 1, batchSize: 8, threads: 1 }).run(opened)],
  ])('%s', async (_, run) => {
    await expect(run()).rejects.toMatchObject({ code: 'DATASET', message: expect.stringContaining(message) });
  });

  it('counts samples over batches', async () => {
    await expect(measure(classes.map((label, i) => (i === 41 ? 9 : label)))).rejects.toThrow('9 (sample 41;');
  });
});

describe('labels on which a model is no better than chance are doubted', () => {
  const moved = (by: number) => classes.map((label) => (label + by + CLASSES) % CLASSES);

  it.each<[string, number[], string | null]>([
    ['its own', classes, null],
    ['mostly its own', classes.map((label, i) => (i % 2 ? label : 0)), null],
    ['one less', moved(-1), 'add 1 to all labels'],
    ['one more', moved(1), 'subtract 1 from all labels'],
    ['others', moved(3), 'are these the labels of its classes'],
  ])('%s', async (_, labels, advice) => {
    const { doubt, warnings } = await measure(labels);
    if (advice === null) expect([doubt, warnings]).toEqual([null, []]);
    else expect([doubt, warnings]).toEqual([expect.stringContaining(advice), [doubt]]);
  });

  it.each([4, 10, 100, 1000])('says so where a model has one class more than %i labels', (count) => {
    const meter = accuracyMeter();
    const labels = Array.from({ length: 2 * count }, (_, i) => i % count);
    const data = new Float32Array(labels.length * (count + 1));
    for (const [i, label] of labels.entries()) data[i * (count + 1) + label + 1] = 1;
    meter.add({ type: 'float32', dims: [labels.length, count + 1], data }, labels);
    expect(meter.doubt()).toContain(`it has ${count + 1} classes for ${count}, the first of them for none: add 1`);
  });

  it('takes no row of NaN for a class below the first', () => {
    const meter = accuracyMeter();
    meter.add({ type: 'float32', dims: [30, 2], data: new Float32Array(60).fill(Number.NaN) }, new Array(30).fill(0));
    expect(meter.doubt()).toContain('right about 0.00 %');
    expect(meter.doubt()).not.toContain('label −');
  });

  it('a judge goes by agreement then, and says so', async () => {
    const opened = openOnnx(model);
    const compressed = openOnnx(linearModel({ sample: [CLASSES], classes: CLASSES, shift: 1 }));
    for (const by of [-2, -1, 1, 2, 3]) {
      const notes: string[] = [];
      const judge = await createJudge(opened, {
        ...(await judging(labelled(moved(by)))),
        onNote: (text) => notes.push(text),
      });
      expect(await judge.loss(compressed)).toMatchObject({ metric: 'agreement', value: 0 });
      expect(notes).toEqual([
        expect.stringContaining('no better than chance'),
        expect.stringContaining('agree with the original'),
      ]);
    }
  });
});

describe('arrays that are of no use are named', () => {
  const labels = npyBytes('<i8', [SAMPLES], BigInt64Array.from(classes, BigInt));
  const inputs = npyBytes('<f4', [SAMPLES, CLASSES], x.data);
  const text = npyBytes('<U1', [2], new Uint32Array(2));
  const open = async (files: Record<string, Uint8Array>, data = 'd.npz') => {
    const notes: string[] = [];
    const options = { model: openOnnx(model), onNote: (note: string) => notes.push(note) };
    const dataset = await openDataset(data, memoryReader(files), options);
    return { batches: await collect(dataset({ batchSize: SAMPLES })), notes };
  };
  const archive = (arrays: Record<string, Uint8Array>) => ({
    'd.npz': zipSync(Object.fromEntries(Object.entries(arrays).map(([name, bytes]) => [`${name}.npy`, bytes]))),
  });

  it.each(['y', 'label', 'y_true', 'Targets', 'class', 'y_test'])('%s is asked about', async (name) => {
    const { batches, notes } = await open(archive({ x: inputs, [name]: labels }));
    expect([Object.keys(batches[0].inputs), batches[0].labels]).toEqual([['x'], undefined]);
    expect(notes).toEqual([
      `warning: d.npz: '${name}' is not used; does it hold the labels? If so, save it under the name 'labels'`,
    ]);
  });

  it('others are named, of whatever length and kind they are, and y beside labels as well', async () => {
    const { batches, notes } = await open(archive({ x: inputs, mean: text, labels, y: labels }));
    expect([Object.keys(batches[0].inputs), batches[0].labels]).toEqual([['x'], classes]);
    expect(notes).toEqual(["warning: d.npz: not used, since no input of the model has such a name: 'mean', 'y'"]);
  });

  it('a single array feeds a single input, whatever it is called', async () => {
    for (const name of ['x', 'y', 'images', 'label', 'a b']) {
      const { batches, notes } = await open(archive({ [name]: inputs, labels }));
      expect([Object.keys(batches[0].inputs), notes]).toEqual([[name], []]);
    }
  });

  it('the same holds for folders of arrays, and for archives without a model nothing is known', async () => {
    const { batches, notes } = await open({ 'd/x.npy': inputs, 'd/y.npy': labels, 'd/names.npy': text }, 'd');
    expect(batches.map((batch) => Object.keys(batch.inputs))).toEqual([['x']]);
    expect(notes).toEqual([expect.stringContaining("'y' is not used"), expect.stringContaining("'names'")]);
    const [batch] = await collect(npzDataset(archive({ x: inputs, y: labels })['d.npz'])());
    expect(Object.keys(batch.inputs)).toEqual(['x', 'y']);
  });

  it('strings are refused by name where they are to be fed', async () => {
    await expect(open(archive({ x: text }))).rejects.toThrow(
      'd.npz/x.npy: expected float, integer or bool elements, got strings (<U1)',
    );
  });
});
