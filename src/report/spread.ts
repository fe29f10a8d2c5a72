import { formatNamed } from '../quantize/formats/parse.js';
import type { FormatRange, Spread } from './comparison.js';

/** Octaves below the largest number that are told apart: more than any format of 16 bits reaches down. */
const OCTAVES = 20;
/** The exponent in the bits of a float32, and what it is above the number's. */
const EXPONENT = 23;
const BIAS = 127;

/** Counts numbers by their powers of two. What is no number is not counted. */
export function spreadOf(numbers: Float32Array): Spread {
  const bits = new Uint32Array(numbers.buffer, numbers.byteOffset, numbers.length);
  const exponents = new Float64Array(256);
  let zeros = 0;
  for (let i = 0; i < bits.length; i++) {
    const code = (bits[i] >>> EXPONENT) & 255;
    if (numbers[i] === 0) zeros++;
    else if (code < 255) exponents[code]++;
  }
  const top = exponents.findLastIndex((count) => count > 0);
  if (top < 0) return { from: 0, counts: [], zeros, below: 0 };
  const first = Math.max(
    exponents.findIndex((count) => count > 0),
    top - OCTAVES + 1,
  );
  const below = exponents.subarray(0, first).reduce((sum, count) => sum + count, 0);
  return { from: first - BIAS, counts: Array.from(exponents.subarray(first, top + 1)), zeros, below };
}

/**
 * What a number format reaches: its least and its largest magnitude, told from numbers rounded to it. Of one whose numbers are
 * multiples of a step, the step is the least of them; of others the ends are those that occur.
 *
 * @param isOneStep - whether all numbers have the same step
 */
export function rangeOf(rounded: Float32Array, format: string, isOneStep: boolean): FormatRange | null {
  let low = Number.POSITIVE_INFINITY;
  let high = 0;
  for (let i = 0; i < rounded.length; i++) {
    const size = Math.abs(rounded[i]);
    if (size > high) high = size;
    if (size > 0 && size < low) low = size;
  }
  if (high === 0) return null;
  const known = isOneStep && /^(?:int|fixed)\d/.test(format) ? formatNamed(format) : undefined;
  // Two's complement has one number more below zero.
  const levels = known ? 2 ** (known.bits - 1) - 1 : 0;
  return { low, high: Math.max(high, levels * low) };
}

/** The same of what was counted of a value: each of the counted intervals in the power of two that its middle has. */
export function spreadOfCounts({ bins, limit }: Counted, zeros: number): Spread {
  const top = limit > 0 ? Math.floor(Math.log2(limit)) : 0;
  const counts = new Float64Array(OCTAVES);
  let below = 0;
  for (const [i, count] of bins.entries()) {
    const at = OCTAVES - 1 - (top - Math.floor(Math.log2(((i + 0.5) * limit) / bins.length)));
    // The first interval holds whatever is smaller than it is wide.
    if (i === 0 || !(at >= 0)) below += count;
    else counts[Math.min(OCTAVES - 1, at)] += count;
  }
  const first = counts.findIndex((count) => count > 0);
  if (first < 0) return { from: 0, counts: [], zeros, below };
  const end = counts.findLastIndex((count) => count > 0) + 1;
  return { from: top - OCTAVES + 1 + first, counts: Array.from(counts.subarray(first, end)), zeros, below };
}

/** Counts of magnitudes over equal intervals from zero to a limit. */
interface Counted {
  readonly bins: Float64Array;
  readonly limit: number;
}

/** What fixed point of so many bits and such a position reaches; `null` for any other format. */
export function reachOf(format: string): FormatRange | null {
  const found = /^fixed(\d+)\.(-?\d+)$/.exec(format);
  if (!found) return null;
  const low = 2 ** -Number(found[2]);
  return { low, high: low * (2 ** (Number(found[1]) - 1) - 1) };
}
