import type { Dataset } from '../../data/dataset.js';
import type { Split } from '../../data/split.js';
import { createRandom, shuffle } from '../../random.js';
import { loadSamples, type Samples } from '../../tune/samples.js';
import { HELD_OUT } from '../goal.js';

/** Samples a batch when models are judged. */
const BATCH = 128;

/** Inputs in memory: those to train and calibrate on, and others to judge by, which nothing else sees. */
export interface Inputs {
  readonly samples: Samples;
  readonly trained: Dataset;
  readonly split: Split;
  /** Places of the samples that models are judged by. */
  readonly heldOut: Uint32Array;
}

/** Reads the inputs and keeps some of them apart: a tenth, as many as tell half a point. */
export async function divideInputs(dataset: Dataset, seed: number, signal: AbortSignal | undefined): Promise<Inputs> {
  const samples = await loadSamples(dataset, undefined, signal);
  const places = shuffle(
    Uint32Array.from({ length: samples.count }, (_, i) => i),
    createRandom(seed),
  );
  const count = Math.min(HELD_OUT, Math.ceil(samples.count / 10));
  const heldOut = places.slice(0, count).sort();
  const rest = places.slice(count).sort();
  return {
    samples,
    heldOut,
    trained: datasetOf(samples, rest),
    split: {
      calibration: async function* () {},
      heldOut: batchesOf(samples, heldOut),
      calibrationBatches: 0,
      heldOutBatches: Math.ceil(count / BATCH),
      batchSize: BATCH,
    },
  };
}

function batchesOf(samples: Samples, places: Uint32Array) {
  return async function* () {
    for (const batch of samples.divide(places, BATCH)) yield samples.batch(batch);
  };
}

function datasetOf(samples: Samples, places: Uint32Array): Dataset {
  return async function* ({ batchSize = BATCH, limit = places.length } = {}) {
    for (const batch of samples.divide(places.subarray(0, limit), batchSize)) yield samples.batch(batch);
  };
}
