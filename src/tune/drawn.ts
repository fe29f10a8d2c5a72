import type { Batch, Dataset } from '../data/dataset.js';
import { FxqError, throwIfAborted } from '../errors.js';
import { createRandom, type Random, shuffle } from '../random.js';
import { MOST_HELD_OUT } from './options.js';
import { loadSamples, type Samples, samplesIn } from './samples.js';

/** Samples of which some are in memory, and the places of those among them to train on, in the order to take them in. */
interface Part {
  readonly samples: Samples;
  readonly order: Uint32Array;
}

/** Samples to train on and to judge by, in memory or read as they come. */
export interface TrainingData {
  /** All of them. */
  readonly count: number;
  /** Those that are judged by, and where they are among them. */
  readonly samples: Samples;
  readonly heldOut: Uint32Array;
  /** About how many steps of so many samples an epoch has. */
  steps(batchSize: number): number;
  /** Goes through the samples to train on once, in an order by chance. */
  parts(random: Random): AsyncIterable<Part>;
}

interface DrawOptions {
  readonly limit?: number | undefined;
  readonly heldOut?: number | undefined;
  readonly seed: number;
  /** Samples in memory at a time. Absent: all. */
  readonly window?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** @throws FxqError `DATASET` where there is nothing to draw from */
export async function openTrainingData(dataset: Dataset, options: DrawOptions): Promise<TrainingData> {
  return options.window === undefined ? inMemory(dataset, options) : asTheyCome(dataset, options, options.window);
}

async function inMemory(
  dataset: Dataset,
  { limit, heldOut: wanted, seed, signal }: DrawOptions,
): Promise<TrainingData> {
  const samples = await loadSamples(dataset, limit, signal);
  const { trained, heldOut } = divide(samples.count, wanted, seed);
  return {
    count: samples.count,
    samples,
    heldOut,
    steps: (batchSize) => samples.divide(trained, batchSize, true).length,
    async *parts(random) {
      yield { samples, order: shuffle(trained.slice(), random) };
    },
  };
}

/**
 * Reads the data set anew in each epoch, and mixes as many samples as are in memory at a time: those that stand near each other in
 * the data set are seen near each other.
 */
async function asTheyCome(dataset: Dataset, options: DrawOptions, window: number): Promise<TrainingData> {
  const { limit, seed, signal } = options;
  let count = 0;
  for await (const { batch } of placed(dataset, limit, signal)) count += samplesIn(batch);
  count = Math.min(count, limit ?? count);
  if (count === 0) throw new FxqError('DATASET', 'training data: expected at least one sample, got none');
  const apart = new Set(divide(count, options.heldOut, seed).heldOut);
  const isTrained = (place: number) => place < count && !apart.has(place);

  const kept: Batch[] = [];
  for await (const { batch, first } of placed(dataset, limit, signal)) {
    const places = placesIn(batch).filter((i) => apart.has(first + i));
    if (places.length > 0) kept.push((await loadSamples(listed([batch]))).batch(places));
  }
  const samples = await loadSamples(listed(kept));
  return {
    count,
    samples,
    heldOut: Uint32Array.from({ length: samples.count }, (_, i) => i),
    steps: (batchSize) => Math.ceil((count - samples.count) / batchSize),
    async *parts(random) {
      let batches: Batch[] = [];
      let places: number[] = [];
      let read = 0;
      const part = async (): Promise<Part> => {
        const loaded = await loadSamples(listed(batches), undefined, signal);
        const order = shuffle(Uint32Array.from(places), random);
        [batches, places, read] = [[], [], 0];
        return { samples: loaded, order };
      };
      for await (const { batch, first } of placed(dataset, limit, signal)) {
        for (const i of placesIn(batch)) if (isTrained(first + i)) places.push(read + i);
        batches.push(batch);
        read += samplesIn(batch);
        if (places.length >= window) yield await part();
      }
      if (places.length > 0) yield await part();
    },
  };
}

/** The batches of a data set, each with the place of its first sample. */
async function* placed(dataset: Dataset, limit: number | undefined, signal: AbortSignal | undefined) {
  let first = 0;
  for await (const batch of dataset({ limit })) {
    throwIfAborted(signal);
    yield { batch, first };
    first += samplesIn(batch);
    // A data set may ignore the limit.
    if (limit !== undefined && first >= limit) return;
  }
}

function placesIn(batch: Batch): number[] {
  return [...Array(samplesIn(batch)).keys()];
}

function listed(batches: readonly Batch[]): Dataset {
  return async function* () {
    yield* batches;
  };
}

/** Sets samples apart: a tenth of them, at most so many, if nothing else is said. */
function divide(
  count: number,
  wanted: number | undefined,
  seed: number,
): { trained: Uint32Array; heldOut: Uint32Array } {
  const most = Math.min(MOST_HELD_OUT, Math.ceil(count / 10));
  const size = wanted ?? most;
  if (size >= count) {
    const message = `training data: expected more samples than the ${size} to be held out, got ${count}`;
    throw new FxqError('DATASET', message, { expected: size, actual: count });
  }
  const places = Uint32Array.from({ length: count }, (_, i) => i);
  const order = shuffle(places, createRandom(seed));
  return { heldOut: order.slice(0, size).sort(), trained: order.slice(size) };
}
