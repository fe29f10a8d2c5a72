// CBOR (RFC 8949) as a tree that can say what no honest writer says: maps with keys twice, and any bytes for an item.

/** A map, its entries in order; a key may be there twice. */
export class CborMap {
  constructor(entries) {
    this.entries = entries;
  }

  get(key) {
    return this.entries.find(([name]) => name === key)?.[1];
  }

  set(key, value) {
    const entry = this.entries.find(([name]) => name === key);
    if (entry) entry[1] = value;
    else this.entries.push([key, value]);
  }
}

/** Bytes that stand in the place of an item. */
export class Raw {
  constructor(...bytes) {
    this.bytes = bytes;
  }
}

/** Plain values as a tree. */
export function toTree(value) {
  if (Array.isArray(value)) return value.map(toTree);
  if (typeof value !== 'object' || value === null) return value;
  return new CborMap(Object.entries(value).map(([key, item]) => [key, toTree(item)]));
}

export function cloneTree(value) {
  if (Array.isArray(value)) return value.map(cloneTree);
  if (value instanceof CborMap) return new CborMap(value.entries.map(([key, item]) => [key, cloneTree(item)]));
  return value;
}

export function encodeTree(value) {
  const out = [];
  write(out, value);
  return Buffer.from(out);
}

function write(out, value) {
  if (value instanceof Raw) for (const byte of value.bytes) out.push(byte);
  else if (typeof value === 'number') number(out, value);
  else if (typeof value === 'string') {
    const bytes = Buffer.from(value);
    head(out, 3, bytes.length);
    for (const byte of bytes) out.push(byte);
  } else if (Array.isArray(value)) {
    head(out, 4, value.length);
    for (const item of value) write(out, item);
  } else if (value instanceof CborMap) {
    head(out, 5, value.entries.length);
    for (const [key, item] of value.entries) {
      write(out, key);
      write(out, item);
    }
  } else out.push(value === false ? 0xf4 : value === true ? 0xf5 : value === null ? 0xf6 : 0xf7);
}

function number(out, value) {
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
    if (value >= 0) head(out, 0, value);
    else head(out, 1, -1 - value);
    return;
  }
  const bytes = Buffer.alloc(9);
  bytes[0] = 0xfb;
  bytes.writeDoubleBE(value, 1);
  out.push(...bytes);
}

function head(out, kind, value) {
  const first = kind << 5;
  if (value < 24) out.push(first | value);
  else if (value < 2 ** 8) out.push(first | 24, value);
  else if (value < 2 ** 16) out.push(first | 25, value >> 8, value & 255);
  else if (value < 2 ** 32) out.push(first | 26, value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
  else {
    out.push(first | 27);
    head32(out, Math.floor(value / 2 ** 32));
    head32(out, value % 2 ** 32);
  }
}

function head32(out, value) {
  out.push(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
}
