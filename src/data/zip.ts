import { inflateSync } from 'fflate';
import { crc32 } from '../binary/crc32.js';
import { present } from '../guards.js';

/** Deflate cannot expand further than 1032 to 1, so a larger claim is a false one (CWE-409). */
export const MAX_INFLATION = 1032;

/** An archive has a model's inputs and the labels; thousands of entries are a damaged or hostile directory (CWE-770). */
const MAX_ENTRIES = 4096;

/** Larger arrays do not fit one typed array on every platform; hand such data sets in through a module. */
const MAX_ENTRY_BYTES = 2 ** 32 - 1;

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const END_64 = 0x06064b50;
const LOCATOR_64 = 0x07064b50;
const END_BYTES = 22;
const MAX_COMMENT = 0xffff;
const STORED = 0;
const DEFLATED = 8;
/** Sizes and places of 32 bits that say so stand in 64 bits in the entry's extra field. */
const IN_64 = 0xffffffff;

interface Entry {
  readonly name: string;
  readonly method: number;
  readonly crc: number;
  readonly size: number;
  readonly originalSize: number;
  /** Where its own header stands. */
  readonly offset: number;
}

/** Whether the bytes begin as a zip archive does. */
export function isZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b && (bytes[2] === 3 || bytes[2] === 5);
}

/**
 * Unpacks the entries of a zip archive whose names are wanted. The whole directory is held against the bytes that are
 * there before any is unpacked: entries that share bytes would stand for more than the archive could hold.
 *
 * @throws Error that says what was expected and got
 */
export function unzip(bytes: Uint8Array, isWanted: (name: string) => boolean): [name: string, content: Uint8Array][] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { entries, start } = readDirectory(bytes, view);
  const packed = new Map<Entry, Uint8Array>();
  let end = 0;
  for (const entry of [...entries].sort((a, b) => a.offset - b.offset)) {
    const { name, offset, size } = entry;
    if (offset < end) throw wrong(name, 'bytes of its own', 'some that it shares with another');
    if (offset + 30 > start || view.getUint32(offset, true) !== LOCAL)
      throw wrong(name, `an entry at byte ${offset}`, 'other bytes');
    const from = offset + 30 + view.getUint16(offset + 26, true) + view.getUint16(offset + 28, true);
    end = from + size;
    if (end > start) throw wrong(name, `at most ${Math.max(0, start - from)} bytes before the directory`, size);
    packed.set(entry, bytes.subarray(from, end));
  }
  return entries
    .filter(({ name }) => isWanted(name))
    .map((entry) => [entry.name, unpack(entry, present(packed.get(entry)))]);
}

/** The checked entries, in the directory's order, and where it starts. */
function readDirectory(bytes: Uint8Array, view: DataView): { entries: Entry[]; start: number } {
  let end = bytes.length - END_BYTES;
  const first = Math.max(0, end - MAX_COMMENT);
  while (end >= first && view.getUint32(end, true) !== END) end--;
  if (end < first) throw new Error('expected a directory at its end, got none');
  let count = view.getUint16(end + 10, true);
  let start = view.getUint32(end + 16, true);
  if (end >= 20 && view.getUint32(end - 20, true) === LOCATOR_64) {
    const at = Number(view.getBigUint64(end - 12, true));
    if (at + 56 <= end && view.getUint32(at, true) === END_64) {
      count = Number(view.getBigUint64(at + 32, true));
      start = Number(view.getBigUint64(at + 48, true));
    }
  }
  if (count > MAX_ENTRIES) throw new Error(`expected at most ${MAX_ENTRIES} entries, got ${count}`);
  const entries: Entry[] = [];
  const names = new Set<string>();
  for (let at = start; entries.length < count; ) {
    if (at + 46 > end || view.getUint32(at, true) !== CENTRAL)
      throw new Error(`expected ${count} entries in its directory, got ${entries.length} (byte ${at})`);
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((field) => view.getUint16(at + field, true));
    const next = at + 46 + nameBytes + extraBytes + commentBytes;
    if (next > end) throw new Error(`expected a directory up to byte ${end}, got an entry up to byte ${next}`);
    const entry = {
      name: new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameBytes)),
      method: view.getUint16(at + 10, true),
      crc: view.getUint32(at + 16, true),
      ...placesOf(view, at, at + 46 + nameBytes, extraBytes),
    };
    checkEntry(entry, view.getUint16(at + 8, true), bytes.length);
    if (names.has(entry.name)) throw wrong(entry.name, 'a name of its own', 'it twice');
    names.add(entry.name);
    entries.push(entry);
    at = next;
  }
  return { entries, start };
}

/** Sizes and place of the entry at `at` of the directory, of 64 bits where its extra field has them. */
function placesOf(view: DataView, at: number, extra: number, extraBytes: number) {
  const fields = [24, 20, 42].map((field) => view.getUint32(at + field, true));
  for (let from = extra; from + 4 <= extra + extraBytes; from += 4 + view.getUint16(from + 2, true)) {
    if (view.getUint16(from, true) !== 1) continue;
    let value = from + 4;
    for (const [i, field] of fields.entries()) {
      if (field !== IN_64 || value + 8 > extra + extraBytes) continue;
      fields[i] = Number(view.getBigUint64(value, true));
      value += 8;
    }
  }
  const [originalSize, size, offset] = fields;
  return { originalSize, size, offset };
}

function checkEntry({ name, method, size, originalSize }: Entry, flags: number, bytes: number): void {
  if (name === '') throw wrong(name, 'a name of its own', 'none');
  if (flags & 1) throw wrong(name, 'an entry that anybody can read', 'an encrypted one');
  if (method !== STORED && method !== DEFLATED) throw wrong(name, 'a stored or deflated entry', `method ${method}`);
  if (size > bytes) throw wrong(name, `at most the archive's ${bytes} bytes`, size);
  const most = Math.min(method === STORED ? size : size * MAX_INFLATION, MAX_ENTRY_BYTES);
  if (originalSize > most) throw wrong(name, `at most ${most} bytes from ${size} packed ones`, originalSize);
}

function unpack({ name, method, crc, originalSize }: Entry, packed: Uint8Array): Uint8Array {
  const content = method === STORED ? packed : inflateSync(packed, { out: new Uint8Array(originalSize) });
  if (content.length !== originalSize) throw wrong(name, `${originalSize} bytes`, content.length);
  // Writers that take the trouble of none leave it at zero.
  if (crc !== 0 && crc32(content) !== crc) throw wrong(name, 'the bytes that its checksum is of', 'others');
  return content;
}

function wrong(name: string, expected: string, actual: unknown): Error {
  return new Error(`entry '${name}': expected ${expected}, got ${actual}`);
}
