import { bitsOf, type DType, dataTypeOf, dtypeOf, MAX_DATA_TYPE } from '../binary/dtype.js';
import { normalLocation } from '../binary/location.js';
import { FxqError } from '../errors.js';
import type { ByteRun, Enclosure, ExternalWindow, PayloadForm, ScannedTensor } from '../model/structure.js';
import { MAX_ELEMENTS, MAX_RANK } from './limits.js';
import { type Bytes, type Field, LENGTH_DELIMITED, malformed, readFields, readVarint, VARINT } from './wire.js';

/** Payload fields of TensorProto: field number → form. */
const PAYLOADS: Record<number, PayloadForm> = {
  4: 'fixed',
  5: 'varint',
  7: 'varint',
  9: 'raw',
  10: 'fixed',
  11: 'varint',
};

/** A packed list attribute of a node (`value_floats` of Constant, the trees of ai.onnx.ml), as a 1-D tensor. */
export function scanList(bytes: Bytes, window: Enclosure, path: string, kind: 'floats' | 'ints'): ScannedTensor {
  const length = window.end - window.start;
  if (kind === 'floats' && length % 4 !== 0) {
    throw malformed(path, window.start, `expected packed floats of 4 bytes each, got ${length} bytes`);
  }
  const count = kind === 'floats' ? length / 4 : countVarints(bytes, window);
  const form = kind === 'floats' ? 'fixed' : 'varint';
  return {
    path,
    dtype: kind === 'floats' ? 'float32' : 'int64',
    dims: [count],
    count,
    form,
    window,
    external: undefined,
    scattered: NO_RUNS,
  };
}

/** A list whose numbers stand in many small fields: what is known of it is where. */
export function scanLoose(path: string, kind: 'floats' | 'ints', scattered: readonly ByteRun[]): ScannedTensor {
  const dtype = kind === 'floats' ? 'float32' : 'int64';
  return { path, dtype, dims: [], count: 0, form: 'raw', window: undefined, external: undefined, scattered };
}

/** A byte order mark is part of a name like any other character. */
const TEXT = new TextDecoder('utf-8', { ignoreBOM: true });

const NO_RUNS: readonly ByteRun[] = [];

/** Notes a field of a message; one right behind another makes one run with it. */
export function addRun(runs: ByteRun[], { tag, end }: Field, within: Enclosure): void {
  const last = runs.at(-1);
  if (last?.end === tag) runs[runs.length - 1] = { start: last.start, end, within };
  else runs.push({ start: tag, end, within });
}

/** A TensorProto: type, shape, and where its payload stands; the payload's length is checked against the shape. */
export function scanTensor(bytes: Bytes, message: Enclosure, path: string): ScannedTensor {
  const dims: number[] = [];
  const payloads: { form: PayloadForm; window: Enclosure }[] = [];
  const entries = new Map<string, string>();
  let dtype: DType = 'undefined';
  let name = path;
  const runs: ByteRun[] = [];
  let pieces = 0;
  let isExternal = false;
  for (const field of readFields(bytes, message.start, message.end, path)) {
    const delimited = field.type === LENGTH_DELIMITED;
    if (field.number === 1) readDims(bytes, field, dims, path);
    else if (field.number === 2 && field.type === VARINT) {
      dtype = dtypeOf(field.value);
      // Not for the reader of the graph either, which takes it for a damaged one.
      if (field.value > MAX_DATA_TYPE) addRun(runs, field, message);
    } else if (field.number === 3) pieces++;
    else if (field.number === 8 && delimited) name = text(bytes, field) || path;
    else if (field.number === 13 && delimited) readEntry(bytes, field, entries, path);
    else if (field.number === 14 && field.type === VARINT) isExternal = field.value === 1;
    else if (field.number in PAYLOADS || field.number === 6) {
      pieces++;
      addRun(runs, field, message);
      if (delimited && field.number !== 6)
        payloads.push({ form: PAYLOADS[field.number], window: enclosure(field, message) });
    }
  }
  const count = countElements(dims, name, message.start);
  const isNamed = dataTypeOf(dtype) <= MAX_DATA_TYPE;
  const found = { path, dtype, dims, count, scattered: isNamed ? NO_RUNS : runs };
  if (isExternal)
    return { ...found, form: 'raw', window: undefined, external: externalWindow(entries, name, message.start) };
  // Strings, segments and payloads spread over several fields are no single run of bytes: they stay in the skeleton, as
  // does what has a type that no header can name.
  if (payloads.length !== 1 || pieces !== 1 || !isNamed) {
    return { ...found, form: 'raw', window: undefined, external: undefined, scattered: runs };
  }
  const { form, window } = payloads[0];
  checkLength(bytes, { ...found, form, window, external: undefined }, name);
  return { ...found, form, window, external: undefined };
}

