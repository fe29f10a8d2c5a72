/**
 * A protobuf writer that writes whatever it is told, including what no library would: overlong varints, groups,
 * reserved wire types, lengths that lie. Every function returns bytes; a message is a `concat` of its fields.
 */

export const WIRE = { varint: 0, fixed64: 1, bytes: 2, startGroup: 3, endGroup: 4, fixed32: 5 } as const;

/** All parts after one another; long lists go in as arrays, as a call takes only so many arguments. */
export function concat(...parts: (Uint8Array | readonly Uint8Array[] | undefined)[]): Uint8Array {
  const present = parts.flatMap((part) => part ?? []);
  const result = new Uint8Array(present.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of present) {
    result.set(part, offset);
    offset += part.length;
  }
  return result;
}

/**
 * A varint. Negative values become ten bytes, as int32 and int64 fields have them. With `minimum` the varint is padded
 * with continuation bytes up to that length: legal to read, never written by a library.
 */
export function varint(value: number | bigint, minimum = 1): Uint8Array {
  let rest = BigInt(value);
  if (rest < 0n) rest = BigInt.asUintN(64, rest);
  const bytes: number[] = [];
  do {
    bytes.push(Number(rest & 0x7fn));
    rest >>= 7n;
  } while (rest > 0n || bytes.length < minimum);
  for (let i = 0; i < bytes.length - 1; i++) bytes[i] |= 0x80;
  return Uint8Array.from(bytes);
}

export function tag(field: number, wire: number, minimum = 1): Uint8Array {
  return varint((BigInt(field) << 3n) | BigInt(wire), minimum);
}

export function varintField(field: number, value: number | bigint, minimum = 1): Uint8Array {
  return concat(tag(field, WIRE.varint), varint(value, minimum));
}

/** A length-delimited field: bytes, a string's UTF-8, a packed list or a message. */
export function bytesField(field: number, payload: Uint8Array, minimumLength = 1): Uint8Array {
  return concat(tag(field, WIRE.bytes), varint(payload.length, minimumLength), payload);
}

/** A length-delimited field whose length is a lie. */
export function lyingField(field: number, length: number | bigint, payload: Uint8Array): Uint8Array {
  return concat(tag(field, WIRE.bytes), varint(length), payload);
}

export function textField(field: number, text: string): Uint8Array {
  return bytesField(field, utf8(text));
}

export function fixed32Field(field: number, value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return concat(tag(field, WIRE.fixed32), bytes);
}

export function floatField(field: number, value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, value, true);
  return concat(tag(field, WIRE.fixed32), bytes);
}

export function fixed64Field(field: number, value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt.asUintN(64, value), true);
  return concat(tag(field, WIRE.fixed64), bytes);
}

/** A group, closed by its end tag (or by another field's, to be wrong). */
export function groupField(field: number, content: Uint8Array, endField = field): Uint8Array {
  return concat(tag(field, WIRE.startGroup), content, tag(endField, WIRE.endGroup));
}

/** The payload of a packed list of varints. */
export function packedVarints(values: Iterable<number | bigint>): Uint8Array {
  return concat(Array.from(values, (value) => varint(value)));
}

/** The bytes of a typed array, copied, little-endian (as every platform that runs these tests has them). */
export function bytesOf(array: ArrayBufferView): Uint8Array<ArrayBuffer> {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength).slice();
}

export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
