import { FxqError } from '../errors.js';

/** The arrays that numbers arrive in. Half floats have no array class in Node 20: see {@link InputArray.type}. */
export type NumberArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/** One named array of a batch; the first axis is the sample, except for scalars and for state such as an RNN's. */
export interface InputArray {
  readonly data: NumberArray;
  readonly dims: readonly number[];
  /**
   * Element type by its ONNX name, needed only where the array's class does not tell: `'float16'` (a `Uint16Array` of
   * bit patterns), `'bool'` (a `Uint8Array`), `'uint16'` (numbers, not half floats).
   */
  readonly type?: string | undefined;
  /** Factor on the values when the model takes floats: `1 / 255` for pixels. Integer inputs get the numbers as they are. */
  readonly scale?: number | undefined;
}

/** Samples that go through the model together. */
export interface Batch {
  /** Arrays by the model's input names. A single array of any name also feeds a model with a single input. */
  readonly inputs: Readonly<Record<string, InputArray>>;
  /** The right class of every sample, where it is known. */
  readonly labels?: ArrayLike<number> | undefined;
}

/** What a reader of samples asks for; a data set that cannot do it may ignore it. */
export interface DatasetOptions {
  /** At most so many samples, the first ones. Default: all. */
  readonly limit?: number | undefined;
  /** Samples in a batch. Default: 64, or what the data set finds right. */
  readonly batchSize?: number | undefined;
  /** Which batches are wanted, by their number; asked of data sets that know how many {@link Dataset.samples} they have. */
  readonly isWanted?: ((batch: number) => boolean) | undefined;
}

/** A data set: every call goes through the samples once, from the first, in the same order. */
export interface Dataset {
  (options?: DatasetOptions): AsyncIterable<Batch>;
  /** How many samples there are, of data sets that know it and leave out batches that are not wanted. */
  readonly samples?: number | undefined;
}

/** Large enough to keep the cores busy, small enough for the activations of an image model. */
export const DEFAULT_BATCH_SIZE = 64;

/** An array of the same class, with zeros. */
export function emptyLike<T extends NumberArray>(array: T, length: number): T {
  return new (array.constructor as new (length: number) => T)(length);
}

/** Copies the elements of an array into another of the same class. */
export function copyInto(target: NumberArray, source: NumberArray, at = 0): void {
  const bytes = new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
  new Uint8Array(target.buffer, target.byteOffset, target.byteLength).set(bytes, at * target.BYTES_PER_ELEMENT);
}

/** The number of elements an array of these dims has; `Infinity` rather than a wrong number when it overflows. */
export function countOf(dims: readonly number[]): number {
  let count = 1;
  for (const dim of dims) count *= dim;
  return Number.isSafeInteger(count) ? count : Number.POSITIVE_INFINITY;
}

/** Throws a `RangeError` unless `value` is absent or a whole number of at least 1. */
export function checkPositive(name: string, value: number | undefined): void {
  if (value !== undefined && !(Number.isSafeInteger(value) && value >= 1)) {
    throw new RangeError(`${name}: expected a whole number of at least 1, got ${value}`);
  }
}

/** Where the samples of a batch are. */
export interface SampleAxes {
  readonly samples: number;
  /** Of every array that is no scalar: the first axis, or the second of a state such as an RNN's, whose first are its layers. */
  readonly axes: ReadonlyMap<string, 0 | 1>;
}

/** Finds the axis that arrays have in common; `undefined` where none is. Where labels or a first axis fit all, they tell. */
export function sampleAxes({ inputs, labels }: Batch): SampleAxes | undefined {
  const arrays = Object.entries(inputs).filter(([, { dims }]) => dims.length > 0);
  const sizes = labels ? [labels.length] : [...new Set(arrays.map(([, { dims }]) => dims[0]))];
  for (const samples of sizes) {
    // A state has three axes: layers, samples, what is held. Of anything else only the first can be meant.
    const axes = new Map(
      arrays.map(([name, { dims }]) => [name, dims.slice(0, dims.length === 3 ? 2 : 1).indexOf(samples)]),
    );
    const isCommon = [...axes.values()].every((axis): axis is 0 | 1 => axis >= 0);
    if (isCommon && [...axes.values()].includes(0)) return { samples, axes: axes as Map<string, 0 | 1> };
  }
  return undefined;
}

