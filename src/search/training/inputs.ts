import type { Dataset } from '../../data/dataset.js';
import type { Split } from '../../data/split.js';
import { openTrainingData } from '../../tune/drawn.js';
import type { Samples } from '../../tune/samples.js';
import type { TrainingOptions } from './options.js';

/** Samples a batch when models are judged. */
const BATCH = 128;

/** Inputs to train and calibrate on, and others to judge by, which nothing else sees. */
export interface Inputs {
  /** All of them. */
  readonly count: number;
  readonly trained: Dataset;
  readonly split: Split;
  /** Those that are in memory, at least all that models are judged by, and where these are among them. */
  readonly samples: Samples;
  readonly heldOut: Uint32Array;
}

/** Reads the inputs, or with a window only looks through them, and keeps a tenth apart: of many files that differ by little, few would choose by chance. */
export async function divideInputs({ dataset, window, signal }: TrainingOptions, seed: number): Promise<Inputs> {
  const data = await openTrainingData(dataset, { seed, window, signal });
  const { count, trained, samples, heldOut } = data;
  return {
    ...{ count, trained, samples, heldOut },
    split: {
      calibration: async function* () {},
      heldOut: async function* () {
        for (const batch of samples.divide(heldOut, BATCH)) yield samples.batch(batch);
      },
      calibrationBatches: 0,
      calibrationSamples: 0,
      heldOutSamples: heldOut.length,
      heldOutBatches: Math.ceil(heldOut.length / BATCH),
      batchSize: BATCH,
    },
  };
}
