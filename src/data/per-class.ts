import { FxqError } from '../errors.js';
import {
  type Batch,
  copyInto,
  countOf,
  type Dataset,
  DEFAULT_BATCH_SIZE,
  emptyLike,
  type SampleAxes,
  sampleAxes,
} from './dataset.js';

/** A sample by its place in a batch. */
interface Sample {
  readonly batch: Batch;
  readonly row: number;
}

type Axes = SampleAxes['axes'];

/**
 * The first samples of each class of a data set, in its order: as many of one class as of another, so that a few of them
 * stand for all.
 *
 * @param perClass - samples of each class; a class with fewer has all that it has
 * @throws FxqError `DATASET` where a batch has no labels
 */
export function drawPerClass(dataset: Dataset, perClass: number): Dataset {
  return async function* evenly({ limit = Number.POSITIVE_INFINITY, batchSize = DEFAULT_BATCH_SIZE } = {}) {
    const counts = new Map<number, number>();
    let drawn = 0;
    let waiting: Sample[] = [];
    // Found once: a short last batch may have as many samples as a state has layers.
    let axes: Axes | undefined;
    for await (const batch of dataset({ batchSize })) {
      if (!batch.labels) {
        throw new FxqError(
          'DATASET',
          'data set: expected labels to draw evenly by class, got none; leave out perClass (--per-class)',
        );
      }
      axes ??= sampleAxes(batch)?.axes ?? new Map();
      const chosen: Sample[] = [];
      for (let row = 0; row < batch.labels.length && drawn < limit; row++) {
        const count = counts.get(batch.labels[row]) ?? 0;
        if (count >= perClass) continue;
        counts.set(batch.labels[row], count + 1);
        chosen.push({ batch, row });
        drawn++;
      }
      // The batch is let go: it may be far larger than what is taken of it.
      const kept = gathered(chosen, axes);
      waiting.push(...chosen.map((_, row) => ({ batch: kept, row })));
      while (waiting.length >= batchSize) {
        yield gathered(waiting.slice(0, batchSize), axes);
        waiting = waiting.slice(batchSize);
      }
      if (drawn >= limit) break;
    }
    if (axes && waiting.length > 0) yield gathered(waiting, axes);
  };
}

/** Samples of one batch or several as a batch. */
function gathered(samples: readonly Sample[], axes: Axes): Batch {
  const names = Object.keys(samples[0]?.batch.inputs ?? {});
  return {
    inputs: Object.fromEntries(names.map((name) => [name, gatheredInput(name, samples, axes.get(name))])),
    labels: samples.map(({ batch, row }) => batch.labels?.[row] ?? 0),
  };
}

function gatheredInput(name: string, samples: readonly Sample[], axis: 0 | 1 = 0) {
  const [first] = samples.map(({ batch }) => batch.inputs[name]);
  if (first.dims.length === 0) return first;
  const [before, after] = [first.dims.slice(0, axis), first.dims.slice(axis + 1)];
  const size = countOf(after);
  const data = emptyLike(first.data, countOf(before) * samples.length * size);
  for (const [at, { batch, row }] of samples.entries()) {
    const { data: source, dims } = batch.inputs[name];
    for (let i = 0; i < countOf(before); i++) {
      const from = (i * dims[axis] + row) * size;
      copyInto(data, source.subarray(from, from + size), (i * samples.length + at) * size);
    }
  }
  return { ...first, data, dims: [...before, samples.length, ...after] };
}
