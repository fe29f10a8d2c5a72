import { FxqError } from '../errors.js';
import {
  type Batch,
  copyInto,
  countOf,
  type Dataset,
  DEFAULT_BATCH_SIZE,
  emptyLike,
  type InputArray,
} from './dataset.js';

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
    let rest: Batch | undefined;
    for await (const batch of dataset({ batchSize })) {
      if (!batch.labels) {
        throw new FxqError(
          'DATASET',
          'data set: expected labels to draw evenly by class, got none; leave out perClass',
        );
      }
      const rows: number[] = [];
      for (let row = 0; row < batch.labels.length && drawn < limit; row++) {
        const count = counts.get(batch.labels[row]) ?? 0;
        if (count >= perClass) continue;
        counts.set(batch.labels[row], count + 1);
        rows.push(row);
        drawn++;
      }
      if (rows.length > 0) rest = joined(rest, rowsOf(batch, rows));
      while (rest?.labels && rest.labels.length >= batchSize) {
        const all = Array.from({ length: rest.labels.length }, (_, row) => row);
        yield rowsOf(rest, all.slice(0, batchSize));
        rest = all.length > batchSize ? rowsOf(rest, all.slice(batchSize)) : undefined;
      }
      if (drawn >= limit) break;
    }
    if (rest) yield rest;
  };
}

/** Some samples of a batch. */
function rowsOf({ inputs, labels = [] }: Batch, rows: readonly number[]): Batch {
  const pick = (array: InputArray): InputArray => {
    const size = countOf(array.dims.slice(1));
    const data = emptyLike(array.data, rows.length * size);
    for (const [at, row] of rows.entries())
      copyInto(data, array.data.subarray(row * size, (row + 1) * size), at * size);
    return { ...array, data, dims: [rows.length, ...array.dims.slice(1)] };
  };
  return {
    inputs: mapped(inputs, (array) => (array.dims.length > 0 ? pick(array) : array)),
    labels: rows.map((row) => labels[row]),
  };
}

function joined(first: Batch | undefined, second: Batch): Batch {
  if (!first) return second;
  const inputs = mapped(second.inputs, (array, name) => {
    const before = first.inputs[name];
    if (array.dims.length === 0) return array;
    const data = emptyLike(array.data, before.data.length + array.data.length);
    copyInto(data, before.data);
    copyInto(data, array.data, before.data.length);
    return { ...array, data, dims: [before.dims[0] + array.dims[0], ...array.dims.slice(1)] };
  });
  return { inputs, labels: [...Array.from(first.labels ?? []), ...Array.from(second.labels ?? [])] };
}

function mapped(inputs: Batch['inputs'], change: (array: InputArray, name: string) => InputArray): Batch['inputs'] {
  return Object.fromEntries(Object.entries(inputs).map(([name, array]) => [name, change(array, name)]));
}
