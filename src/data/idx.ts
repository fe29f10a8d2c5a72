import { FxqError } from '../errors.js';

/** What an IDX file holds: the sizes of its axes, outermost first, and the elements in that order. */
export interface IdxArray {
  dims: number[];
  data: Uint8Array | Int8Array | Int16Array | Int32Array | Float32Array | Float64Array;
}

/** More axes than any data set has; a larger count is another kind of file. */
const MAX_RANK = 8;

/** Bytes an element and a reader, by the type code in the magic number. All numbers are big-endian. */
const TYPES: Record<number, { size: number; read: (view: DataView, count: number) => IdxArray['data'] }> = {
  8: { size: 1, read: (view, count) => new Uint8Array(view.buffer, view.byteOffset, count).slice() },
  9: { size: 1, read: (view, count) => Int8Array.from({ length: count }, (_, i) => view.getInt8(i)) },
  11: { size: 2, read: (view, count) => Int16Array.from({ length: count }, (_, i) => view.getInt16(2 * i)) },
  12: { size: 4, read: (view, count) => Int32Array.from({ length: count }, (_, i) => view.getInt32(4 * i)) },
  13: { size: 4, read: (view, count) => Float32Array.from({ length: count }, (_, i) => view.getFloat32(4 * i)) },
  14: { size: 8, read: (view, count) => Float64Array.from({ length: count }, (_, i) => view.getFloat64(8 * i)) },
};

/**
 * Reads an IDX file, the format MNIST and its relatives are published in: two zero bytes, a type code, the number of axes,
 * their sizes as 32-bit numbers, then the elements.
 *
 * @returns A copy: the bytes given are neither kept nor changed.
 * @throws FxqError `DATASET`, with the byte offset, when the bytes are anything but one whole IDX file.
 * @example
 * const { dims, data } = readIdx(new Uint8Array(readFileSync('t10k-images-idx3-ubyte'))); // dims: [10000, 28, 28]
 */
export function readIdx(bytes: Uint8Array): IdxArray {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 4) throw malformed('4 bytes of magic number', `${bytes.length}`, bytes.length);
  if (view.getUint16(0) !== 0) throw malformed('two zero bytes at the start', hex(view.getUint16(0)), 0);
  const type = TYPES[bytes[2]];
  if (!type) throw malformed('a type code 0x08, 0x09 or 0x0B to 0x0E', hex(bytes[2]), 2);
  const rank = bytes[3];
  if (rank === 0 || rank > MAX_RANK) throw malformed(`1 to ${MAX_RANK} axes`, `${rank}`, 3);
  const start = 4 + 4 * rank;
  if (bytes.length < start) throw malformed(`a header of ${start} bytes`, `${bytes.length}`, bytes.length);

  const dims = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  const count = countOf(dims, Math.floor((bytes.length - start) / type.size));
  const end = start + count * type.size;
  if (bytes.length > end) throw malformed(`the end after ${count} elements`, `${bytes.length - end} bytes more`, end);
  const payload = new DataView(bytes.buffer, bytes.byteOffset + start, bytes.length - start);
  return { dims, data: type.read(payload, count) };
}

/**
 * The product of the sizes, refused as soon as it passes what the file can hold: nothing is allocated for a size that a
 * damaged header merely claims, and the product of what is left cannot lose digits.
 */
function countOf(dims: readonly number[], present: number): number {
  // An empty axis makes every other size harmless.
  if (dims.includes(0)) return 0;
  let count = 1;
  dims.forEach((size, axis) => {
    count *= size;
    if (count > present) throw malformed(`room for ${dims.join(' × ')} elements`, `${present}`, 4 + 4 * axis);
  });
  return count;
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(2, '0')}`;
}

function malformed(expected: string, actual: string, offset: number): FxqError {
  return new FxqError('DATASET', `IDX: expected ${expected}, got ${actual} (byte ${offset})`, {
    offset,
    expected,
    actual,
  });
}
