import type { Dataset } from '../../src/data/dataset.js';
import type { Split } from '../../src/data/split.js';
import { loadRuntime } from '../../src/runtime/runtime.js';
import type { createJudge } from '../../src/search/judge.js';

/** What a judge is told that judges by all of a data set. */
export async function judging(dataset: Dataset): Promise<Parameters<typeof createJudge>[1]> {
  const none = async function* () {};
  const split: Split = {
    ...{
      calibration: none,
      heldOut: () => dataset(),
      calibrationBatches: 0,
      heldOutBatches: 1,
      batchSize: 64,
      calibrationSamples: 0,
      heldOutSamples: 64,
    },
  };
  return { split, runtime: await loadRuntime(), threads: 1 };
}
