import { orderedKey } from '../kernels.js';

/** Four passes of eight bits. */
const RADIX = 256;
const MASK = RADIX - 1;

/** Least-significant-digit radix sort on the bit patterns: O(n). A digit that all keys share takes no pass. */
export function sort(values: Float32Array, dropsZeros: boolean): Float32Array {
  const counts = [0, 1, 2, 3].map(() => new Uint32Array(RADIX));
  let keys: Int32Array = toKeys(values, dropsZeros, counts);
  let spare: Int32Array = new Int32Array(keys.length);
  for (const [digit, starts] of counts.entries()) {
    if (starts.includes(keys.length)) continue;
    toStarts(starts);
    scatter(keys, spare, starts, 8 * digit);
    [keys, spare] = [spare, keys];
  }
  // The inverse of orderedKey: keys with the top bit set were positive.
  for (let i = 0; i < keys.length; i++) keys[i] ^= ~(keys[i] >> 31) | 0x80000000;
  return new Float32Array(keys.buffer, keys.byteOffset, keys.length);
}

function toKeys(values: Float32Array, dropsZeros: boolean, [first, second, third, fourth]: Uint32Array[]): Int32Array {
  const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
  const keys = new Int32Array(bits.length);
  let kept = 0;
  for (let i = 0; i < bits.length; i++) {
    if (dropsZeros && bits[i] << 1 === 0) continue;
    const key = orderedKey(bits[i]);
    keys[kept++] = key;
    first[key & MASK]++;
    second[(key >>> 8) & MASK]++;
    third[(key >>> 16) & MASK]++;
    fourth[key >>> 24]++;
  }
  return keys.subarray(0, kept);
}

function scatter(from: Int32Array, to: Int32Array, starts: Uint32Array, shift: number): void {
  for (let i = 0; i < from.length; i++) {
    const key = from[i];
    to[starts[(key >>> shift) & MASK]++] = key;
  }
}

/** Turns counts into the index at which each digit's run starts. */
function toStarts(counts: Uint32Array): void {
  let start = 0;
  for (let digit = 0; digit < counts.length; digit++) {
    const count = counts[digit];
    counts[digit] = start;
    start += count;
  }
}
