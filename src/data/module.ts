import { FxqError } from '../errors.js';
import { fieldOf, messageOf } from '../guards.js';
import {
  type Batch,
  countOf,
  type Dataset,
  type DatasetOptions,
  type InputArray,
  type NumberArray,
} from './dataset.js';
import { toLabels } from './labels.js';

/** What a module may yield: a {@link Batch}, or one with plain lists of numbers, or ONNX Runtime's own tensors. */
interface LooseBatch {
  inputs?: Record<string, { data?: unknown; dims?: unknown; type?: unknown; scale?: unknown } | undefined>;
  labels?: unknown;
}

/**
 * The data set that a module's default export is: a function `(options) => AsyncIterable<{ inputs, labels? }>`, where
 * `inputs` holds `{ data, dims }` by the model's input names. Every batch is checked as it comes, for the code is
 * the user's; `limit` and `batchSize` are wishes it may ignore.
 *
 * @param file for messages
 * @throws FxqError `DATASET` when the module exports no function; the iteration does, when it yields something else
 * @example
 * const dataset = moduleDataset(await import('../evaluate/speech.mjs'), '../evaluate/speech.mjs');
 */
export function moduleDataset(module: unknown, file: string): Dataset {
  const exported = fieldOf(module, 'default');
  // CommonJS that was compiled from a module has its default one level down.
  const create = typeof exported === 'function' ? exported : fieldOf(exported, 'default');
  if (typeof create !== 'function') {
    throw wrong(file, 'a function as default export', exported === undefined ? 'none' : typeof exported);
  }
  return async function* batches(options: DatasetOptions = {}) {
    let index = 0;
    try {
      const iterable = await create(options);
      const isIterable = iterable?.[Symbol.asyncIterator] ?? iterable?.[Symbol.iterator];
      if (!isIterable) throw wrong(file, 'the function to return an async iterable', typeof iterable);
      for await (const batch of iterable) yield checkBatch(batch, `${file}, batch ${index++}`);
    } catch (error) {
      if (error instanceof FxqError) throw error;
      const message = `${file}: the data set threw at batch ${index}: ${messageOf(error)}`;
      throw new FxqError('DATASET', message, { file, cause: error });
    }
  };
}

function checkBatch(batch: LooseBatch | undefined, where: string): Batch {
  const { inputs, labels } = batch ?? {};
  if (typeof inputs !== 'object' || inputs === null) throw wrong(where, '{ inputs: { name: { data, dims } } }', batch);
  const checked = Object.entries(inputs).map(([name, input]) => {
    const at = `${where}, input '${name}'`;
    const { data, dims, type, scale } = input ?? {};
    const whole = Array.isArray(dims) && dims.every((dim) => Number.isSafeInteger(dim) && dim >= 0);
    if (!whole) throw wrong(at, 'dims as a list of whole numbers', dims);
    const array = toArray(data);
    if (!array) throw wrong(at, 'data as a typed array', data);
    if (array.length !== countOf(dims))
      throw wrong(at, `${countOf(dims)} values for [${dims.join(', ')}]`, array.length);
    const known = {
      ...(typeof type === 'string' && { type }),
      ...(typeof scale === 'number' && { scale }),
    };
    return [name, { data: array, dims: [...dims], ...known }] as const;
  });
  if (labels === undefined || labels === null) return { inputs: Object.fromEntries(checked) };
  if (!isList(labels)) throw wrong(where, 'labels as a list', labels);
  return { inputs: Object.fromEntries(checked), labels: toLabels({ data: labels, dims: [labels.length] }, where) };
}

function isList(value: unknown): value is ArrayLike<number | bigint> {
  return typeof fieldOf(value, 'length') === 'number';
}

function isNumberArray(value: unknown): value is NumberArray {
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}

/** A typed array as it is; a list of numbers as doubles, which every input's type can be made from. */
function toArray(data: unknown): InputArray['data'] | undefined {
  if (data instanceof Uint8ClampedArray) return new Uint8Array(data.buffer, data.byteOffset, data.length);
  if (isNumberArray(data)) return data;
  if (!Array.isArray(data)) return undefined;
  if (data.every((value) => typeof value === 'number')) return Float64Array.from(data);
  return data.every((value) => typeof value === 'bigint') ? BigInt64Array.from(data) : undefined;
}

function wrong(where: string, expected: string, actual: unknown): FxqError {
  const got =
    typeof actual === 'object' && actual !== null ? `an object with ${Object.keys(actual).slice(0, 5)}` : actual;
  return new FxqError('DATASET', `${where}: expected ${expected}, got ${got}`, { file: where, expected, actual });
}
