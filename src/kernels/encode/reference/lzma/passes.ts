import type { Steps } from '../../../../breather.js';
import { BEFORE_BITS } from '../../../../entropy/lzma-model.js';

/** What squeezing bytes once has made. */
export interface Pass {
  readonly stream: Uint8Array;
  /** How often each byte was a literal: 256 counts for each value of the upper bits of the byte before. */
  readonly literals: Uint32Array;
}

/** About what a coder loses with each byte that it has to learn in a context, in bits. */
const LEARNING = 6;

/** The share of the input that contexts have to promise for a second pass, and up to how many bytes there is one anyway. */
const PROMISING = 0.0018;
const SHORT = 65536;

/**
 * Squeezes bytes without regard to the byte before a literal, and where that promises to be shorter once more with it.
 *
 * @param bytes - how many there are
 * @param pass - squeezes once
 * @returns the shorter stream
 */
export function* squeezeInPasses(bytes: number, pass: (byBefore: 0 | 1) => Steps<Pass>): Steps<Uint8Array> {
  const { stream, literals } = yield* pass(0);
  if (bytes > SHORT && gainOf(literals) < 8 * PROMISING * bytes) return stream;
  const other = yield* pass(1);
  return other.stream.length < stream.length ? other.stream : stream;
}

/** About how many bits are saved by contexts. */
function gainOf(literals: Uint32Array): number {
  const all = new Uint32Array(256);
  let gain = 0;
  for (let context = 0; context < 1 << BEFORE_BITS; context++) {
    const counts = literals.subarray(256 * context, 256 * (context + 1));
    gain -= bitsOf(counts);
    for (let byte = 0; byte < 256; byte++) all[byte] += counts[byte];
  }
  return gain + bitsOf(all);
}

/** Bits of symbols that occur so often, what it takes to learn that included. */
function bitsOf(counts: Uint32Array): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  let bits = 0;
  for (const count of counts) if (count > 0) bits += count * Math.log2(total / count) + LEARNING;
  return bits;
}
