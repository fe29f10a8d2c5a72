/**
 * Reads as many varints (LEB128, as in protobuf) as `data` has elements. Negative numbers are written as 64 bits,
 * whatever the type: all are taken modulo 2^64, then cut to the type's width. Without big integers, which take a hundred
 * times as long. The two may share memory that `data` is the beginning of.
 *
 * @returns whether `bytes` are so many varints and nothing else, and none was overwritten before it was read
 */
export function fromVarints(bytes: Uint8Array, data: ArrayBufferView & { readonly length: number }): boolean {
  const isWide = data instanceof BigInt64Array || data instanceof BigUint64Array;
  const words = (isWide ? new Int32Array(data.buffer, data.byteOffset, 2 * data.length) : data) as Int32Array;
  /** How far behind the numbers' memory the bytes stand. */
  const ahead = data.buffer === bytes.buffer ? bytes.byteOffset : Number.POSITIVE_INFINITY;
  const size = data.byteLength / data.length;
  let at = 0;
  for (let i = 0; i < data.length; i++) {
    let low = 0;
    let high = 0;
    let byte = 128;
    for (let shift = 0; byte > 127; shift += 7) {
      // Beyond the end there is no byte, and no varint ends.
      if (shift > 63 || at === bytes.length) return false;
      byte = bytes[at++];
      const group = byte & 0x7f;
      if (shift < 32) low |= group << shift;
      if (shift === 28) high = group >> 4;
      else if (shift > 28) high |= group << (shift - 32);
    }
    if ((i + 1) * size > ahead + at) return false;
    if (isWide) {
      words[2 * i] = low;
      words[2 * i + 1] = high;
    } else words[i] = low;
  }
  return at === bytes.length;
}
