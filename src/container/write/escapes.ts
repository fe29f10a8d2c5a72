import { BitWriter } from '../../binary/bits.js';
import { writeGolomb } from '../../entropy/golomb.js';
import { LOW_BITS } from '../constants.js';
import type { Lines } from '../header.js';
import { chunks } from '../read/layouts.js';

/** Weights that a grid's table does not hold. */
export interface Escapes {
  /** The orders of the Golomb codes of their distances and of their numbers. */
  readonly apart: number;
  readonly beyond: number;
  /** Which weights they are, ascending. */
  readonly at: Uint32Array;
  /** By how much the place of each in the grid's order is beyond that of the table's last entry; 0: it is on no grid. */
  readonly numbers: Uint32Array;
  /** Their bit patterns, of which those on no grid are written. */
  readonly patterns: Uint32Array;
}

/** The escapes of each chunk of so many weights, as they stand in a section; nothing if the tensor has none. */
export function escapesByChunk(
  { symbols, escapes }: { readonly symbols: ArrayLike<unknown>; readonly escapes?: Escapes },
  size: number,
): Uint8Array[] {
  let next = 0;
  return Array.from(chunks(symbols.length, size), ({ start, count }) => {
    if (!escapes) return new Uint8Array();
    const from = next;
    while (next < escapes.at.length && escapes.at[next] < start + count) next++;
    return writeEscapes(escapes, from, next, start, count);
  });
}

/** Bytes of all of them. */
export function sizeOf(parts: readonly (readonly Uint8Array[])[]): number {
  return parts.flat().reduce((sum, { length }) => sum + length, 0);
}

function writeEscapes(escapes: Escapes, from: number, to: number, start: number, count: number): Uint8Array {
  const { apart, beyond, at, numbers, patterns } = escapes;
  const bits = new BitWriter();
  let next = start;
  for (let i = from; i < to; i++) {
    writeGolomb(bits, at[i] - next, apart);
    writeGolomb(bits, numbers[i], beyond);
    next = at[i] + 1;
    if (numbers[i] === 0) writeGolomb(bits, patterns[i], LOW_BITS);
  }
  // The end of the chunk is as far as from one escape to the next.
  writeGolomb(bits, start + count - next, apart);
  return bits.finish();
}

/** Bits of the Golomb code of a number. */
const golombBits = (number: number, order: number) => 2 * Math.floor(Math.log2(number + 2 ** order)) - order + 1;

/** The order of the code in which these numbers are shortest. */
export function bestOrder(numbers: Uint32Array): number {
  let best = { order: 0, bits: Number.POSITIVE_INFINITY };
  for (let order = 0; order <= LOW_BITS; order++) {
    const bits = numbers.reduce((sum, number) => sum + golombBits(number, order), 0);
    // They fall up to the best order, and rise behind it.
    if (bits > best.bits) break;
    best = { order, bits };
  }
  return best.order;
}

/** Those of some of the lines along a dimension, counted as these lines stand behind each other. */
export function escapesOfLines(
  { at, numbers, patterns, ...orders }: Escapes,
  lines: readonly number[],
  { count, inner }: Pick<Lines, 'count' | 'inner'>,
  weights: number,
): Escapes {
  const ranks = new Map(lines.map((line, rank) => [line, rank]));
  const length = weights / count;
  const places = [...at.keys()].flatMap((i) => {
    const rank = ranks.get(Math.floor(at[i] / inner) % count);
    if (rank === undefined) return [];
    const inLine = Math.floor(at[i] / (inner * count)) * inner + (at[i] % inner);
    return [{ i, at: rank * length + inLine }];
  });
  places.sort((a, b) => a.at - b.at);
  return {
    ...orders,
    at: Uint32Array.from(places, (place) => place.at),
    numbers: Uint32Array.from(places, ({ i }) => numbers[i]),
    patterns: Uint32Array.from(places, ({ i }) => patterns[i]),
  };
}
