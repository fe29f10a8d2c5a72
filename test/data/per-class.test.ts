import { expect, it } from 'vitest';
import { arrayDataset } from '../../src/data/dataset.js';
import { drawPerClass } from '../../src/data/per-class.js';

const SAMPLES = 7;
/** Inputs that tell their sample: a row each, and a state of two layers, whose second axis the samples are. */
const dataset = arrayDataset({
  inputs: {
    x: { data: Float32Array.from({ length: SAMPLES }, (_, i) => i), dims: [SAMPLES, 1] },
    state: {
      data: Float32Array.from(
        { length: 2 * SAMPLES * 2 },
        (_, i) => 10 * (Math.floor(i / 2) % SAMPLES) + Math.floor(i / 14),
      ),
      dims: [2, SAMPLES, 2],
    },
    scale: { data: Float32Array.of(3), dims: [] },
  },
  labels: [0, 0, 0, 1, 0, 1, 1],
});

it.each([1, 3, 64])('draws the first of each class, a state with them, in batches of %d', async (batchSize) => {
  const drawn: number[] = [];
  for await (const { inputs, labels } of drawPerClass(dataset, 2)({ batchSize })) {
    const samples = Array.from(inputs.x.data, Number);
    drawn.push(...samples);
    expect(Array.from(labels ?? [])).toEqual(samples.map((sample) => (sample === 3 || sample > 4 ? 1 : 0)));
    const layers = [0, 1].flatMap((layer) => samples.flatMap((sample) => [10 * sample + layer, 10 * sample + layer]));
    expect([inputs.state.dims, Array.from(inputs.state.data, Number)]).toEqual([[2, samples.length, 2], layers]);
    expect(Array.from(inputs.scale.data, Number)).toEqual([3]);
  }
  expect(drawn).toEqual([0, 1, 3, 5]);
});
