import { describe, expect, it } from 'vitest';
import type { Batch, Dataset } from '../../src/data/dataset.js';
import type { Model } from '../../src/model/model.js';
import { isPatchable, readWeights } from '../../src/model/weights.js';
import { openOnnx } from '../../src/onnx/open.js';
import type { Epoch } from '../../src/tune/options.js';
import { tune } from '../../src/tune/tune.js';
import { modelOf, node, stored } from '../calibrate/support.js';
import { Random } from '../support/random.js';

const WIDTH = 5;
const weightsOf = ({ tensors }: Model) => tensors.filter(isPatchable).map(readWeights);

/** Sequences [N, T, 5]: a layer, the mean over time, and scores. */
function sequenceModel(): Uint8Array {
  const bytes = modelOf({
    nodes: [
      node('MatMul', ['x', 'w1'], ['h']),
      node('Relu', ['h'], ['r']),
      node('ReduceMean', ['r'], ['m'], { axes: [1], keepdims: 0 }),
      node('MatMul', ['m', 'w2'], ['y']),
    ],
    // Sizes of 0 are free.
    inputs: { x: [0, 0, WIDTH] },
    tensors: [stored('w1', [WIDTH, 8]), stored('w2', [8, 3])],
  });
  return bytes;
}

/** Sequences [N, T, 5]: what an LSTM holds after all steps, and scores. */
function recurrentModel(): Uint8Array {
  const size = 6;
  return modelOf({
    nodes: [
      node('Transpose', ['x'], ['steps'], { perm: [1, 0, 2] }),
      node('LSTM', ['steps', 'w', 'r', 'b'], ['', 'h'], { hidden_size: size }),
      node('ReduceMean', ['h'], ['last'], { axes: [0], keepdims: 0 }),
      node('MatMul', ['last', 'w2'], ['y']),
    ],
    inputs: { x: [0, 0, WIDTH] },
    tensors: [
      stored('w', [1, 4 * size, WIDTH]),
      stored('r', [1, 4 * size, size]),
      stored('b', [1, 8 * size]),
      stored('w2', [size, 3]),
    ],
  });
}

/** Sequences of these lengths, a batch each; the class is told by which of three features is the largest. */
function sequences(lengths: readonly number[], size: number, isLabelled: boolean): Dataset {
  const random = new Random(7);
  const batches = lengths.map((length): Batch => {
    const labels = Array.from({ length: size }, (_, i) => (i + length) % 3);
    const data = random.floats(size * length * WIDTH, 0.5);
    for (const [i, label] of labels.entries())
      for (let t = 0; t < length; t++) data[(i * length + t) * WIDTH + label] += 2;
    return { inputs: { x: { data, dims: [size, length, WIDTH] } }, ...(isLabelled && { labels }) };
  });
  return async function* () {
    yield* batches;
  };
}

describe('sequences of several lengths are trained on by length', () => {
  it.each<[string, number[], number, boolean]>([
    ['of two lengths, with labels', [4, 9, 4, 9], 16, true],
    ['each of its own', [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21], 1, true],
    ['of five lengths, without labels', [3, 6, 9, 12, 15], 12, false],
    ['with one that is alone', [5, 5, 5, 8], 10, true],
    ['of one length', [6, 6, 6], 16, false],
  ])('%s', async (_, lengths, size, isLabelled) => {
    const model = openOnnx(sequenceModel());
    const teacher = isLabelled ? undefined : openOnnx(sequenceModel());
    const run = async () => {
      const epochs: Epoch[] = [];
      const dataset = sequences(lengths, size, isLabelled);
      const options = {
        dataset,
        teacher,
        density: isLabelled ? undefined : 0.6,
        epochs: 12,
        batchSize: 8,
        learningRate: 0.02,
      };
      const tuned = await tune({ ...options, threads: 1, onEpoch: (epoch) => void epochs.push(epoch) }).run(model);
      return { epochs, weights: weightsOf(tuned) };
    };
    const { epochs, weights } = await run();
    expect(epochs).toHaveLength(12);
    if (isLabelled) expect(epochs[11].loss).toBeLessThan(0.8 * epochs[0].loss);
    expect(weights).not.toEqual(weightsOf(model));
    expect((await run()).weights).toEqual(weights);
  });

  it('through a recurrent layer', async () => {
    const model = openOnnx(recurrentModel());
    const epochs: Epoch[] = [];
    const options = { dataset: sequences([4, 7, 4, 7], 16, true), epochs: 10, batchSize: 8, learningRate: 0.02 };
    const tuned = await tune({ ...options, threads: 1, onEpoch: (epoch) => void epochs.push(epoch) }).run(model);
    expect(epochs[9].loss).toBeLessThan(0.7 * epochs[0].loss);
    const before = weightsOf(model);
    for (const [i, weights] of weightsOf(tuned).entries()) expect(weights).not.toEqual(before[i]);
  });
});
