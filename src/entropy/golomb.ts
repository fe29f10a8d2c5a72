import type { BitReader, BitWriter } from '../binary/bits.js';

/** As many zeros as a number of 32 bits can have before its highest bit. */
const MAX_ZEROS = 32;

/**
 * Writes a number in the exponential Golomb code of this order (Teuhola, 1978): with `order` bits more than its
 * magnitude asks for, numbers around 2^order are the cheapest. Zeros, as many as `value` + 2^order has bits beyond
 * `order` + 1; a one; the bits of that sum below its highest, from the lowest on.
 *
 * @param value - below 2^32
 */
export function writeGolomb(bits: BitWriter, value: number, order: number): void {
  const sum = value + 2 ** order;
  const length = sum < 2 ** 32 ? 31 - Math.clz32(sum) : 32;
  const before = length - order;
  // Nearly all are short, and then they are written at once.
  if (before + 1 + length <= 24) {
    bits.write((1 << before) | ((sum - (1 << length)) << (before + 1)), before + 1 + length);
    return;
  }
  for (let zeros = before; zeros > 0; zeros--) bits.write(0, 1);
  bits.write(1, 1);
  const low = Math.min(length, 16);
  bits.write(sum % 2 ** low, low);
  bits.write(Math.floor(sum / 2 ** low) % 2 ** (length - low), length - low);
}

/** Reads a number of {@link writeGolomb}. Of what is none it makes one that is beyond 32 bits. */
export function readGolomb(bits: BitReader, order: number): number {
  // Nearly all are short, and then one look at the bits is enough.
  const next = bits.peek();
  const before = 31 - Math.clz32(next & -next);
  if (2 * before + order < 25 && next !== 0) {
    const length = before + order;
    bits.skip(before + 1 + length);
    return ((next >>> (before + 1)) & ((1 << length) - 1)) + (1 << length) - (1 << order);
  }
  let zeros = 0;
  while (bits.take(1) === 0) if (++zeros > MAX_ZEROS) return Number.POSITIVE_INFINITY;
  const length = zeros + order;
  const low = Math.min(length, 16);
  // In parts: what is long may have more bits than are taken at once.
  const high = Math.min(length - low, 16);
  const sum = bits.take(low) + 2 ** low * bits.take(high) + 2 ** (low + high) * bits.take(length - low - high);
  return sum + 2 ** length - 2 ** order;
}

/** A difference as a number that is not negative: 0, 1, −1, 2, −2 … */
export function zigzag(difference: number): number {
  return difference > 0 ? 2 * difference - 1 : 2 * Math.abs(difference);
}

/** The inverse of {@link zigzag}, of numbers below 2^32. */
export function unzigzag(number: number): number {
  return number & 1 ? (number + 1) >>> 1 : -(number >>> 1);
}
