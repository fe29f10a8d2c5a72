/** Code lengths as they stand in a file: four bits each, the first of a pair in the low half. */
export function packNibbles(lengths: Uint8Array): Uint8Array {
  const packed = new Uint8Array(Math.ceil(lengths.length / 2));
  for (let i = 0; i < lengths.length; i++) packed[i >> 1] |= lengths[i] << (4 * (i & 1));
  return packed;
}

/** The first `count` lengths of {@link packNibbles}' bytes. */
export function unpackNibbles(packed: Uint8Array, count: number): Uint8Array {
  const lengths = new Uint8Array(count);
  for (let i = 0; i < count; i++) lengths[i] = (packed[i >> 1] >> (4 * (i & 1))) & 15;
  return lengths;
}
