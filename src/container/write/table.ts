import { MAX_CODEBOOK } from '../constants.js';
import { gridInteger } from '../read/grids.js';
import { bestOrder, type Escapes } from './escapes.js';
import type { Grid } from './steps.js';
import type { Indexed } from './symbols.js';

/** In the place of a place: a −0, and what is on no grid. */
export const NEGATIVE = 2 ** 32 - 2;
export const OFF_GRID = 2 ** 32 - 1;

/** At most one weight of so many may be beyond any table; more are better off otherwise. */
const FAR = 8;

/** Tables that are looked at are longer than the one before by so much. */
const LONGER = 1.2;
const SHORTEST = 4;

/** What an escape takes beside its distance and the logarithm of its number, what an entry takes in code lengths, in bits. */
const BITS_AN_ESCAPE = 4;
const BITS_AN_ENTRY = 1.5;
/** Of a table that holds all there is nothing has to be said. */
const BITS_OF_ESCAPES = 64;

/**
 * Weights on a grid, with indices into a table of its first entries, as many as pay: rare ones beyond it are escapes.
 *
 * @param places - of each weight the place in the order 0, 1, −1, 2 …, or one of the two words for none
 * @param units - the weights
 * @returns nothing if too many are beyond any table
 */
export function inTable(
  places: Uint32Array,
  units: Uint32Array,
  grid: Omit<Grid, 'hasMinusZero'>,
): Indexed | undefined {
  const hasMinusZero = places.includes(NEGATIVE);
  const minus = Number(hasMinusZero);
  const placeOf = (place: number) =>
    place === 0 || place === OFF_GRID ? place : place === NEGATIVE ? 1 : place + minus;
  const all = new Uint32Array(MAX_CODEBOOK);
  const far: number[] = [];
  for (let i = 0; i < places.length; i++) {
    const place = placeOf(places[i]);
    if (place < MAX_CODEBOOK) all[place]++;
    else if (far.push(place) > places.length / FAR) return undefined;
  }
  const size = tableSize(all, far);
  const symbols = new Uint16Array(places.length);
  const counts = all.slice(0, size);
  const at: number[] = [];
  const numbers: number[] = [];
  for (let i = 0; i < places.length; i++) {
    const place = placeOf(places[i]);
    if (place < size) symbols[i] = place;
    else {
      counts[0]++;
      at.push(i);
      numbers.push(place === OFF_GRID ? 0 : place - size + 1);
    }
  }
  const step = grid.axis === undefined ? grid.steps[0] : 1;
  const values = Float32Array.from({ length: size }, (_, place) => gridInteger(place, minus) * step);
  return {
    values: new Uint32Array(values.buffer),
    symbols,
    counts,
    grid: { ...grid, hasMinusZero },
    ...(at.length > 0 && { escapes: escapesOf(at, numbers, units) }),
  };
}

function escapesOf(at: readonly number[], numbersOf: readonly number[], units: Uint32Array): Escapes {
  const numbers = Uint32Array.from(numbersOf);
  const distances = Uint32Array.from(at, (place, i) => place - (i > 0 ? at[i - 1] + 1 : 0));
  return {
    apart: bestOrder(distances),
    beyond: bestOrder(numbers),
    at: Uint32Array.from(at),
    numbers,
    patterns: Uint32Array.from(at, (i) => units[i]),
  };
}

/** How many entries of a grid its table is to have, given how often each occurs and the places of those beyond any table. */
function tableSize(counts: Uint32Array, far: readonly number[]): number {
  const full = 1 + counts.findLastIndex((count) => count > 0);
  const near = far.filter((place) => place !== OFF_GRID);
  const total = counts.reduce((sum, count) => sum + count, far.length);
  let escapes = far.length;
  let sum = near.reduce((all, place) => all + place, 0);
  let coded = 0;
  const tables = new Set([Math.max(1, full)]);
  for (let size = SHORTEST; size < full; size = Math.ceil(size * LONGER)) tables.add(size);
  // Bits of the symbols of each table: all counts below it, and as zeros those that escape.
  const sorted = [...tables].sort((a, b) => b - a);
  const bitsOf = (count: number) => (count > 0 ? count * Math.log2(count) : 0);
  for (let place = 1; place < full; place++) {
    coded += bitsOf(counts[place]);
  }
  let best = { size: Math.max(1, full), bits: Number.POSITIVE_INFINITY };
  let from = full;
  for (const size of sorted) {
    for (; from > size; from--) {
      const count = counts[from - 1];
      coded -= bitsOf(count);
      escapes += count;
      sum += count * (from - 1);
    }
    const zeros = counts[0] + escapes;
    const numbers = escapes > 0 ? sum / escapes - size + 2 : 1;
    const apart = escapes > 0 ? Math.log2(total / escapes) : 0;
    const bits =
      bitsOf(total) -
      coded -
      bitsOf(zeros) +
      size * BITS_AN_ENTRY +
      (escapes > 0 ? BITS_OF_ESCAPES + escapes * (apart + Math.log2(Math.max(1, numbers)) + BITS_AN_ESCAPE) : 0);
    if (bits < best.bits) best = { size, bits };
  }
  return best.size;
}
