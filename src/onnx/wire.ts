import { FxqError } from '../errors.js';
import type { ByteSource } from '../model/model.js';
import { MAX_GROUP_DEPTH } from './limits.js';

/** Protobuf wire types (encoding specification, "Message structure"). */
export const VARINT = 0;
const FIXED64 = 1;
export const LENGTH_DELIMITED = 2;
const START_GROUP = 3;
const END_GROUP = 4;
const FIXED32 = 5;

/** One field of a message: its number, its wire type and where it stands. */
export interface Field {
  readonly number: number;
  readonly type: number;
  /** Offset of the tag. */
  readonly tag: number;
  /** Offset of the length varint of a length-delimited field; of the value in all others. */
  readonly lengthAt: number;
  /** The value's bytes: `start` up to `end`. */
  readonly start: number;
  readonly end: number;
  /** The value of a varint field: exact up to 2^53, above that only its magnitude is right. */
  readonly value: number;
}

/** The bytes of a file, wherever they are; a `Uint8Array` is one. */
export interface Bytes {
  readonly length: number;
  at(index: number): number | undefined;
  subarray(start: number, end?: number): Uint8Array;
}

/** Bytes that are had at a time when single ones are looked at. */
const WINDOW_BYTES = 1 << 16;

/** The bytes of a source: of one on disk never more than a window is in memory. */
export function bytesOf(source: ByteSource): Bytes {
  const length = source.size;
  let start = 0;
  let window = new Uint8Array();
  return {
    length,
    at(index) {
      if (index < start || index >= start + window.length) {
        start = index;
        window = new Uint8Array(source.read(start, Math.min(length, start + WINDOW_BYTES)));
      }
      return window[index - start];
    },
    subarray: (from, to = length) => source.read(from, to),
  };
}

/** A position in a file; {@link readVarint} moves it. */
export interface Cursor {
  readonly bytes: Bytes;
  at: number;
}

/**
 * Walks the fields of the message that stands in `bytes` from `start` to `end`, without looking into any of them.
 *
 * @param path - the message, for errors: `graph.node[3]`
 * @throws FxqError `ONNX_MALFORMED` with the byte offset, where the bytes are no protobuf message
 */
export function* readFields(bytes: Bytes, start: number, end: number, path: string): Generator<Field> {
  const cursor: Cursor = { bytes, at: start };
  while (cursor.at < end) yield readField(cursor, end, path);
}

function readField(cursor: Cursor, end: number, path: string): Field {
  const tag = cursor.at;
  const key = readVarint(cursor, end, path);
  const number = Math.floor(key / 8);
  const type = key % 8;
  if (number < 1 || number > 0x1fffffff) {
    throw malformed(path, tag, `expected a field number from 1 to 536870911, got ${number}`);
  }
  const lengthAt = cursor.at;
  let start = lengthAt;
  let value = 0;
  if (type === VARINT) {
    value = readVarint(cursor, end, path);
  } else if (type === FIXED32 || type === FIXED64) {
    cursor.at += type === FIXED32 ? 4 : 8;
  } else if (type === LENGTH_DELIMITED) {
    const length = readVarint(cursor, end, path);
    start = cursor.at;
    if (length > end - start) {
      const declared = `field ${number} declares ${length} bytes, ${end - start} are left`;
      // What is to go on beyond the end of the file itself was there once, or is something else altogether.
      const isCut = end === cursor.bytes.length;
      throw malformed(path, lengthAt, isCut ? `cut short, or no ONNX file; get it again: ${declared}` : declared);
    }
    cursor.at += length;
  } else if (type === START_GROUP) {
    skipGroup(cursor, end, number, path);
  } else {
    throw malformed(path, tag, `expected a wire type from 0 to 5 that opens a field, got ${type}`);
  }
  if (cursor.at > end) throw malformed(path, lengthAt, `field ${number} ends beyond its message`);
  return { number, type, tag, lengthAt, start, end: cursor.at, value };
}

/** Reads a base-128 varint of at most ten bytes; the sign bit of a negative int64 makes it a number above 2^63. */
export function readVarint(cursor: Cursor, end: number, path: string): number {
  const start = cursor.at;
  let value = 0;
  let scale = 1;
  for (let at = start; at < end && at < start + 10; at++) {
    const byte = cursor.bytes.at(at) as number;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) {
      cursor.at = at + 1;
      return value;
    }
    scale *= 128;
  }
  const problem =
    end - start < 10 ? 'a varint runs beyond the end of its message' : 'a varint is longer than ten bytes';
  throw malformed(path, start, problem);
}

/** Groups are obsolete but legal: skips to the end tag that matches, counting the depth instead of recursing. */
function skipGroup(cursor: Cursor, end: number, number: number, path: string): void {
  const open = [number];
  const first = cursor.at;
  while (open.length > 0) {
    const at = cursor.at;
    if (at >= end) throw malformed(path, first, `group ${number} is not closed`);
    const key = readVarint(cursor, end, path);
    const type = key % 8;
    if (type === END_GROUP) {
      if (open.pop() !== Math.floor(key / 8)) throw malformed(path, at, 'an end-group tag does not match its start');
    } else if (type === START_GROUP) {
      if (open.length >= MAX_GROUP_DEPTH) {
        throw new FxqError('LIMIT', `${path}: groups nested deeper than ${MAX_GROUP_DEPTH} (byte ${at})`, {
          tensor: path,
          offset: at,
          expected: MAX_GROUP_DEPTH,
        });
      }
      open.push(Math.floor(key / 8));
    } else {
      cursor.at = at;
      readField(cursor, end, path);
    }
  }
}

/** The error of a file that is no ONNX protobuf, or a damaged one. */
export function malformed(path: string, offset: number, problem: string): FxqError {
  return new FxqError('ONNX_MALFORMED', `${path}: ${problem} (byte ${offset})`, { tensor: path, offset });
}
