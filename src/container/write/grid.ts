import { gridInteger } from '../read/grids.js';
import { planDense } from './layouts.js';
import type { Indexed } from './symbols.js';
import { inTable, NEGATIVE, OFF_GRID } from './table.js';

/** As so many times the step a smallest magnitude is tried: on a real grid the first fits. */
const MULTIPLES = 3;

/** As many of the smallest magnitudes are tried: one that is on no grid must not hide it. */
const SMALLEST = 3;

/** The largest place that is looked for: multiples of a step so far out are no longer told from what lies between them. */
const MOST = 2 ** 23;

/** Of so many weights one may be on no grid: what is not a number, or too far away to count steps. */
const STRAYS = 1 << 10;

const MINUS = 2 ** 31;

/**
 * The same payload with indices into a grid of multiples of one step, where its values lie on one: 0, Δ, −Δ, 2Δ, −2Δ …
 * Two numbers then say what the codebook is. Nothing if they do not, or if a list of the values would be shorter.
 *
 * @param units - a payload of float32 units
 * @param listed - the same by a list of its values, if they are few enough for one
 */
export function onGrid(units: Uint32Array, listed: Indexed | undefined): Indexed | undefined {
  const patterns = listed?.values instanceof Uint32Array ? listed.values : units;
  const found = placesOnGrid(patterns, units.length, listed?.counts);
  if (!found) return undefined;
  const { step } = found;
  let { places } = found;
  if (listed) {
    const ofValue = places;
    places = new Uint32Array(units.length);
    for (let i = 0; i < places.length; i++) places[i] = ofValue[listed.symbols[i]];
  }
  const made = inTable(places, units, { steps: Float32Array.of(step) });
  // What a list of the values takes, the grid takes in code lengths of all those that do not occur, and in escapes.
  return made && listed && planDense(made, true).bytes >= planDense(listed, true).bytes ? undefined : made;
}

/** Where in its order of a grid values stand. */
interface Places {
  readonly places: Uint32Array;
  readonly step: number;
}

/**
 * @param patterns - float32 values, or all weights
 * @param total - how many weights there are
 * @param counts - how many have each value; default: one
 */
function placesOnGrid(patterns: Uint32Array, total: number, counts: Uint32Array | undefined): Places | undefined {
  const values = new Float32Array(patterns.buffer, patterns.byteOffset, patterns.length);
  for (const smallest of smallestOf(values)) {
    for (let multiple = 1; multiple <= MULTIPLES; multiple++) {
      const step = Math.fround(smallest / multiple);
      const places = step > 0 ? placesOn(step, values, patterns, total / STRAYS, counts) : undefined;
      if (places) return { places, step };
    }
  }
  return undefined;
}

/** The smallest magnitudes, ascending, without zero. */
function smallestOf(values: Float32Array): number[] {
  const smallest: number[] = [];
  let limit = Number.POSITIVE_INFINITY;
  for (let i = 0; i < values.length; i++) {
    const size = Math.abs(values[i]);
    if (!(size > 0 && size < limit) || smallest.includes(size)) continue;
    smallest.push(size);
    smallest.sort((a, b) => a - b).splice(SMALLEST);
    limit = smallest[SMALLEST - 1] ?? limit;
  }
  return smallest;
}

function placesOn(
  step: number,
  values: Float32Array,
  patterns: Uint32Array,
  strays: number,
  counts: Uint32Array | undefined,
): Uint32Array | undefined {
  // On a wrong grid there soon are too many strays: memory is only taken for a right one.
  let off = 0;
  for (let i = 0; i < values.length; i++) {
    if (placeOf(values[i], patterns[i], step) !== OFF_GRID) continue;
    off += counts?.[i] ?? 1;
    if (off > strays) return undefined;
  }
  const places = new Uint32Array(values.length);
  for (let i = 0; i < places.length; i++) places[i] = placeOf(values[i], patterns[i], step);
  return places;
}

/** The place of a value in the order of the grid of this step; to the last bit, or it is none. */
export function placeOf(value: number, pattern: number, step: number): number {
  if (value === 0) return pattern === MINUS ? NEGATIVE : 0;
  const multiple = Math.round(value / step);
  const place = multiple > 0 ? 2 * multiple - 1 : -2 * multiple;
  return place <= MOST && Math.fround(gridInteger(place, 0) * step) === value ? place : OFF_GRID;
}
