import { describe, expect, it } from 'vitest';
import type { Model } from '../../src/model/model.js';
import { openOnnx } from '../../src/onnx/open.js';
import { fold } from '../../src/stages/fold.js';
import { quantize } from '../../src/stages/quantize.js';
import type { Epoch, TuneOptions } from '../../src/tune/options.js';
import { weightsOf, written } from '../stages/support.js';
import { io } from '../support/models/model.js';
import { modelProto, node } from '../support/onnx-builder.js';
import { Random } from '../support/random.js';
import { floats } from '../support/tensors.js';
import { SMALL_TENSORS, smallData, tuned } from './support.js';

const HIDDEN = 16;
const VARIANCE = 'norm.variance';

/** The small model with a BatchNormalization behind its first layer, whose statistics are far from what it is given. */
function normalised(): Uint8Array {
  const nodes = [
    node('Gemm', ['X', 'w1', 'b1'], ['a']),
    node('BatchNormalization', ['a', 'norm.scale', 'norm.bias', 'norm.mean', VARIANCE], ['n']),
    node('Relu', ['n'], ['r']),
    node('MatMul', ['r', 'w2'], ['Y']),
  ];
  const random = new Random(5);
  const positive = (low: number) => random.floats(HIDDEN, 0.5).map((value) => low + Math.abs(value));
  const parameters = [
    floats('norm.scale', [HIDDEN], positive(0.5)),
    floats('norm.bias', [HIDDEN], random.floats(HIDDEN, 0.5)),
    floats('norm.mean', [HIDDEN], random.floats(HIDDEN, 1)),
    floats(VARIANCE, [HIDDEN], positive(2)),
  ];
  const initializers = [...SMALL_TENSORS(), ...parameters].map(({ proto }) => proto);
  return modelProto({ graph: { nodes, initializers, ...io(['N', 6]) }, opset: 17 });
}

const base: TuneOptions = { dataset: smallData(), epochs: 4, batchSize: 32, learningRate: 0.02 };
const names = (model: Model) => model.tensors.map(({ name }) => name).sort();
/** The epoch that has become the model. */
const chosen = (epochs: readonly Epoch[]) => epochs.findLast(({ isBest }) => isBest)!;
const best = (epochs: readonly { heldOutLoss: number }[]) => Math.min(...epochs.map(({ heldOutLoss }) => heldOutLoss));

describe('statistics of BatchNormalization', () => {
  it('are kept unless something is said', async () => {
    const { model } = await tuned(normalised(), base);
    expect(weightsOf(model, VARIANCE)).toEqual(weightsOf(openOnnx(normalised()), VARIANCE));
  });

  it('take a tenth of what a batch shows', async () => {
    // All samples but one in a batch, of weights that do not move.
    const still = { ...base, heldOut: 1, epochs: 1, batchSize: 300, learningRate: 0 };
    const { model } = await tuned(normalised(), { ...still, statistics: 'batch' });
    const before = openOnnx(normalised());
    const [w1, b1] = ['w1', 'b1'].map((name) => weightsOf(before, name));
    const rows: number[][] = [];
    for await (const { inputs } of smallData()()) {
      const { data } = inputs.x;
      for (let at = 0; at < data.length; at += 6) rows.push(Array.from({ length: 6 }, (_, i) => Number(data[at + i])));
    }
    for (let c = 0; c < HIDDEN; c++) {
      const values = rows.map((row) => row.reduce((sum, x, i) => sum + x * w1[i * HIDDEN + c], b1[c]));
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
      const follows = (name: string, shown: number) =>
        expect(weightsOf(model, name)[c]).toBeCloseTo(0.9 * weightsOf(before, name)[c] + 0.1 * shown, 2);
      follows('norm.mean', mean);
      follows(VARIANCE, variance);
    }
  });

  it('are those of the batch in training, which learns where stored ones are far off', async () => {
    const kept = await tuned(normalised(), base);
    const batch = await tuned(normalised(), { ...base, statistics: 'batch' });
    expect(best(batch.epochs)).toBeLessThan(best(kept.epochs));
  });

  it('are frozen after a share of the epochs', async () => {
    const still = { ...base, learningRate: 0, statistics: 'batch' } as const;
    const half = await tuned(normalised(), { ...still, epochs: 2 });
    const frozen = await tuned(normalised(), { ...still, epochs: 4, freezeAfter: 0.5 });
    const whole = await tuned(normalised(), { ...still, epochs: 4 });
    const last = ({ checkpoints }: typeof half) => checkpoints.at(-1)!;
    expect(frozen.epochs.at(-1)!.heldOutLoss).toBe(half.epochs.at(-1)!.heldOutLoss);
    expect(whole.epochs.at(-1)!.heldOutLoss).not.toBe(half.epochs.at(-1)!.heldOutLoss);
    expect(last(frozen)).not.toEqual(last(whole));
  });

  it('are folded: weights are rounded with their factor, and answer as in training', async () => {
    const { model, epochs } = await tuned(normalised(), {
      ...base,
      statistics: 'folded',
      weights: 'int4',
      by: 'channel',
    });
    expect(names(model)).toEqual(['b1', 'w1', 'w2']);
    // Of the format already, so rounding them once more changes nothing.
    const again = await quantize({ weights: 'int4', by: 'channel' }).run(model);
    for (const name of ['w1', 'w2']) expect(weightsOf(again, name)).toEqual(weightsOf(model, name));
    const judged = await tuned(model, { ...base, epochs: 1, learningRate: 0 });
    expect(judged.epochs[0].heldOutLoss).toBeCloseTo(chosen(epochs).heldOutLoss, 5);
  });

  it('are folded in the end where nothing is rounded, too', async () => {
    const { model, epochs } = await tuned(normalised(), { ...base, statistics: 'folded' });
    expect(names(model)).toEqual(['b1', 'w1', 'w2']);
    const judged = await tuned(model, { ...base, epochs: 1, learningRate: 0 });
    expect(judged.epochs[0].heldOutLoss).toBeCloseTo(chosen(epochs).heldOutLoss, 5);
  });

  it('keep what is pruned at zero while they are folded', async () => {
    const { model } = await tuned(normalised(), { ...base, statistics: 'folded', weights: 'int4', density: 0.5 });
    expect(weightsOf(model, 'w1').filter((value) => value === 0).length).toBeGreaterThanOrEqual(HIDDEN * 3);
  });

  it.each(['batch', 'folded'] as const)('go on from a checkpoint to the same bytes: %s', async (statistics) => {
    const options = { ...base, statistics, weights: 'int4', freezeAfter: 0.75 } as const;
    const whole = await tuned(normalised(), options);
    const resumed = await tuned(normalised(), { ...options, resume: whole.checkpoints[1] });
    expect(written(resumed.model)[0]).toEqual(written(whole.model)[0]);
  });

  it('that do not exist are told of', async () => {
    const folded = await fold().run(openOnnx(normalised()));
    const { notes } = await tuned(folded, { ...base, epochs: 1, statistics: 'batch' });
    expect(notes.join()).toContain('no BatchNormalization');
  });

  it('of a format without a scale cannot be folded', async () => {
    const options = { ...base, statistics: 'folded', weights: 'binaryconnect' } as const;
    await expect(tuned(normalised(), options)).rejects.toMatchObject({ code: 'CONFIG', tensor: 'w1' });
  });

  it('can only be frozen where they move', async () => {
    await expect(tuned(normalised(), { ...base, freezeAfter: 0.5 })).rejects.toThrow(RangeError);
  });
});