function checkLength(bytes: Bytes, tensor: ScannedTensor, name: string): void {
  const { dims, dtype, form, count, window } = tensor;
  if (window === undefined) return;
  const length = window.end - window.start;
  const shape = `[${dims.join('×')}] ${dtype}`;
  const bits = bitsOf(dtype);
  if (form === 'varint') {
    // Sub-byte types put up to four elements into one int32; everything else one.
    const varints = countVarints(bytes, window);
    const each = bits !== undefined && bits < 8 ? 8 / bits : 1;
    if (varints !== Math.ceil(count / each))
      throw malformed(name, window.start, `${shape} declares ${count} elements, got ${varints}`);
    return;
  }
  if (bits === undefined) return;
  const expected = Math.ceil((count * bits) / 8);
  if (length !== expected)
    throw malformed(name, window.start, `${shape} needs ${expected} bytes of data, got ${length}`);
}

/** Bytes of varints that are counted at a time. */
const COUNT_BYTES = 1 << 20;

function countVarints(bytes: Bytes, window: Enclosure): number {
  let count = 0;
  for (let at = window.start; at < window.end; at += COUNT_BYTES) {
    const part = bytes.subarray(at, Math.min(window.end, at + COUNT_BYTES));
    for (let i = 0; i < part.length; i++) if (part[i] < 0x80) count++;
  }
  return count;
}

function readDims(bytes: Bytes, field: Field, dims: number[], path: string): void {
  if (field.type === VARINT) {
    dims.push(field.value);
  } else if (field.type === LENGTH_DELIMITED) {
    const cursor = { bytes, at: field.start };
    while (cursor.at < field.end && dims.length <= MAX_RANK) dims.push(readVarint(cursor, field.end, path));
  }
  if (dims.length > MAX_RANK) throw malformed(path, field.tag, `more than ${MAX_RANK} dimensions`);
}

/** The product of the dimensions, checked at each step so that it cannot overflow. */
function countElements(dims: readonly number[], name: string, offset: number): number {
  let count = 1;
  for (const dim of dims) {
    // A negative int64 reads as a number above 2^63.
    if (dim > MAX_ELEMENTS)
      throw malformed(name, offset, `dimension ${dim >= 2 ** 63 ? 'below zero' : dim} is impossible`);
    count *= dim;
    if (count > MAX_ELEMENTS)
      throw malformed(name, offset, `shape [${dims.join('×')}] has more than ${MAX_ELEMENTS} elements`);
  }
  return count;
}

function readEntry(bytes: Bytes, field: Field, entries: Map<string, string>, path: string): void {
  let key = '';
  let value = '';
  for (const part of readFields(bytes, field.start, field.end, `${path}.externalData`)) {
    if (part.type !== LENGTH_DELIMITED) continue;
    if (part.number === 1) key = text(bytes, part);
    if (part.number === 2) value = text(bytes, part);
  }
  entries.set(key, value);
}

function externalWindow(entries: Map<string, string>, name: string, at: number): ExternalWindow {
  const number = (key: string): number | undefined => {
    const written = entries.get(key);
    if (written === undefined) return undefined;
    const value = /^\d{1,15}$/.test(written) ? Number(written) : Number.NaN;
    if (Number.isNaN(value)) {
      throw new FxqError(
        'EXTERNAL_DATA',
        `${name}: external_data ${key}: expected a byte count, got "${written.slice(0, 40)}" (byte ${at})`,
        {
          tensor: name,
          offset: at,
          actual: written,
        },
      );
    }
    return value;
  };
  const spelling = entries.get('location') ?? '';
  const location = normalLocation(spelling) ?? spelling;
  return { location, spelling, offset: number('offset') ?? 0, length: number('length') };
}

/** The place of a length-delimited field inside `parent`. */
export function enclosure(field: Field, parent: Enclosure): Enclosure {
  return { tag: field.tag, lengthAt: field.lengthAt, start: field.start, end: field.end, parent };
}

function text(bytes: Bytes, field: Field): string {
  return TEXT.decode(bytes.subarray(field.start, field.end));
}
