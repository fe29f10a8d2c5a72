import { malformed } from './errors.js';

/** Arrays and maps inside one another: the header needs three, the rest is for fields from the future. */
const MAX_DEPTH = 8;

// A byte order mark is part of a name like any other character.
const TEXT = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * Reads one CBOR item (RFC 8949) of the kinds that a header can hold: integers, strings, arrays, maps with string keys,
 * true, false, null and doubles, all of definite length; tagged items become `{ tag, item }`. A reader of its own, because a general one is larger than the
 * rest of the decoder; the writer uses `cbor-x`.
 *
 * @param limit - items that there may be
 * @param base - offset that errors name
 * @throws FxqError `CONTAINER_MALFORMED` for everything else, and for bytes left over
 */
export function readCbor(bytes: Uint8Array, base: number, limit = Number.POSITIVE_INFINITY): unknown {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  let items = 0;
  const bad = (problem: string) => malformed(`the header is not the CBOR it should be: ${problem}`, base);
  const need = (count: number) => {
    if (count > bytes.length - at) throw bad('it ends too early');
  };
  const skip = (count: number) => {
    need(count);
    at += count;
    return at - count;
  };

  /** The argument of an item's first byte: a value, or a length. */
  const argument = (info: number): number => {
    if (info < 24) return info;
    if (info === 24) return bytes[skip(1)];
    if (info === 25) return view.getUint16(skip(2));
    if (info === 26) return view.getUint32(skip(4));
    if (info !== 27) throw bad('an indefinite length');
    return Number(view.getBigUint64(skip(8)));
  };

  const item = (depth: number): unknown => {
    if (depth > MAX_DEPTH) throw bad('it is nested too deeply');
    if (++items > limit) throw bad(`more items than a container of this size may have, ${limit}`);
    const first = bytes[skip(1)];
    const kind = first >> 5;
    if (first === 0xfb) return view.getFloat64(skip(8));
    if (first >= 0xf4 && first <= 0xf6) return [false, true, null][first - 0xf4];
    if (kind === 7) throw bad('an item of an unknown kind');
    const value = argument(first & 31);
    // No field of today has a tag; one from the future must not be taken for the plain value.
    if (kind === 6) return { tag: value, item: item(depth + 1) };
    if (kind === 0) return value;
    if (kind === 1) return -1 - value;
    // Every element takes a byte at least: a length that cannot be is refused before anything is allocated.
    need(value);
    if (kind === 2) return bytes.subarray(skip(value), at);
    if (kind === 3) return TEXT.decode(bytes.subarray(skip(value), at));
    if (kind === 4) {
      const list: unknown[] = [];
      for (let i = 0; i < value; i++) list.push(item(depth + 1));
      return list;
    }
    // A plain object is a fraction of one without a prototype; the one key that it takes for something else is passed over.
    const map: Record<string, unknown> = {};
    for (let i = 0; i < value; i++) {
      const key = item(depth + 1);
      if (typeof key !== 'string') throw bad('a key that is no string');
      const held = item(depth + 1);
      if (key !== '__proto__') map[key] = held;
    }
    return map;
  };

  const value = item(0);
  if (at !== bytes.length) throw bad(`${bytes.length - at} bytes follow it`);
  return value;
}
