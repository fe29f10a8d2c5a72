import type { DecodingTable } from '../../../entropy/table.js';
import type { Units } from '../kernels.js';

/**
 * Decodes one stream of Huffman codes: `count` symbols from `bytes[start … end)`, each looked up in `values` and
 * written to `out` from `at` on.
 *
 * Bits beyond the end read as zeros, so that nothing out of bounds is ever touched; whether the codes end where the
 * stream ends is checked once, afterwards.
 *
 * @returns whether the codes took exactly the stream's bytes, with zero bits after the last code
 */
export function decodeSymbols(
  bytes: Uint8Array,
  start: number,
  end: number,
  table: DecodingTable,
  values: Units,
  out: Units,
  at: number,
  count: number,
): boolean {
  const { entries, bits } = table;
  const mask = entries.length - 1;
  let next = start;
  let buffer = 0;
  let held = 0;
  for (let i = at; i < at + count; i++) {
    while (held < bits) {
      buffer |= (next < end ? bytes[next] : 0) << held;
      next++;
      held += 8;
    }
    const entry = entries[buffer & mask];
    const length = entry & 15;
    buffer >>>= length;
    held -= length;
    out[i] = values[entry >>> 4];
  }
  return endsAt(end, next, buffer, held);
}

/** What {@link decodePairs} decodes with: the two codes, the codebook, and how far the last gap symbol skips. */
export interface PairCode {
  readonly gaps: DecodingTable;
  readonly weights: DecodingTable;
  readonly values: Units;
  /** The gap symbol that skips this many zeros and has no weight behind it: the last of the alphabet. */
  readonly filler: number;
}

/**
 * Decodes one stream of `pairs` pairs (zeros to skip, weight) into `out`, which holds zeros, from position `at` on.
 * No weight is written at or beyond `limit`.
 *
 * @returns the position after the last weight or filler, or −1 when the stream is damaged: a weight beyond the limit,
 *   or codes that do not end where the stream ends
 */
export function decodePairs(
  bytes: Uint8Array,
  start: number,
  end: number,
  code: PairCode,
  out: Units,
  at: number,
  limit: number,
  pairs: number,
): number {
  const { gaps, weights, values, filler } = code;
  const gapMask = gaps.entries.length - 1;
  const weightMask = weights.entries.length - 1;
  let next = start;
  let buffer = 0;
  let held = 0;
  let position = at;
  for (let i = 0; i < pairs; i++) {
    while (held < 24) {
      buffer |= (next < end ? bytes[next] : 0) << held;
      next++;
      held += 8;
    }
    const gap = gaps.entries[buffer & gapMask];
    buffer >>>= gap & 15;
    held -= gap & 15;
    position += gap >>> 4;
    if (gap >>> 4 === filler) continue;
    if (position >= limit) return -1;
    const weight = weights.entries[buffer & weightMask];
    buffer >>>= weight & 15;
    held -= weight & 15;
    out[position++] = values[weight >>> 4];
  }
  return position <= limit && endsAt(end, next, buffer, held) ? position : -1;
}

/** Whether reading stopped inside the last byte of the stream with only zero bits left over. */
export function endsAt(end: number, next: number, buffer: number, held: number): boolean {
  // `next` counts the bytes taken, those read as zeros beyond the end included; whole bytes still held are given back.
  return next - (held >>> 3) === end && buffer === 0;
}
