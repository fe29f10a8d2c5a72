import { fromHalf } from '../binary/half.js';
import { FxqError } from '../errors.js';
import { countOf, type InputArray, type NumberArray } from './dataset.js';

type NumberArrayClass = new (buffer: ArrayBuffer) => NumberArray;

/** NumPy's type strings without the byte order: array class and ONNX name. Half floats are widened after reading. */
const TYPES: Readonly<Record<string, readonly [NumberArrayClass, string]>> = {
  f2: [Uint16Array, 'float16'],
  f4: [Float32Array, 'float32'],
  f8: [Float64Array, 'float64'],
  i1: [Int8Array, 'int8'],
  i2: [Int16Array, 'int16'],
  i4: [Int32Array, 'int32'],
  i8: [BigInt64Array, 'int64'],
  u1: [Uint8Array, 'uint8'],
  u2: [Uint16Array, 'uint16'],
  u4: [Uint32Array, 'uint32'],
  u8: [BigUint64Array, 'uint64'],
  b1: [Uint8Array, 'bool'],
};

/** NumPy itself refuses ranks above 64. */
const MAX_RANK = 64;

/** A type and a shape are some hundred characters. NumPy itself refuses to look at more than 10,000 of a stranger's. */
const MAX_HEADER_BYTES = 65_536;

/** What {@link parseNpy} gives: an input array whose type is always named. */
export interface NpyArray extends InputArray {
  readonly type: string;
}

/** Whether the bytes begin as every `.npy` file does. */
export function isNpy(bytes: Uint8Array): boolean {
  return bytes[0] === 0x93 && String.fromCharCode(...bytes.subarray(1, 6)) === 'NUMPY';
}

/**
 * Reads one array as `numpy.save` writes it: versions 1 to 3, float, integer and bool elements of either byte order, in
 * C order. float16 comes out as a `Float32Array` (every value is exact), 64-bit integers as BigInt arrays.
 *
 * @param name for messages: the file, or the entry of an archive
 * @throws FxqError `DATASET` for anything else, and when shape and bytes contradict each other
 * @example
 * const { data, dims, type } = parseNpy(await readFile('labels.npy'), 'labels.npy');
 */
export function parseNpy(bytes: Uint8Array, name = 'array'): NpyArray {
  const { header, payload } = splitHeader(bytes, name);
  const descr = /'descr'\s*:\s*'([^']*)'/.exec(header)?.[1];
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(header)?.[1];
  const shape = /'shape'\s*:\s*\(([^()]*)\)/.exec(header)?.[1];
  if (order === undefined || shape === undefined)
    throw wrong(name, 'a header with descr, fortran_order, shape', header);
  const [, byteOrder, code] = /^([<>|=])(\w+)$/.exec(descr ?? '') ?? [];
  const type = code === undefined || !Object.hasOwn(TYPES, code) ? undefined : TYPES[code];
  if (!type) {
    const isText = code !== undefined && /^[SU]/.test(code);
    const got = isText ? `strings (${descr}), which no model is fed here` : (descr ?? 'a structured type');
    throw wrong(name, 'float, integer or bool elements', got, 'convert it with .astype() before saving');
  }
  if (order === 'True') {
    throw wrong(name, 'C order', 'fortran_order True', 'save numpy.ascontiguousarray(array) instead');
  }
  const dims = parseShape(shape, name);
  const size = Number(code?.slice(1));
  // The shape is a claim: it is held against the bytes that are there before anything is allocated.
  if (countOf(dims) * size !== payload.length) {
    const expected = `${countOf(dims) * size} bytes for ${code} [${dims.join(', ')}]`;
    throw wrong(name, expected, `${payload.length} (byte ${payload.byteOffset - bytes.byteOffset})`);
  }
  // A copy: the payload need not be aligned, and the caller's bytes are neither kept nor altered.
  const copy = new Uint8Array(payload);
  if (byteOrder === '>' && size > 1)
    for (let at = 0; at < copy.length; at += size) copy.subarray(at, at + size).reverse();
  const [ArrayClass, onnxName] = type;
  const data = new ArrayClass(copy.buffer);
  if (data instanceof Uint16Array && code === 'f2') {
    // Not by `from`, which keeps a list of all elements beside them.
    const floats = new Float32Array(data.length);
    for (let i = 0; i < data.length; i++) floats[i] = fromHalf(data[i]);
    return { data: floats, dims, type: 'float32' };
  }
  return { data, dims, type: onnxName };
}

/** The header's text and what follows it. Version 1 counts the header in two bytes, 2 and 3 in four. */
function splitHeader(bytes: Uint8Array, name: string): { header: string; payload: Uint8Array } {
  if (!isNpy(bytes)) throw wrong(name, 'a NumPy array (.npy)', 'other bytes');
  const version = bytes[6];
  const start = version === 1 ? 10 : 12;
  if (bytes.length < start) throw wrong(name, 'a header', `${bytes.length} bytes in all`);
  if (version < 1 || version > 3) throw wrong(name, '.npy version 1, 2 or 3', version);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > MAX_HEADER_BYTES) throw wrong(name, `a header of at most ${MAX_HEADER_BYTES} bytes`, length);
  if (length > bytes.length - start) throw wrong(name, `a header of ${length} bytes`, `${bytes.length - start} left`);
  const header = new TextDecoder().decode(bytes.subarray(start, start + length));
  return { header, payload: bytes.subarray(start + length) };
}

/** The numbers of a Python tuple: `3, 4`, `3,` or nothing (a scalar). */
function parseShape(text: string, name: string): number[] {
  const parts = text.split(',').map((part) => part.trim());
  if (parts.at(-1) === '') parts.pop();
  if (parts.length > MAX_RANK) throw wrong(name, `at most ${MAX_RANK} dimensions`, parts.length);
  return parts.map((part) => {
    const dim = /^\d+$/.test(part) ? Number(part) : Number.NaN;
    if (!Number.isSafeInteger(dim)) throw wrong(name, 'a shape of whole numbers', `(${text})`);
    return dim;
  });
}

function wrong(name: string, expected: string, actual: unknown, advice = 'save the array again'): FxqError {
  const got = typeof actual === 'string' && actual.length > 120 ? `${actual.slice(0, 120)}…` : actual;
  return new FxqError('DATASET', `${name}: expected ${expected}, got ${got}; ${advice}`, {
    file: name,
    expected,
    actual,
  });
}
