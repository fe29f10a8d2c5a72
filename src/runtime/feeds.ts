import { castTo } from '../data/cast.js';
import { type Batch, copyInto, countOf, emptyLike, type InputArray, type NumberArray } from '../data/dataset.js';
import { fitDims, isFixed, type ModelInput } from '../data/fit.js';
import { FxqError } from '../errors.js';
import { present } from '../guards.js';

/** An array ready for one input of the model, all samples of the batch. */
interface BoundInput extends ModelInput {
  readonly data: NumberArray;
  readonly dims: readonly number[];
}

/** What one run of the model gets: arrays by input, of which the first `count` rows are samples, the others padding. */
export interface Feed {
  readonly count: number;
  readonly size: number;
  readonly arrays: readonly {
    readonly name: string;
    readonly type: string;
    data: NumberArray;
    dims: readonly number[];
  }[];
}

/**
 * Fits a batch to a model: arrays found by name, or the only array for the only input; types cast, dims regrouped
 * ({@link fitDims}); cut to `limit`; and split into runs of the model's batch size where that is fixed, the last one
 * padded with copies of its last sample. Inputs without a clear sample axis, such as a recurrent state, make the batch
 * one run, as it was given.
 *
 * @param limit at most so many samples; not kept where the sample axis is unclear
 * @returns the number of samples and the runs
 * @throws FxqError `DATASET` when the batch does not fit the model
 * @example
 * const [feed] = feedsOf([{ name: 'x', type: 'float32', shape: ['N', 784] }], batch).feeds;
 */
export function feedsOf(
  inputs: readonly ModelInput[],
  batch: Batch,
  limit = Number.POSITIVE_INFINITY,
): { samples: number; feeds: Feed[] } {
  const bound = inputs.map((input) => bind(input, find(input, inputs, batch)));
  // A scalar, or the one number in place of it, belongs to every sample.
  const isScalar = ({ shape, data, dims }: BoundInput) =>
    dims.length === 0 || (shape.length === 0 && data.length === 1 && bound.length > 1);
  const arrays = bound.filter((input) => !isScalar(input));
  const fixed = arrays.filter((input) => isFixed(input.shape[0]));
  // A state has a fixed first axis (its layers) beside inputs with a dynamic one: the dynamic one is the sample.
  const main = arrays.find((input) => !fixed.includes(input)) ?? arrays[0];
  const samples = main?.dims[0] ?? batch.labels?.length ?? 1;
  if (batch.labels && batch.labels.length !== samples) {
    const message = `batch: expected ${samples} labels as '${main?.name}' has samples, got ${batch.labels.length}`;
    throw new FxqError('DATASET', message, { expected: samples, actual: batch.labels.length });
  }
  const total = Math.min(samples, limit);
  const fits = fixed.every(({ shape, dims }) => shape[0] === dims[0]);
  const first = fixed[0]?.shape[0];
  const size = isFixed(first) ? first : total;
  // A fixed axis beside a dynamic one is not the batch, even where the two happen to be of one length.
  const alike = fixed.length === 0 || fixed.length === arrays.length;
  const clear = alike && arrays.every(({ shape, dims }) => dims[0] === samples && (shape[0] === size || !fixed.length));
  if (fits && (!clear || total === samples))
    return { samples, feeds: [{ count: samples, size: samples, arrays: bound }] };
  if (!clear) {
    const bad = present(fixed.find(({ shape, dims }) => shape[0] !== dims[0]));
    throw misfit(bad, bad.dims, 'give batches of exactly this shape');
  }
  const feeds: Feed[] = [];
  for (let start = 0; start < total; start += size) {
    const count = Math.min(size, total - start);
    const part = bound.map((input) => (isScalar(input) ? input : rowsOf(input, start, count, size)));
    feeds.push({ count, size, arrays: part });
  }
  return { samples: total, feeds };
}

/** The array for this input: the one of its name, or the only one there is for the only input. */
function find(input: ModelInput, inputs: readonly ModelInput[], batch: Batch): InputArray {
  if (Object.hasOwn(batch.inputs, input.name)) return batch.inputs[input.name];
  const names = Object.keys(batch.inputs);
  if (inputs.length === 1 && names.length === 1) return batch.inputs[names[0]];
  const got = names.length > 0 ? names.map((name) => `'${name}'`).join(', ') : 'no arrays';
  const message = `data set: expected an array named '${input.name}' as the model's input is, got ${got}; ${names.length < inputs.length ? 'add it, or rename one' : 'rename the array'}`;
  throw new FxqError('DATASET', message, { tensor: input.name, expected: input.name, actual: names });
}

function bind(input: ModelInput, array: InputArray): BoundInput {
  if (countOf(array.dims) !== array.data.length) {
    const got = `${array.data.length} for [${array.dims.join(', ')}]`;
    const message = `input '${input.name}': expected as many values as the dims say, got ${got}`;
    throw new FxqError('DATASET', message, { tensor: input.name, expected: array.dims, actual: array.data.length });
  }
  const dims = fitDims(input.shape, array.dims);
  if (!dims) throw misfit(input, array.dims, 'reshape or transpose the array');
  return { ...input, dims, data: castTo(input.type, array, input.name) };
}

/** `count` samples from `start`, and the last of them again up to `size`: zeros could divide by zero on the way. */
function rowsOf(input: BoundInput, start: number, count: number, size: number): BoundInput {
  const row = countOf(input.dims.slice(1));
  const dims = [size, ...input.dims.slice(1)];
  const rows = input.data.subarray(start * row, (start + count) * row);
  if (count === size) return { ...input, data: rows, dims };
  const data = emptyLike(input.data, size * row);
  copyInto(data, rows);
  for (let at = count; at < size; at++) data.copyWithin(at * row, (count - 1) * row, count * row);
  return { ...input, data, dims };
}

function misfit({ name, shape }: ModelInput, dims: readonly number[], advice: string): FxqError {
  const expected = `[${shape.map((dim) => (isFixed(dim) ? dim : dim || '?')).join(', ')}]`;
  const message = `input '${name}': expected shape ${expected}, got [${dims.join(', ')}]; ${advice}`;
  return new FxqError('DATASET', message, { tensor: name, expected: shape, actual: dims });
}
