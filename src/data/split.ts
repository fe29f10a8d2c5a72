import { createRandom, shuffle } from '../random.js';
import { type Batch, type Dataset, firstSamples, sampleAxes } from './dataset.js';

/** Inputs to calibrate on, and others to judge the result by. */
export interface Split {
  readonly calibration: () => AsyncIterable<Batch>;
  readonly heldOut: () => AsyncIterable<Batch>;
  /** Batches, all of about one size. */
  readonly calibrationBatches: number;
  readonly heldOutBatches: number;
  readonly batchSize: number;
  /** How many inputs these have. */
  readonly calibrationSamples: number;
  readonly heldOutSamples: number;
}

/**
 * Divides a data set, batch by batch, in an order that the seed decides. Nothing is kept: each pass reads the data set
 * again and passes over what it does not want.
 *
 * @param options.piece - samples that pass the model together, where it takes no other number: calibration is given the first of its samples
 *   to as many of these as it needs; whole batches otherwise
 * @param options.isRest - only what calibration leaves is kept apart; of few inputs a quarter is otherwise, whatever it wants
 */
export async function splitDataset(
  dataset: Dataset,
  batchSize: number,
  calibrationSamples: number,
  heldOutSamples: number,
  seed: number,
  { isRest = false, piece }: { readonly isRest?: boolean | undefined; readonly piece?: number | undefined } = {},
): Promise<Split> {
  const sizes = await sizesOf(dataset, batchSize);
  // A last batch that is smaller than a piece tells nothing to who looks at whole ones.
  const whole = [...sizes.keys()].filter((batch) => sizes[batch] >= (piece ?? 1));
  const order = shuffle(whole.length > 0 ? whole : [...sizes.keys()], createRandom(seed));
  const total = order.length;
  const wanted = Math.ceil(calibrationSamples / batchSize);
  const most = Math.max(isRest ? 0 : Math.floor(total / 4), total - wanted);
  const heldOutCount = Math.min(Math.ceil(heldOutSamples / batchSize), most);
  const [first, second] = isRest ? [wanted, heldOutCount] : [heldOutCount, wanted];
  const parts = [new Set(order.slice(0, first)), new Set(order.slice(first, first + second))];
  const [calibration, heldOut] = isRest ? parts : parts.reverse();
  const cut = piece ?? batchSize;
  const limit = cut * Math.ceil(calibrationSamples / cut);
  const samplesIn = (chosen: ReadonlySet<number>) => [...chosen].reduce((sum, batch) => sum + sizes[batch], 0);
  const pick = (chosen: ReadonlySet<number>, limit = Number.POSITIVE_INFINITY) =>
    async function* batches() {
      let [index, left] = [0, limit];
      // What knows how many samples it has leaves out by itself what is not wanted.
      const isPicked = dataset.samples !== undefined;
      const isWanted = (batch: number) => chosen.has(batch);
      let last = chosen.size;
      for await (const batch of dataset(isPicked ? { batchSize, isWanted } : { batchSize })) {
        if (!isPicked && !chosen.has(index++)) continue;
        yield firstSamples(batch, left);
        left -= sampleAxes(batch)?.samples ?? batchSize;
        if (--last === 0 || left <= 0) return;
      }
    };
  return {
    calibration: pick(calibration, limit),
    heldOut: pick(heldOut),
    calibrationBatches: calibration.size,
    heldOutBatches: heldOut.size,
    batchSize,
    calibrationSamples: Math.min(limit, samplesIn(calibration)),
    heldOutSamples: samplesIn(heldOut),
  };
}

/** How many samples each batch has. */
async function sizesOf(dataset: Dataset, batchSize: number): Promise<number[]> {
  const { samples } = dataset;
  if (samples !== undefined) {
    const count = Math.ceil(samples / batchSize);
    return Array.from({ length: count }, (_, i) => Math.min(batchSize, samples - i * batchSize));
  }
  const sizes: number[] = [];
  for await (const batch of dataset({ batchSize })) sizes.push(sampleAxes(batch)?.samples ?? batchSize);
  return sizes;
}