describe('rounding that begins later', () => {
  it('leaves weights floats until then', async () => {
    const small = normalised();
    const floatsFirst = await tuned(small, { ...base, weights: 'int4', roundAfter: 1 });
    const plain = await tuned(small, base);
    const rounded = await quantize({ weights: 'int4' }).run(plain.model);
    // The last epoch is not the best of both: what is compared is the one that both have chosen.
    expect(chosen(floatsFirst.epochs).epoch).toBe(chosen(plain.epochs).epoch);
    for (const name of ['w1', 'w2']) expect(weightsOf(floatsFirst.model, name)).toEqual(weightsOf(rounded, name));
  });

  it('leaves values that the graph rounds as they are until then', async () => {
    const model = (wrap: (value: string) => readonly Uint8Array[]) =>
      modelProto({
        graph: {
          nodes: [node('Gemm', ['X', 'w1', 'b1'], ['a']), ...wrap('a'), node('MatMul', ['r', 'w2'], ['Y'])],
          initializers: [
            ...SMALL_TENSORS().map(({ proto }) => proto),
            ...Object.entries({ step: 0.25, low: -8, high: 7 }).map(
              ([name, value]) => floats(name, [], Float32Array.of(value)).proto,
            ),
          ],
          ...io(['N', 6]),
        },
        opset: 17,
      });
    const fake = model((value) => [
      node('Div', [value, 'step'], ['d']),
      node('Round', ['d'], ['n']),
      node('Clip', ['n', 'low', 'high'], ['c']),
      node('Mul', ['c', 'step'], ['q']),
      node('Relu', ['q'], ['r']),
    ]);
    const qdq = model((value) => [
      node('QuantizeLinear', [value, 'step'], ['c']),
      node('DequantizeLinear', ['c', 'step'], ['q']),
      node('Relu', ['q'], ['r']),
    ]);
    const exact = model((value) => [node('Relu', [value], ['r'])]);
    const trained = (bytes: Uint8Array, roundAfter: number) => tuned(bytes, { ...base, epochs: 1, roundAfter });
    const wanted = weightsOf((await trained(exact, 0)).model, 'w1');
    for (const bytes of [fake, qdq]) {
      const late = weightsOf((await trained(bytes, 1)).model, 'w1');
      for (const [i, value] of wanted.entries()) expect(late[i]).toBeCloseTo(value, 5);
      const early = weightsOf((await trained(bytes, 0)).model, 'w1');
      expect(Math.max(...early.map((value, i) => Math.abs(value - wanted[i])))).toBeGreaterThan(1e-3);
    }
  });

  it('is not for weights that are fixed in turns', async () => {
    const options = { ...base, weights: 'int4', incremental: 2, roundAfter: 0.5 };
    await expect(tuned(normalised(), options)).rejects.toThrow(RangeError);
  });
});
