import { describe, expect, it } from 'vitest';
import { arrayDataset, type Batch } from '../../src/data/dataset.js';
import { splitDataset } from '../../src/data/split.js';
import { evaluate } from '../../src/evaluate/evaluate.js';
import { describeMetric, lossGauge } from '../../src/evaluate/gauge.js';
import { kindOfOutput, type MetricName, type Outputs, type OwnMetric } from '../../src/evaluate/metric.js';
import { argmax } from '../../src/evaluate/metrics.js';
import { outputMeters } from '../../src/evaluate/outputs.js';
import { openOnnx } from '../../src/onnx/open.js';
import { createRandom, shuffle } from '../../src/random.js';
import { otherHeads } from '../../src/runtime/outputs.js';
import { loadRuntime } from '../../src/runtime/runtime.js';
import type { OutputArray } from '../../src/runtime/session.js';
import { createJudge } from '../../src/search/judge.js';
import { fidelityMeter } from '../../src/sensitivity/meters.js';
import { sensitivity } from '../../src/sensitivity/sensitivity.js';
import type { Epoch } from '../../src/tune/options.js';
import { tune } from '../../src/tune/tune.js';
import { changed } from '../sensitivity/support.js';
import { LENET, written } from '../stages/support.js';
import { Random } from '../support/random.js';

const SAMPLES = 48;
const random = new Random(8);
const scores = (noise: number, of?: OutputArray): OutputArray => {
  const fresh = random.floats(SAMPLES * 4, of ? noise : 3);
  return { type: 'float32', dims: [SAMPLES, 4], data: of ? fresh.map((value, i) => value + of.data[i]) : fresh };
};

