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
import { present } from '../guards.js';

/** A data set in memory, in the element types it came in, so that samples can be drawn in any order. */
export interface Samples {
  readonly count: number;
  readonly labels: Float64Array | undefined;
  /** The samples at these places, in this order, as one batch: they have to be of one shape. */
  batch(places: ArrayLike<number>): Batch;
  /**
   * Divides places, in their order, into those of batches of at most so many samples of one shape. With `isWhole`, what
   * is left of a shape after its last whole batch is left out, unless that is all there is of it.
   */
  divide(places: Uint32Array, size: number, isWhole?: boolean): Uint32Array[];
}

/** Samples of one shape. */
interface Group {
  readonly columns: ReadonlyMap<string, Column>;
}

interface Column {
  readonly data: NumberArray;
  /** Values a sample. */
  readonly row: number;
  readonly like: InputArray;
}

/**
 * Reads a data set into memory: 8-bit pixels stay 8-bit, so that MNIST takes 47 MB. Samples may be of several shapes, as
 * sequences are, from batch to batch.
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
  const { groups, groupOf, rowOf } = grouped(names, batches, read);
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
      const { columns } = groups[groupOf[places[0] ?? 0]];
      const rows = Array.from(places, (place) => rowOf[place]);
      const inputs = names.map((name) => [name, pick(present(columns.get(name)), rows)] as const);
      return {
        inputs: Object.fromEntries(inputs),
        ...(labels && { labels: Array.from(places, (place) => labels[place]) }),
      };
    },
    divide(places, size, isWhole = false) {
      const divided: Uint32Array[] = [];
      const open = groups.map((): number[] => []);
      const isBegun = groups.map(() => false);
      for (const place of places) {
        const group = groupOf[place];
        open[group].push(place);
        if (open[group].length < size) continue;
        divided.push(Uint32Array.from(open[group].splice(0)));
        isBegun[group] = true;
      }
      const rest = open.filter((left, group) => left.length > 0 && !(isWhole && isBegun[group]));
      return [...divided, ...rest.map((left) => Uint32Array.from(left))];
    },
  };
}

/** The samples by their shapes: which group each is in, and which of its rows it is. */
function grouped(names: readonly string[], batches: readonly Batch[], count: number) {
  const shapes = new Map<string, { index: number; count: number; batches: Batch[] }>();
  const groupOf = new Uint32Array(count);
  const rowOf = new Uint32Array(count);
  let place = 0;
  for (const batch of batches) {
    const key = names.map((name) => `${batch.inputs[name]?.dims.slice(1)}`).join(' ');
    const shape = shapes.get(key) ?? { index: shapes.size, count: 0, batches: [] };
    shapes.set(key, shape);
    shape.batches.push(batch);
    for (let i = samplesIn(batch); i > 0; i--) {
      groupOf[place] = shape.index;
      rowOf[place++] = shape.count++;
    }
  }
  const groups = [...shapes.values()].map(
    (shape): Group => ({ columns: new Map(names.map((name) => [name, columnOf(name, shape.batches, batches[0])])) }),
  );
  return { groups, groupOf, rowOf };
}

export function samplesIn({ inputs }: Batch): number {
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

/** @param model - what arrays of all shapes have to be like */
function columnOf(name: string, batches: readonly Batch[], model: Batch): Column {
  const first = batches[0].inputs[name];
  const like = model.inputs[name];
  const arrays = batches.map(({ inputs }) => inputs[name]);
  if (first === undefined || first.dims.length !== like.dims.length) {
    const got = first === undefined ? 'none' : `[${first.dims.slice(1).join(', ')}]`;
    const message = `training data: expected '${name}' of shape [${like.dims.slice(1).join(', ')}] for every sample, or another of as many axes, got ${got}`;
    throw new FxqError('DATASET', message, {
      tensor: name,
      expected: like.dims.slice(1),
      actual: first?.dims.slice(1),
    });
  }
  if (first.dims.length === 0) return { data: first.data, row: 0, like: first };
  const row = countOf(first.dims.slice(1));
  if (
    arrays.some(
      ({ data, type, scale }) =>
        data.constructor !== like.data.constructor || type !== like.type || scale !== like.scale,
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