/**
 * A data set over arrays in memory. The first axis of every array is the sample and has the same length in all; of a state,
 * whose first axis are its layers, it may be the second, which is copied. Scalars (no dims) are handed to every batch as they
 * are. Batches are otherwise views of the arrays.
 *
 * @param batch all samples as one batch
 * @param file for messages: where the arrays are from
 * @throws FxqError `DATASET` when arrays and labels differ in length, are empty, or none has a sample axis
 * @example
 * const dataset = arrayDataset({ inputs: { x: { data: new Float32Array(20), dims: [5, 4] } }, labels: [0, 1, 0, 1, 1] });
 * for await (const { inputs, labels } of dataset({ batchSize: 2 })) console.log(inputs.x.dims, labels); // [2, 4] …
 */
export function arrayDataset(batch: Batch, file = 'data set'): Dataset {
  const { inputs, labels } = batch;
  const entries = Object.entries(inputs);
  const first = entries.find(([, input]) => input.dims.length > 0);
  if (!first) {
    throw new FxqError('DATASET', `${file}: expected an array whose first axis is the sample, found none`, { file });
  }
  refuseEmpty(batch, file);
  const found = sampleAxes(batch);
  const total = found?.samples ?? first[1].dims[0];
  const check = (name: string, samples: number) => {
    if (samples === total) return;
    const message = `${file}: expected ${total} samples in '${name}' as in '${first[0]}', got ${samples}`;
    throw new FxqError('DATASET', message, { file, tensor: name, expected: total, actual: samples });
  };
  if (!found) {
    for (const [name, input] of entries) if (input.dims.length > 0) check(name, input.dims[0]);
    if (labels) check('labels', labels.length);
  }

  return async function* samples(options = {}) {
    checkPositive('limit', options.limit);
    checkPositive('batchSize', options.batchSize);
    const { limit = total, batchSize = DEFAULT_BATCH_SIZE } = options;
    const end = Math.min(total, limit);
    for (let start = 0; start < end; start += batchSize) {
      const stop = Math.min(end, start + batchSize);
      const part = entries.map(
        ([name, input]) => [name, samplesOf(input, start, stop, found?.axes.get(name))] as const,
      );
      yield {
        inputs: Object.fromEntries(part),
        ...(labels && { labels: Array.from({ length: stop - start }, (_, i) => labels[start + i]) }),
      };
    }
  };
}

/**
 * Refuses arrays without a single element; one of several may be so, such as a past that is yet to come.
 *
 * @throws FxqError `DATASET`
 */
export function refuseEmpty({ inputs }: Batch, file: string): void {
  const arrays = Object.entries(inputs).filter(([, { dims }]) => dims.length > 0);
  if (arrays.length === 0 || arrays.some(([, { dims }]) => countOf(dims) > 0)) return;
  const [[name, { dims }]] = arrays;
  const message = `${file}: expected at least one number in '${name}', got none: its shape is [${dims.join(', ')}]; leave it out, or record it again`;
  throw new FxqError('DATASET', message, { file, tensor: name, expected: 1, actual: 0 });
}

/** The first samples of a batch; the whole batch where it has no more, or nothing tells where they end. */
export function firstSamples(batch: Batch, count: number): Batch {
  const found = sampleAxes(batch);
  if (!found || found.samples <= count) return batch;
  const { inputs, labels } = batch;
  const part = Object.entries(inputs).map(
    ([name, input]) => [name, samplesOf(input, 0, count, found.axes.get(name))] as const,
  );
  return {
    inputs: Object.fromEntries(part),
    ...(labels && { labels: Array.prototype.slice.call(labels, 0, count) }),
  };
}

/** The samples from `start` up to, not including, `stop`; a scalar is every sample's. */
function samplesOf(input: InputArray, start: number, stop: number, axis: 0 | 1 = 0): InputArray {
  const { data, dims } = input;
  if (dims.length === 0) return input;
  const row = countOf(dims.slice(axis + 1));
  const count = stop - start;
  if (axis === 0) return { ...input, data: data.subarray(start * row, stop * row), dims: [count, ...dims.slice(1)] };
  const part = emptyLike(data, dims[0] * count * row);
  for (let i = 0; i < dims[0]; i++) {
    const from = (i * dims[1] + start) * row;
    copyInto(part, data.subarray(from, from + count * row), i * count * row);
  }
  return { ...input, data: part, dims: [dims[0], count, ...dims.slice(2)] };
}