describe('several outputs', () => {
  const value: OutputArray = { type: 'float32', dims: [SAMPLES, 1], data: random.floats(SAMPLES, 5) };
  const outputs = { y: scores(0), z: scores(0), value };
  const reference = { batch: { inputs: {} }, samples: SAMPLES, labels: undefined, outputs };
  const gaugeOf = async (noise: { y: number; z: number }) => {
    const gauge = lossGauge({ output: 'y', heads: ['z', 'value'] });
    await gauge.add(reference, { y: scores(noise.y, outputs.y), z: scores(noise.z, outputs.z), value });
    return gauge.result();
  };

  it('are judged together where their losses are in one unit, by the one that loses most', async () => {
    for (const [noise, worst] of [
      [{ y: 0.05, z: 2 }, 'z'],
      [{ y: 2, z: 0.05 }, 'y'],
    ] as const) {
      const found = await gaugeOf(noise);
      expect(found?.loss).toMatchObject({ output: worst, metric: 'agreement', unit: 'points' });
      expect(found?.loss?.value).toBeGreaterThan(5);
      expect(found && describeMetric(found.measured)).toMatch(
        /, 'z' scores of classes; the one that loses most counts; in another unit, and not judged: 'value' a value/,
      );
    }
  });

  const rows = SAMPLES * 4;
  const corners = random.floats(rows, 9).map((value, i) => (i % 4 < 2 ? value : value + 99));
  const beside = (dims: number[], data: ArrayLike<number>): OutputArray => ({
    ...{ type: 'float32', dims, data: Float32Array.from(data) },
  });
  const image = { inputs: { image: { data: new Float32Array(SAMPLES * 12), dims: [SAMPLES, 3, 2, 2] } } };
  const anchors = { z: beside([SAMPLES / 2, 2, 3], random.floats(SAMPLES * 3, 1)) };
  it.each<[string, string, OutputArray, Outputs, Batch, string]>([
    ['corners', 'u', beside([SAMPLES, 4], corners), { z: outputs.z }, { inputs: {} }, 'coordinates'],
    ['what is named so', 'bbox_pred', outputs.y, {}, { inputs: {} }, 'coordinates'],
    ['what is named so in camel case', 'faceLandmarks', outputs.y, {}, { inputs: {} }, 'coordinates'],
    ['four at anchors of an image', 'u', beside([SAMPLES / 2, 2, 4], outputs.y.data), anchors, image, 'coordinates'],
    ['corners alone', 'u', beside([SAMPLES, 4], corners), {}, { inputs: {} }, 'scores of classes'],
    ['four classes beside others', 'allocation', outputs.y, { z: outputs.z }, { inputs: {} }, 'scores of classes'],
  ])('are places or classes: %s', (_, name, output, others, batch, text) => {
    const answer = { name, outputs: { ...others, [name]: output } };
    expect(kindOfOutput(output, batch, output.dims[0], answer).text).toMatch(text);
  });

  it('are judged as places are where a detector gives boxes, first or beside scores', async () => {
    const boxes = beside([SAMPLES, 4], corners);
    // A tenth off, each in its own direction: of one row in many another element becomes the largest.
    const moved = beside(
      [SAMPLES, 4],
      Array.from(corners, (value, i) => value * (i % 2 === 0 ? 1.1 : 0.9)),
    );
    const both = { scores: outputs.z, boxes };
    for (const [output, metric] of [
      ['boxes', undefined],
      ['scores', 'snr'],
    ] as const) {
      const heads = Object.keys(both).filter((name) => name !== output);
      const gauge = lossGauge({ output, heads, metric });
      await gauge.add({ ...reference, outputs: both }, { scores: outputs.z, boxes: moved });
      const found = gauge.result();
      expect(found?.loss).toMatchObject({ metric: 'snr', unit: 'share', value: expect.closeTo(0.01, 4) });
    }
    const gauge = lossGauge({ output: 'scores', heads: ['boxes'] });
    await gauge.add({ ...reference, outputs: both }, { scores: outputs.z, boxes: moved });
    const found = gauge.result();
    expect(found?.loss).toMatchObject({ metric: 'agreement', value: 0 });
    expect(found && describeMetric(found.measured)).toMatch(/in another unit, and not judged: 'boxes' coordinates/);
  });

  it('are told one by one, in the order of the model, each by its kind and in its unit', async () => {
    const boxes = beside([SAMPLES, 4], corners);
    const moved = beside(
      [SAMPLES, 4],
      corners.map((value) => 1.1 * value),
    );
    const meters = outputMeters({ output: 'scores', heads: ['boxes'] });
    const labels = Array.from({ length: SAMPLES }, (_, i) => argmax(outputs.z.data, 4 * i, 4));
    await meters.add(
      { ...reference, labels, outputs: { scores: outputs.z, boxes } },
      { scores: outputs.z, boxes: moved },
    );
    const found = meters.result();
    expect(found.loss).toMatchObject({ metric: 'accuracy', value: 0 });
    expect(found.outputs).toEqual([
      expect.objectContaining({ name: 'scores', kind: 'scores of classes', loss: found.loss, maxAbsDiff: 0 }),
      expect.objectContaining({ name: 'boxes', kind: 'coordinates', maxAbsDiff: expect.closeTo(12.4, 1) }),
    ]);
    expect(found.outputs[1].loss).toMatchObject({ metric: 'snr', value: expect.closeTo(0.01, 4) });
  });

  /** The one output of a YOLO: boxes of a picture of 640 pixels, scores of classes, of which few are more than nothing. */
  const yolo = (axis: 1 | 2, { classes = 6, size = 640, noise = 0, keypoints = 0, spread = 1 } = {}): OutputArray => {
    const [count, rows, channels] = [4, 96, 4 + classes + keypoints];
    const fresh = new Random(3);
    const data = new Float32Array(count * rows * channels);
    for (let row = 0; row < count * rows; row++) {
      for (let channel = 0; channel < channels; channel++) {
        const [at, value] = [row % rows, Math.abs(fresh.floats(1, 1)[0])];
        const isClass = channel >= 4 && channel < 4 + classes;
        const off = noise * (at % 2 === 0 ? 1 : -1);
        const index = axis === 1 ? channel * rows + at : at * channels + channel;
        const score = at % 16 === 0 ? 0.2 + 0.6 * Math.min(1, value) + off : 0.001;
        data[Math.floor(row / rows) * channels * rows + index] = isClass
          ? spread * score
          : size * (0.2 + 0.5 * Math.min(1, value));
      }
    }
    return { type: 'float32', dims: axis === 1 ? [count, channels, rows] : [count, rows, channels], data };
  };
  const picture = { inputs: { image: { data: new Float32Array(4 * 3 * 4), dims: [4, 3, 2, 2] } } };
  const kindOf = (y: OutputArray, batch: Batch = picture) => kindOfOutput(y, batch, 4, { name: 'y', outputs: { y } });

  it('may be one that holds boxes and scores, which are told by their numbers and measured apart', async () => {
    for (const axis of [1, 2] as const) {
      const original = yolo(axis);
      expect(kindOf(original)).toMatchObject({
        metric: 'snr',
        parts: { axis, ends: [4, 10] },
        text: 'boxes and scores',
      });
      const poses = yolo(axis, { keypoints: 6, classes: 1 });
      expect(kindOf(poses)).toMatchObject({ parts: { axis, ends: [4, 5, 11] }, text: 'boxes, scores and more' });
      // A tenth of all scores is off, next to nothing beside the pixels of the boxes.
      const gauge = lossGauge({ output: 'y' });
      const moved = { ...original, data: yolo(axis, { noise: 0.1 }).data };
      await gauge.add({ batch: picture, samples: 4, labels: undefined, outputs: { y: original } }, { y: moved });
      const loss = gauge.result()?.loss;
      expect(loss).toMatchObject({ metric: 'snr', unit: 'share' });
      expect(loss?.value).toBeGreaterThan(0.01);
      // What searches go by on their way sees that, too.
      const fidelity = fidelityMeter({ output: 'y' });
      await fidelity.add({ y: moved }, { batch: picture, samples: 4, labels: undefined, outputs: { y: original } });
      expect(fidelity.result().divergence).toBeCloseTo((loss?.value ?? 0) / 2, 5);
    }
  });

  it('are no boxes without a picture, or where numbers are as scores are; where they may be, that is said', () => {
    expect(kindOf(yolo(1), { inputs: {} }).parts).toBeUndefined();
    expect(kindOf(yolo(1, { spread: 9 })).parts).toBeUndefined();
    expect(kindOf(yolo(2, { size: 1 }))).toMatchObject({
      ...{ metric: 'agreement', scale: 'shares' },
      text: expect.stringContaining('name the metric snr'),
    });
    const map = yolo(2, { size: 0.01 });
    expect(kindOf(map).text).toBe('shares from 0 to 1, each yes or no');
  });

  it('are no heads where they are states that go in again, or one is named', () => {
    const state = { name: 'state', type: 'float32', shape: [2, '', 128] };
    const model = { inputs: [{ name: 'x', type: 'float32', shape: ['', 512] }, state], leftOut: [] };
    expect(otherHeads({ ...model, outputNames: ['y', 'z', 'next'] }, 'y')).toEqual(['z']);
    expect(otherHeads({ ...model, outputNames: ['y', 'z', 'next'] }, 'y', 'y')).toEqual([]);
  });
});

