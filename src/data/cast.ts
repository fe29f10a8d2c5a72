import { fromHalf, toHalf } from '../binary/half.js';
import { FxqError } from '../errors.js';
import type { InputArray, NumberArray } from './dataset.js';

/** The array class that ONNX Runtime takes for each element type; half floats and bools travel as their bits. */
const CLASSES = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
} as const;

type ElementType = keyof typeof CLASSES;

function isElementType(type: string): type is ElementType {
  return Object.hasOwn(CLASSES, type);
}

/** Whether elements of this type are numbers that ONNX Runtime hands over. */
export function isNumeric(type: string): boolean {
  return isElementType(type);
}

/** The arrays whose elements are numbers, which BigInts are not. */
export type PlainArray = Exclude<NumberArray, BigInt64Array | BigUint64Array>;

/** Whether elements of this type are floats, which is what pixels are scaled for. */
export function isFloat(type: string): boolean {
  return type === 'float32' || type === 'float16' || type === 'float64';
}

/**
 * The element type of an array by its ONNX name. A `Uint16Array` of which nothing more is said holds half floats, as it
 * does everywhere in ONNX Runtime.
 */
export function typeOf({ data, type }: InputArray): string {
  if (type !== undefined) return type;
  if (data instanceof Uint16Array) return 'float16';
  return Object.entries(CLASSES).find(([, ArrayClass]) => data instanceof ArrayClass)?.[0] ?? 'unknown';
}

/** Elements in a row of little-endian bytes. Half floats stay bit patterns. */
export function arrayOf(type: string, bytes: Uint8Array, dims: readonly number[]): InputArray {
  if (!isElementType(type)) throw new TypeError(`expected a type of numbers, got ${type}`);
  const data = new CLASSES[type](bytes.slice().buffer);
  return { data, dims, type };
}

/**
 * The numbers of `input` as the array that ONNX Runtime takes for elements of `type`; the same array when it is one
 * already. Values are multiplied by `input.scale` if the type is a float and the numbers are not.
 *
 * @param name for messages: the model's input
 * @throws FxqError `DATASET` when an integer type cannot hold a value, or the type is none of numbers
 * @example
 * castTo('float16', { data: new Float32Array([1, 0.5]), dims: [2] }, 'x'); // Uint16Array [0x3c00, 0x3800]
 */
export function castTo(type: string, input: InputArray, name: string): NumberArray {
  if (!isElementType(type)) {
    const message = `input '${name}': expected a model that takes numbers, got one that takes ${type} here`;
    throw new FxqError('DATASET', message, { tensor: name, actual: type });
  }
  const from = typeOf(input);
  const scale = isFloat(type) && !isFloat(from) ? (input.scale ?? 1) : 1;
  if (from === type && scale === 1) return input.data;
  const to = new CLASSES[type](input.data.length);
  const halves = from === 'float16' && input.data instanceof Uint16Array ? input.data : undefined;
  for (let i = 0; i < to.length; i++) {
    const given = halves ? fromHalf(halves[i]) : input.data[i];
    if (to instanceof BigInt64Array || to instanceof BigUint64Array) to[i] = wholeOf(given, type, name, i);
    else if (type === 'float16') to[i] = toHalf(Number(given) * scale);
    else if (type === 'bool') to[i] = Number(given) === 0 ? 0 : 1;
    else to[i] = Number(given) * scale;
    // biome-ignore lint/suspicious/noDoubleEquals: a bigint and the number of the same value are equal only loosely
    if (!isFloat(type) && type !== 'bool' && to[i] != given) throw unfit(given, type, name, i);
  }
  return to;
}

/**
 * An output's elements as numbers that arithmetic works on: half floats widened, 64-bit integers as doubles (exact up
 * to 2^53). `undefined` for strings.
 */
export function toNumbers(type: string, data: unknown): PlainArray | undefined {
  if (type === 'string') return undefined;
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) return Float64Array.from(data, Number);
  if (type === 'float16' && data instanceof Uint16Array) return Float32Array.from(data, fromHalf);
  return data as PlainArray;
}

function wholeOf(value: number | bigint, type: string, name: string, index: number): bigint {
  if (typeof value === 'bigint') return value;
  if (!Number.isInteger(value)) throw unfit(value, type, name, index);
  return BigInt(value);
}

function unfit(value: number | bigint, type: string, name: string, index: number): FxqError {
  const message = `input '${name}': expected values of type ${type}, got ${value} (element ${index})`;
  return new FxqError('DATASET', message, { tensor: name, expected: type, actual: value });
}
