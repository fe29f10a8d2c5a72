import {
  type Batch,
  copyInto,
  countOf,
  type Dataset,
  emptyLike,
  type InputArray,
  type NumberArray,
} from '../data/dataset.js';
import { findNaN } from '../data/look.js';
import { FxqError, throwIfAborted } from '../errors.js';

/** A data set in memory, in the element types it came in, so that samples can be drawn in any order. */
export interface Samples {
  readonly count: number;
  readonly labels: Float64Array | undefined;
  /** The samples at these places, in this order, as one batch. */
  batch(places: ArrayLike<number>): Batch;
}

interface Column {
  readonly data: NumberArray;
  /** Values a sample. */
  readonly row: number;
  readonly like: InputArray;
}

/**
 * Reads a data set into memory: 8-bit pixels stay 8-bit, so that MNIST takes 47 MB.
 *
 * @throws FxqError `DATASET` where there is nothing to draw from: no samples, or arrays without a sample axis
 */
export async function loadSamples(dataset: Dataset, limit?: number, signal?: AbortSignal): Promise<Samples> {
  const batches: Batch[] = [];
  let count = 0;
  for await (const batch of dataset({ limit })) {
    throwIfAborted(signal);
    const nan = findNaN(batch, count);
    if (nan !== undefined) throw new FxqError('DATASET', `training data: expected numbers, got ${nan}`);
    batches.push(batch);
    count += samplesIn(batch);
    // A data set may ignore the limit.
    if (limit !== undefined && count >= limit) break;
  }
  const read = count;
  count = Math.min(count, limit ?? count);
  if (count === 0) throw new FxqError('DATASET', 'training data: expected at least one sample, got none');
  const names = Object.keys(batches[0].inputs);
  const columns = new Map(names.map((name) => [name, columnOf(name, batches)]));
  const isLabelled = batches.every(({ labels }) => labels !== undefined);
  const labels = isLabelled ? Float64Array.from(batches.flatMap(({ labels }) => Array.from(labels!))) : undefined;
  if (labels && labels.length !== read) {
    const message = `training data: expected a label for each of ${read} samples, got ${labels.length}`;
    throw new FxqError('DATASET', message, { tensor: 'labels', expected: read, actual: labels.length });
  }
  return {
    count,
    labels,
    batch(places) {
      const inputs = names.map((name) => [name, pick(columns.get(name)!, places)] as const);
      return {
        inputs: Object.fromEntries(inputs),
        ...(labels && { labels: Array.from(places, (place) => labels[place]) }),
      };
    },
  };
}

function samplesIn({ inputs }: Batch): number {
  const sizes = Object.entries(inputs).filter(([, { dims }]) => dims.length > 0);
  const [first, ...others] = sizes;
  const odd = others.find(([, { dims }]) => dims[0] !== first[1].dims[0]);
  if (!first || odd) {
    const got = odd ? `${first[1].dims[0]} in '${first[0]}' and ${odd[1].dims[0]} in '${odd[0]}'` : 'scalars only';
    const message = `training data: expected the sample to be the first axis of every array, got ${got}`;
    throw new FxqError('DATASET', message, { actual: got });
  }
  return first[1].dims[0];
}

function columnOf(name: string, batches: readonly Batch[]): Column {
  const [first] = batches.map(({ inputs }) => inputs[name]);
  if (first.dims.length === 0) return { data: first.data, row: 0, like: first };
  const row = countOf(first.dims.slice(1));
  const arrays = batches.map(({ inputs }) => inputs[name]);
  const odd = arrays.find((array) => `${array?.dims.slice(1)}` !== `${first.dims.slice(1)}`);
  if (arrays.some((array) => array === undefined) || odd) {
    const got = odd ? `[${odd.dims.slice(1).join(', ')}]` : 'none';
    const message = `training data: expected '${name}' of shape [${first.dims.slice(1).join(', ')}] for every sample, got ${got}`;
    throw new FxqError('DATASET', message, { tensor: name, expected: first.dims.slice(1), actual: odd?.dims.slice(1) });
  }
  if (
    arrays.some(
      ({ data, type, scale }) =>
        data.constructor !== first.data.constructor || type !== first.type || scale !== first.scale,
    )
  ) {
    const message = `training data: expected '${name}' of one type and scale for all samples, got several`;
    throw new FxqError('DATASET', message, { tensor: name });
  }
  const data = emptyLike(
    first.data,
    arrays.reduce((sum, each) => sum + each.data.length, 0),
  );
  let at = 0;
  for (const each of arrays) {
    copyInto(data, each.data, at);
    at += each.data.length;
  }
  return { data, row, like: first };
}

function pick({ data, row, like: array }: Column, places: ArrayLike<number>): InputArray {
  if (row === 0) return array;
  const picked = emptyLike(data, places.length * row);
  for (let i = 0; i < places.length; i++) {
    const from = data.subarray(places[i] * row, (places[i] + 1) * row);
    copyInto(picked, from, i * row);
  }
  return { ...array, data: picked, dims: [places.length, ...array.dims.slice(1)] };
}