describe('whoever measures', () => {
  const pixels = random.floats(SAMPLES * 784, 1);
  const dataset = arrayDataset({ inputs: { input: { data: pixels, dims: [SAMPLES, 784] } } });
  const original = openOnnx(LENET);
  const compressed = changed(original, ['fc2.weight', 'fc3.weight'], (weight) => Math.round(weight * 12) / 12);

  /** How near scores are to the original's, of each input. */
  const nearness: OwnMetric = ({ logits }, { logits: wanted }) => {
    const of = (at: number) => -Math.abs(logits.data[10 * at] - wanted.data[10 * at]);
    return Array.from({ length: logits.data.length / 10 }, (_, at) => of(at));
  };

  it.each<[string, MetricName | OwnMetric]>([
    ['agreement', 'agreement'],
    ['the energy of what differs', 'snr'],
    ['a metric of one’s own', nearness],
  ])('finds the same loss by %s', async (_, metric) => {
    const runtime = await loadRuntime();
    const { loss } = await evaluate({ model: written(compressed)[0], reference: LENET, dataset, metric, threads: 1 });
    const judged = await sensitivity(original, compressed, { dataset, metric, threads: 1 });
    const split = await splitDataset(dataset, 16, SAMPLES, 0, 0);
    const judge = await createJudge(original, { split, metric, runtime, threads: 1 });
    expect(loss?.samples).toBe(SAMPLES);
    // Sums are rounded otherwise where weights are fed, and not constants.
    for (const found of [judged.cumulative.at(-1)?.loss, await judge.loss(compressed)]) {
      expect(found).toMatchObject({ metric: loss?.metric, unit: loss?.unit, samples: SAMPLES });
      for (const key of ['value', 'low', 'high'] as const) {
        expect(found?.[key]).toBeCloseTo(loss?.[key] ?? Number.NaN, 4);
      }
    }
  });

  it.each<[string, MetricName | OwnMetric | undefined]>([
    ['what outputs suggest', undefined],
    ['cosine', 'cosine'],
    ['a metric of one’s own', nearness],
  ])('finds the same loss by %s in training that moves nothing, on what is held out', async (_, metric) => {
    const epochs: Epoch[] = [];
    const idle = { epochs: 1, learningRate: 0, weightDecay: 0, loss: 'distillation', threads: 1 } as const;
    const onEpoch = (epoch: Epoch) => void epochs.push(epoch);
    const held = SAMPLES - 1;
    await tune({ ...idle, dataset, teacher: original, metric, heldOut: held, onEpoch }).run(compressed);
    const places = shuffle(
      Uint32Array.from({ length: SAMPLES }, (_, i) => i),
      createRandom(0),
    ).subarray(0, held);
    const data = Float32Array.from([...places.sort()].flatMap((at) => [...pixels.subarray(784 * at, 784 * (at + 1))]));
    const others = arrayDataset({ inputs: { input: { data, dims: [held, 784] } } });
    const files = { model: written(compressed)[0], reference: LENET };
    const { loss, agreement } = await evaluate({ ...files, dataset: others, metric, threads: 1 });
    const [{ judgement, accuracy }] = epochs;
    expect(judgement).toMatchObject({ metric: loss?.metric, unit: loss?.unit, samples: held });
    if (agreement !== null) expect(accuracy).toBe(agreement);
    for (const key of ['value', 'low', 'high'] as const) {
      expect(judgement?.[key]).toBeCloseTo(loss?.[key] ?? Number.NaN, 4);
    }
  });

  it('takes a metric of one’s own by labels alone, too', async () => {
    const labels = Array.from({ length: SAMPLES }, (_, i) => i % 10);
    const labelled = arrayDataset({ inputs: { input: { data: pixels, dims: [SAMPLES, 784] } }, labels });
    const isRight: OwnMetric = ({ logits }, __, wanted) =>
      Array.from(wanted ?? [], (label, i) => Number(argmax(logits.data, 10 * i, 10) === label));
    const { score, loss, top1 } = await evaluate({ model: LENET, dataset: labelled, metric: isRight, threads: 1 });
    expect([score?.value, loss]).toEqual([expect.closeTo(top1 ?? Number.NaN, 10), null]);
    expect(score && score.low < score.value && score.high > score.value).toBe(true);
  });
});
