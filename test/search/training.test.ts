import { describe, expect, it } from 'vitest';
import { containerSize } from '../../src/container/write/container.js';
import { arrayDataset } from '../../src/data/dataset.js';
import { readWeights } from '../../src/model/weights.js';
import { readRecords } from '../../src/onnx/metadata.js';
import { openOnnx } from '../../src/onnx/open.js';
import { toWaves } from '../../src/quantize/waves.js';
import type { Judged } from '../../src/search/goal.js';
import { isBetter, narrowed, startingAt } from '../../src/search/training/choice.js';
import { type Step, writeJournal } from '../../src/search/training/journal.js';
import type { TrainingOptions } from '../../src/search/training/options.js';
import { searchTraining } from '../../src/search/training/search.js';
import { tune } from '../../src/tune/tune.js';
import { written } from '../stages/support.js';
import { io } from '../support/models/model.js';
import { modelProto, node } from '../support/onnx-builder.js';
import { Random } from '../support/random.js';
import { floats } from '../support/tensors.js';
import { smallModel } from '../tune/support.js';

const COUNT = 800;

/** Samples whose class is the largest of four of their numbers. */
function data(count: number, size = 1) {
  const values = new Random(7).floats(count * 6, size);
  const labels = Array.from({ length: count }, (_, i) => {
    const row = [...values.subarray(i * 6, i * 6 + 4)];
    return row.indexOf(Math.max(...row));
  });
  return arrayDataset({ inputs: { X: { data: values, dims: [count, 6] } }, labels });
}

const dataset = data(COUNT);
const trained = await tune({ dataset, epochs: 6, learningRate: 0.02, threads: 1 }).run(openOnnx(smallModel()));
const base: TrainingOptions = { dataset, maxLoss: 8, roundEpochs: 2, rounds: 2, learningRate: 0.01, threads: 1 };
const open = () => openOnnx(written(trained)[0]);

