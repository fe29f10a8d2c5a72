import { createRandom, shuffle } from '../random.js';
import type { Batch, Dataset } from './dataset.js';

/** Inputs to calibrate on, and others to judge the result by. */
export interface Split {
  readonly calibration: () => AsyncIterable<Batch>;
  readonly heldOut: () => AsyncIterable<Batch>;
  /** Batches, all of about one size. */
  readonly calibrationBatches: number;
  readonly heldOutBatches: number;
  readonly batchSize: number;
}

/**
 * Divides a data set, batch by batch, in an order that the seed decides. Nothing is kept: each pass reads the data set
 * again and passes over what it does not want.
 */
export async function splitDataset(
  dataset: Dataset,
  batchSize: number,
  calibrationSamples: number,
  heldOutSamples: number,
  seed: number,
): Promise<Split> {
  const total = await countBatches(dataset, batchSize);
  const places = Array.from({ length: total }, (_, i) => i);
  const order = shuffle(places, createRandom(seed));
  const wantedHeldOut = Math.ceil(heldOutSamples / batchSize);
  const wanted = Math.ceil(calibrationSamples / batchSize);
  const heldOutCount = Math.min(wantedHeldOut, Math.max(Math.floor(total / 4), total - wanted));
  const heldOut = new Set(order.slice(0, heldOutCount));
  const calibration = new Set(order.slice(heldOutCount, heldOutCount + wanted));
  const pick = (chosen: ReadonlySet<number>) =>
    async function* batches() {
      let index = 0;
      let left = chosen.size;
      if (dataset.samples !== undefined) return yield* dataset({ batchSize, isWanted: (batch) => chosen.has(batch) });
      for await (const batch of dataset({ batchSize })) {
        if (chosen.has(index++)) {
          yield batch;
          if (--left === 0) return;
        }
      }
    };
  return {
    calibration: pick(calibration),
    heldOut: pick(heldOut),
    calibrationBatches: calibration.size,
    heldOutBatches: heldOut.size,
    batchSize,
  };
}

async function countBatches(dataset: Dataset, batchSize: number): Promise<number> {
  if (dataset.samples !== undefined) return Math.ceil(dataset.samples / batchSize);
  let total = 0;
  for await (const _ of dataset({ batchSize })) total++;
  return total;
}
