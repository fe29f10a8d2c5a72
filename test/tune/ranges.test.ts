import { describe, expect, it } from 'vitest';
import { readWeights } from '../../src/model/weights.js';
import { openOnnx } from '../../src/onnx/open.js';
import type { TuneOptions } from '../../src/tune/options.js';
import { tensorNamed, weightsOf, written } from '../stages/support.js';
import { io } from '../support/models/model.js';
import { modelProto, node } from '../support/onnx-builder.js';
import { floats } from '../support/tensors.js';
import { SMALL_TENSORS, smallData, tuned } from './support.js';

const STEP = 0.02;

/** The small model with what its Relu gives rounded to four bits, by a step that is too short. */
function rounded(): Uint8Array {
  const nodes = [
    node('Gemm', ['X', 'w1', 'b1'], ['a']),
    node('Relu', ['a'], ['r']),
    node('Div', ['r', 'step'], ['d']),
    node('Round', ['d'], ['n']),
    node('Clip', ['n', 'low', 'high'], ['c']),
    node('Mul', ['c', 'step'], ['q']),
    node('MatMul', ['q', 'w2'], ['Y']),
  ];
  const scalars = [
    ['step', STEP],
    ['low', 0],
    ['high', 15],
  ] as const;
  const stored = scalars.map(([name, value]) => floats(name, [], Float32Array.of(value)));
  const initializers = [...SMALL_TENSORS(), ...stored].map(({ proto }) => proto);
  return modelProto({ graph: { nodes, initializers, ...io(['N', 6]) }, opset: 17 });
}

const base: TuneOptions = { dataset: smallData(), epochs: 4, batchSize: 16, learningRate: 0.02 };
const stepOf = (model: Parameters<typeof tensorNamed>[0]) => readWeights(tensorNamed(model, 'step'))[0];

describe('ranges of values that the graph rounds', () => {
  it('stay what they are, while weights are trained through the rounding', async () => {
    const { model, epochs } = await tuned(rounded(), base);
    expect(stepOf(model)).toBe(Math.fround(STEP));
    expect(weightsOf(model, 'w1')).not.toEqual(weightsOf(openOnnx(rounded()), 'w1'));
    expect(epochs.at(-1)!.heldOutLoss).toBeLessThan(epochs[0].heldOutLoss);
  });

  it('follow the largest values as a moving average', async () => {
    const { model } = await tuned(rounded(), { ...base, ranges: 'ema', learningRate: 0 });
    // What the largest of a batch asks for, of weights that do not move.
    expect(stepOf(model)).toBeGreaterThan(0.05);
    expect(stepOf(model)).toBeLessThan(0.3);
  });

  it('are learned, and lose less than those that are kept', async () => {
    const kept = await tuned(rounded(), { ...base, epochs: 6 });
    const learned = await tuned(rounded(), { ...base, epochs: 6, ranges: 'learned' });
    expect(stepOf(learned.model)).toBeGreaterThan(STEP);
    const loss = ({ epochs }: typeof kept) => Math.min(...epochs.map(({ heldOutLoss }) => heldOutLoss));
    expect(loss(learned)).toBeLessThan(loss(kept));
  });

  it('go on from a checkpoint to the same bytes', async () => {
    for (const ranges of ['ema', 'learned'] as const) {
      const whole = await tuned(rounded(), { ...base, ranges, weights: 'int4' });
      const resumed = await tuned(rounded(), { ...base, ranges, weights: 'int4', resume: whole.checkpoints[1] });
      expect(written(resumed.model)[0]).toEqual(written(whole.model)[0]);
    }
  });
});