describe('a search with training', () => {
  it('removes, retrains and rounds for the smallest file within the goal, and says what it did', async () => {
    const steps: Step[] = [];
    const plans: string[] = [];
    const found = await searchTraining(open(), {
      ...base,
      onStep: (step) => steps.push(step),
      onPlan: (text) => plans.push(text),
    });
    expect(found.isReached).toBe(true);
    expect(found.chosen.judgement!.high).toBeLessThanOrEqual(8);
    expect(await containerSize(found.model)).toBe(found.chosen.bytes);
    expect(found.chosen.bytes).toBeLessThan(written(trained)[0].length);
    expect(found.steps).toEqual(steps);
    const before = readRecords(open()).map(({ text }) => text);
    expect(readRecords(found.model).map(({ text }) => text)).toEqual([...before, 'train maxLoss=8']);
    const densities = (wanted: Step['what']) =>
      steps.flatMap(({ what, density }) => (what === wanted ? [density] : []));
    const [begun] = densities('retrain');
    // From where calibration alone ends, further while training.
    expect(begun).toBe(0.5 * Math.min(...densities('remove')));
    expect(begun).toBeLessThanOrEqual(0.5);
    expect(plans[0]).toMatch(/^round 1: \d+.\d+ % of the weights, 2 epochs/);
    const within = steps
      .filter(({ judged }) => judged && (judged.judgement?.high ?? 0) <= 8)
      .map(({ judged }) => judged!.bytes);
    expect(found.chosen.bytes).toBe(Math.min(...within));
  });

  it('leaves a basis of waves what it is', async () => {
    const wave = (i: number) => Math.cos((Math.PI * Math.floor(i / 12) * (1 + (i % 12))) / 16);
    const basis = Float32Array.from({ length: 16 * 12 }, (_, i) => wave(i));
    const model = modelProto({
      graph: {
        nodes: [node('MatMul', ['X', 'basis'], ['a']), node('Relu', ['a'], ['r']), node('MatMul', ['r', 'w'], ['Y'])],
        initializers: [floats('basis', [16, 12], basis), floats('w', [12, 4], new Random(5).floats(48, 1))].map(
          ({ proto }) => proto,
        ),
        ...io(['N', 16]),
      },
      opset: 17,
    });
    const { model: found, steps } = await searchTraining(openOnnx(model), {
      ...base,
      dataset: arrayDataset({ inputs: { X: { data: new Random(6).floats(300 * 16, 1), dims: [300, 16] } } }),
      maxLoss: 30,
      rounds: 1,
    });
    expect(steps.map(({ what }) => what)).toContain('retrain');
    const kept = found.tensors.find(({ name }) => name === 'basis')!;
    expect(readWeights(kept)).toEqual(toWaves(basis, [16, 12]));
  });

  it('finds the best of a size, with inputs read as they come', async () => {
    let read = 0;
    const { chosen, isReached } = await searchTraining(open(), {
      ...base,
      dataset: async function* (options) {
        read++;
        yield* dataset(options);
      },
      window: 100,
      maxLoss: undefined,
      targetSize: 700,
      rounds: 1,
    });
    expect([isReached, chosen.bytes <= 700]).toEqual([true, true]);
    // Counted, divided, and read anew in each epoch at the least.
    expect(read).toBeGreaterThan(2 + 2);
  });

  it('goes on from a checkpoint to what one that was not stopped finds', async () => {
    const checkpoints: Uint8Array[] = [];
    const whole = await searchTraining(open(), { ...base, onCheckpoint: (bytes) => checkpoints.push(bytes.slice()) });
    const resumed = await searchTraining(open(), { ...base, resume: checkpoints[0] });
    expect(written(resumed.model)[0]).toEqual(written(whole.model)[0]);
    expect(resumed.steps.map(({ ms: _, ...step }) => step)).toEqual(whole.steps.map(({ ms: _, ...step }) => step));
    const other = searchTraining(open(), { ...base, maxLoss: 4, resume: checkpoints[0] });
    await expect(other).rejects.toMatchObject({ code: 'CONFIG' });
    const judgedOtherwise = searchTraining(open(), { ...base, metric: 'agreement', resume: checkpoints[0] });
    await expect(judgedOtherwise).rejects.toThrow('of another model, other data or other options');
    const seenOtherwise = searchTraining(open(), { ...base, dataset: data(COUNT, 0.5), resume: checkpoints[0] });
    await expect(seenOtherwise).rejects.toThrow('of another model, other data or other options');
    const cut = searchTraining(open(), { ...base, resume: checkpoints[0].subarray(0, -1) });
    await expect(cut).rejects.toThrow('not whole');
  });

  it('gives the best so far when it is stopped or its time is over', async () => {
    const controller = new AbortController();
    const onStep = ({ what }: Step) => what === 'retrain' && controller.abort('SIGINT');
    const stopped = await searchTraining(open(), { ...base, onStep, signal: controller.signal });
    expect([stopped.ended, stopped.isCutShort, stopped.chosen.bytes > 0]).toEqual(['stopped', true, true]);
    const early = searchTraining(open(), { ...base, signal: AbortSignal.abort('SIGINT') });
    await expect(early).rejects.toMatchObject({ code: 'ABORTED' });
    const short = await searchTraining(open(), { ...base, time: 1e-3 });
    expect(short.steps.map(({ what }) => what)).toEqual(['encode']);
    expect([short.ended, short.isCutShort, short.isReached]).toEqual(['the time is over', true, true]);
    expect(written(short.model)[0]).toEqual(written(trained)[0]);
  });

  it('ends what takes longer than the time, and what was found counts', async () => {
    // The first epoch alone would take for ever.
    const endless = { ...base, batchSize: 1, roundEpochs: 1_000_000, time: 2 };
    const { steps, ended, isReached } = await searchTraining(open(), endless);
    expect([ended, isReached]).toEqual(['the time is over', true]);
    expect(steps.some(({ what }) => what === 'retrain')).toBe(false);
    expect(steps.some(({ what }) => what === 'levels')).toBe(true);
  });

  it('chooses values of a net that cannot be trained, and says what stands in the way', async () => {
    const model = openOnnx(smallModel({ between: node('Sin', ['a'], ['b'], [], { name: 'wave' }) }));
    const { ended, isCutShort, isReached, steps } = await searchTraining(model, base);
    expect(ended).toMatch(/^the net cannot be trained \(.*Sin node 'wave': no gradient rule/);
    expect([isCutShort, isReached, steps.at(-1)!.what]).toEqual([false, true, 'levels']);
  });

  it('trains what is left through the rounding to the finest values that a size has room for', async () => {
    const size = { dataset, threads: 1, roundEpochs: 4, rounds: 1, learningRate: 0.02 };
    const rounded: string[] = [];
    for (const targetSize of [660, 490, 475]) {
      const { steps, chosen, model } = await searchTraining(open(), { ...size, targetSize });
      const [round] = steps.filter(({ what }) => what === 'round');
      rounded.push(round.why);
      expect(round.judged!.bytes).toBeLessThanOrEqual(targetSize);
      expect(chosen.bytes).toBeLessThanOrEqual(targetSize);
      if (chosen !== round.judged) continue;
      // 16 values of int4 a layer at most.
      const weights = model.tensors.filter(({ role }) => role === 'weight');
      for (const tensor of weights) expect(new Set(readWeights(tensor)).size).toBeLessThanOrEqual(16);
    }
    expect(rounded[0]).toBe('weights are trained through the rounding to int4 in 2 of the layers');
    expect(rounded[1]).toMatch(/int3|ternary/);
    expect(rounded.at(-1)).toMatch(/ternary/);
  });

  it('goes down with the price until something smaller is within the loss', async () => {
    const { chosen, isReached, steps } = await searchTraining(open(), { ...base, maxLoss: 0.3, rounds: 1 });
    expect([isReached, chosen.bytes < steps[0].judged!.bytes]).toEqual([true, true]);
    expect(chosen.judgement!.high).toBeLessThanOrEqual(0.3);
  });
});

describe('the choice between files', () => {
  const judged = (bytes: number, value: number, high: number): Judged => ({
    bytes,
    loss: value,
    judgement: { value, high, low: 0, metric: 'accuracy', unit: 'points', by: 'count', samples: 600 },
  });
  const [sure, better] = [judged(7300, 1.32, 1.87), judged(6870, 0.9, 1.95)];

  it('is by what is expected for a size, and by what is sure for a loss', () => {
    expect(isBetter(better, sure, { targetSize: 8000 })).toBe(true);
    expect(isBetter(sure, better, { targetSize: 8000 })).toBe(false);
    expect(isBetter(better, sure, { targetSize: 7000 })).toBe(true);
    expect(isBetter(better, sure, { limit: 1.9 })).toBe(false);
    expect(isBetter(better, sure, { limit: 2 })).toBe(true);
    expect(isBetter(judged(7000, 0.9, 1.5), better, { targetSize: 8000 })).toBe(true);
  });

  it('follows the price to where the goal lies, and stops where it makes no difference', () => {
    const [loss, size] = [{ limit: 1 }, { targetSize: 5000 }];
    const lower = narrowed(startingAt(1e-7), sure, loss);
    expect([lower.bracket.high?.price, lower.bracket.low, lower.next < 0.5e-7]).toEqual([1e-7, undefined, true]);
    const between = narrowed(lower, judged(9000, 0.2, 0.4), loss);
    expect([between.next > lower.next, between.next < 1e-7]).toEqual([true, true]);
    const smaller = narrowed(startingAt(1e-7), sure, size);
    expect(smaller.next).toBeGreaterThan(2e-7);
    expect(narrowed(smaller, judged(7250, 1, 2), size).isEnd).toBe(false);
    expect(narrowed(smaller, judged(7299, 1, 2), size).isEnd).toBe(true);
  });
});

it('refuses what is out of range', async () => {
  await expect(searchTraining(open(), { ...base, keep: 0 })).rejects.toThrow(RangeError);
  await expect(searchTraining(open(), { ...base, maxLoss: -1 })).rejects.toThrow(RangeError);
  const journal = {
    steps: [],
    round: 0,
    density: 1,
    prices: startingAt(1),
    failed: 0,
    isTrained: false,
    previousDensity: 1,
    previous: new Uint8Array(3),
    took: { looking: 0, price: 0, epoch: 0 },
    epochs: 0,
    model: new Uint8Array(3),
    best: new Uint8Array(3),
    bestJudged: { bytes: 3, loss: 0, judgement: null },
  };
  const damaged = writeJournal(journal, 's');
  await expect(searchTraining(open(), { ...base, resume: damaged.slice(5) })).rejects.toThrow(
    'not one of compress --train',
  );
  const headless = new TextEncoder().encode('fxq-compress training 1\nnull\n');
  await expect(searchTraining(open(), { ...base, resume: headless })).rejects.toMatchObject({ code: 'CONFIG' });
});
