import { ByteWriter } from '../binary/bytes.js';
import { bitsOf, dtypeOf } from '../binary/dtype.js';
import { fromVarints } from '../binary/varints.js';
import { FxqError } from '../errors.js';
import { messageOf } from '../guards.js';
import { MAX_RANK } from './limits.js';
import { type Field, LENGTH_DELIMITED, readFields, readVarint } from './wire.js';

/** A tensor in a file of its own. */
export interface StoredTensor {
  /** `''` where it has none. */
  readonly name: string;
  readonly type: string;
  readonly dims: readonly number[];
  /** The elements as `raw_data` has them: little-endian, one after the other. */
  readonly bytes: Uint8Array;
}

/** Fields of TensorProto: those that every tensor has, and the elements by type, where they are not raw. */
const DIMS = 1;
const DATA_TYPE = 2;
const NAME = 8;
const RAW_DATA = 9;
const FLOAT_DATA = 4;
const DOUBLE_DATA = 10;
const INT32_DATA = 5;
const DATA: Record<string, number> = { float32: FLOAT_DATA, float64: DOUBLE_DATA, int64: 7, uint64: 11, uint32: 11 };

/** The arrays that varints are read into, by bytes an element. */
const ARRAYS: Record<number, new (count: number) => ArrayBufferView & { readonly length: number }> = {
  1: Uint8Array,
  2: Uint16Array,
  4: Uint32Array,
  8: BigUint64Array,
};

/**
 * Reads a `TensorProto` by itself, as ONNX's test data and the model zoo keep inputs (`test_data_set_0/input_0.pb`).
 *
 * @param file for messages
 * @throws FxqError `DATASET` for damaged files, and types that are no plain numbers
 */
export function readTensorProto(bytes: Uint8Array, file: string): StoredTensor {
  const wrong = (expected: string, actual: unknown, cause?: unknown) =>
    new FxqError('DATASET', `${file}: expected ${expected}, got ${actual}; record it again`, { file, actual, cause });
  let fields: Map<number, Uint8Array>;
  try {
    fields = gather(bytes);
  } catch (cause) {
    throw wrong('a tensor (TensorProto)', `damaged protobuf (${messageOf(cause)})`, cause);
  }
  const of = (number: number) => fields.get(number) ?? new Uint8Array();
  const [number = 0] = numbers(of(DATA_TYPE)).slice(-1);
  const type = dtypeOf(number);
  const dims = numbers(of(DIMS));
  if (dims.length > MAX_RANK) throw wrong(`at most ${MAX_RANK} dimensions`, dims.length);
  const size = (bitsOf(type) ?? 0) / 8;
  if (!(size >= 1) || /complex|float8|bfloat/.test(type)) throw wrong('a tensor of plain numbers', type);
  const count = dims.reduce((product, dim) => product * dim, 1);
  const field = of(RAW_DATA).length > 0 ? RAW_DATA : (DATA[type] ?? INT32_DATA);
  const payload = of(field);
  const wanted = `${count * size} bytes for ${type} [${dims.join(', ')}]`;
  const name = new TextDecoder().decode(of(NAME));
  if (field === RAW_DATA || field === FLOAT_DATA || field === DOUBLE_DATA) {
    if (payload.length !== count * size) throw wrong(wanted, payload.length);
    return { name, type, dims, bytes: payload };
  }
  // Every element takes a byte at least: what cannot be is refused before anything is allocated.
  if (count > payload.length)
    throw wrong(`${count} elements for ${type} [${dims.join(', ')}]`, `${payload.length} bytes`);
  const elements = new ARRAYS[size](count);
  if (!fromVarints(payload, elements)) throw wrong(wanted, 'another number of elements');
  return { name, type, dims, bytes: new Uint8Array(elements.buffer) };
}

/** What stands in each field, however often it occurs: lists may be packed or not, or in several pieces. */
function gather(bytes: Uint8Array): Map<number, Uint8Array> {
  const writers = new Map<number, ByteWriter>();
  for (const field of readFields(bytes, 0, bytes.length, 'tensor')) {
    const { number, start, end } = field;
    if (!isData(field)) continue;
    // Of a text or of raw bytes the last counts.
    const writer = (number !== NAME && number !== RAW_DATA && writers.get(number)) || new ByteWriter();
    writers.set(number, writer.bytes(bytes.subarray(start, end)));
  }
  return new Map(Array.from(writers, ([number, writer]) => [number, writer.finish()]));
}

function isData({ number, type }: Field): boolean {
  if (number === NAME || number === RAW_DATA) return type === LENGTH_DELIMITED;
  return [DIMS, DATA_TYPE, INT32_DATA, FLOAT_DATA, DOUBLE_DATA, 7, 11].includes(number) && type < 6;
}

/** The varints of dimensions or of a type. */
function numbers(bytes: Uint8Array): number[] {
  const cursor = { bytes, at: 0 };
  const found: number[] = [];
  while (cursor.at < bytes.length) found.push(readVarint(cursor, bytes.length, 'tensor'));
  return found;
}
