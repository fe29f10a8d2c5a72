import type { Batch, Dataset } from '../data/dataset.js';
import { FxqError, throwIfAborted } from '../errors.js';
import { createRandom, type Random, shuffle } from '../random.js';
import { MOST_HELD_OUT } from './options.js';
import { loadSamples, type Samples, samplesIn } from './samples.js';

/** Samples a batch where nothing is said. */
const BATCH = 128;

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
  /** Those to train on, in the order they come in. */
  readonly trained: Dataset;
  /** About how many steps of so many samples an epoch has. */
  steps(batchSize: number): number;
  /** Goes through the samples to train on once, in an order by chance. */
  parts(random: Random): AsyncIterable<Part>;
}

interface DrawOptions {
  readonly limit?: number | undefined;
  /** How many are judged by. Absent: a tenth, at most 5000. */
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

async function inMemory(dataset: Dataset, options: DrawOptions): Promise<TrainingData> {
  const samples = await loadSamples(dataset, options.limit, options.signal);
  const { trained, heldOut } = divide(samples.count, options);
  const inOrder = trained.slice().sort();
  return {
    count: samples.count,
    samples,
    heldOut,
    async *trained({ batchSize = BATCH, limit } = {}) {
      for (const places of samples.divide(inOrder.subarray(0, limit), batchSize)) yield samples.batch(places);
    },
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
  const { limit, signal } = options;
  let count = 0;
  for await (const { batch } of placed(dataset, limit, signal)) count += samplesIn(batch);
  count = Math.min(count, limit ?? count);
  if (count === 0) throw new FxqError('DATASET', 'training data: expected at least one sample, got none');
  const apart = new Set(divide(count, options).heldOut);
  const among = (isWanted: (place: number) => boolean): Dataset =>
    async function* ({ batchSize, limit: most = count } = {}) {
      let given = 0;
      for await (const { batch, first } of placed(dataset, count, signal, batchSize)) {
        const wanted = placesIn(batch).filter((i) => first + i < count && isWanted(first + i));
        const places = wanted.slice(0, most - given);
        if (places.length > 0) yield (await loadSamples(listed([batch]))).batch(places);
        given += places.length;
        if (given >= most) return;
      }
    };
  const samples = await loadSamples(among((place) => apart.has(place)));
  const trained = among((place) => !apart.has(place));
  return {
    count,
    samples,
    heldOut: Uint32Array.from({ length: samples.count }, (_, i) => i),
    trained,
    steps: (batchSize) => Math.ceil((count - samples.count) / batchSize),
    async *parts(random) {
      let batches: Batch[] = [];
      let read = 0;
      const part = async (): Promise<Part> => {
        const loaded = await loadSamples(listed(batches), undefined, signal);
        const order = shuffle(
          Uint32Array.from({ length: read }, (_, i) => i),
          random,
        );
        [batches, read] = [[], 0];
        return { samples: loaded, order };
      };
      for await (const batch of trained()) {
        batches.push(batch);
        read += samplesIn(batch);
        if (read >= window) yield await part();
      }
      if (read > 0) yield await part();
    },
  };
}

/** The batches of a data set, each with the place of its first sample. */
async function* placed(
  dataset: Dataset,
  limit: number | undefined,
  signal: AbortSignal | undefined,
  batchSize?: number,
) {
  let first = 0;
  for await (const batch of dataset({ limit, batchSize })) {
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

/** Sets samples apart. */
function divide(count: number, { heldOut, seed }: DrawOptions): { trained: Uint32Array; heldOut: Uint32Array } {
  const size = heldOut ?? Math.min(MOST_HELD_OUT, Math.ceil(count / 10));
  if (size >= count) {
    const message = `training data: expected more samples than the ${size} to be held out, got ${count}`;
    throw new FxqError('DATASET', message, { expected: size, actual: count });
  }
  const places = Uint32Array.from({ length: count }, (_, i) => i);
  const order = shuffle(places, createRandom(seed));
  return { heldOut: order.slice(0, size).sort(), trained: order.slice(size) };
}
