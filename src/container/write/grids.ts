import { MAX_CODEBOOK, MAX_LINES } from '../constants.js';
import { type Lines, linesOf } from '../header.js';
import { placeOf } from './grid.js';
import { zerosOf } from './steps.js';
import type { Indexed } from './symbols.js';
import { inTable, OFF_GRID } from './table.js';

/** The largest integer that is looked for: positive and negative ones, zero and −0 fit a codebook. */
const MOST = MAX_CODEBOOK / 2 - 1;

/** A line's step takes as many bits as that many weights: shorter lines are not looked at. */
const SHORTEST = 8;

/** Where all weights are on one grid, as many lines are looked at to see whether theirs are other ones. */
const SAMPLE = 8;

/**
 * The same payload with indices into one table of integers, which each line along a dimension multiplies by a step of its
 * own: what rounding by channel leaves, in whatever tool. Found anew from the weights alone, and exact to the last bit.
 *
 * @param units - a payload of float32 units
 * @param step - that of the grid on which all of them are, if there is one
 * @returns nothing if there are no such steps; of several dimensions the one with the fewest lines
 */
export function onGrids(units: Uint32Array, dims: readonly number[], step?: number): Indexed | undefined {
  const axes = [...dims.entries()]
    .filter(([, count]) => count > 1 && count <= MAX_LINES && count * SHORTEST <= units.length)
    .sort(([, a], [, b]) => a - b);
  for (const [axis] of axes) {
    const lines = linesOf(dims, axis, 1);
    const steps = stepsOf(units, lines, step);
    if (steps) return inTable(placesOf(units, lines, steps), units, { steps, axis });
  }
  return undefined;
}

/** The step of each line; nothing if one has none, or if all seem to have the one that is known. */
function stepsOf(units: Uint32Array, lines: Lines, known: number | undefined): Float32Array | undefined {
  const steps = new Float32Array(lines.count);
  const line = new Uint32Array(units.length / lines.count);
  let others = 0;
  let seen = 0;
  for (let i = 0; i < lines.count; i++) {
    takeLine(units, lines, i, line);
    const found = stepOf(line);
    if (found === undefined) return undefined;
    steps[i] = found;
    if (found === 0) continue;
    if (found !== known) others++;
    if (++seen === SAMPLE && others === 0) return undefined;
  }
  if (others === 0) return undefined;
  // A line of zeros has the step of the one before, which takes the fewest bits.
  let before = steps.find((step) => step > 0) ?? 0;
  return steps.map((step) => {
    if (step > 0) before = step;
    return before;
  });
}

function takeLine(units: Uint32Array, { count, inner }: Lines, line: number, to: Uint32Array): void {
  const stride = (count - 1) * inner;
  for (let from = line * inner, at = 0; at < to.length; from += stride)
    for (const stop = at + inner; at < stop; from++, at++) to[at] = units[from];
}

/**
 * The largest step of which all weights are multiples: 0 if they are all zero, nothing if there is none. Their greatest
 * common divisor is found as Euclid did, up to what rounding has left of it, then the float32 that gives them back.
 */
function stepOf(patterns: Uint32Array): number | undefined {
  const values = new Float32Array(patterns.buffer, 0, patterns.length);
  let largest = 0;
  for (let i = 0; i < values.length; i++) {
    const size = Math.abs(values[i]);
    if (!(size < Number.POSITIVE_INFINITY)) return undefined;
    if (size > largest) largest = size;
  }
  if (largest === 0) return 0;
  const least = largest / MOST;
  let step = largest;
  for (let i = 0; i < values.length; i++) {
    const size = Math.abs(values[i]);
    const rest = Math.abs(size - Math.round(size / step) * step);
    if (rest <= least / 4) continue;
    const divisor = commonDivisor(step, rest, least / 4);
    if (divisor < least * 0.99) return undefined;
    step = largest / Math.round(largest / divisor);
  }
  return nearbySteps(step).find((near) => values.every((value, i) => placeOf(value, patterns[i], near) !== OFF_GRID));
}

function commonDivisor(a: number, b: number, nothing: number): number {
  let [larger, smaller] = [a, b];
  while (smaller > nothing) {
    [larger, smaller] = [smaller, Math.abs(larger - Math.round(larger / smaller) * smaller)];
  }
  return larger;
}

/** The float32 next to a number, those with the fewest bits first: they are what somebody has rounded steps to. */
function nearbySteps(step: number): number[] {
  const float = Float32Array.of(step);
  const pattern = new Uint32Array(float.buffer)[0];
  return [pattern, pattern - 1, pattern + 1, pattern - 2, pattern + 2]
    .filter((near) => near > 0 && near < 0x7f800000)
    .sort((a, b) => zerosOf(b) - zerosOf(a))
    .map((near) => new Float32Array(Uint32Array.of(near).buffer)[0]);
}

function placesOf(units: Uint32Array, { count, inner }: Lines, steps: Float32Array): Uint32Array {
  const values = new Float32Array(units.buffer, units.byteOffset, units.length);
  const places = new Uint32Array(units.length);
  for (let from = 0; from < units.length; ) {
    for (let line = 0; line < count; line++) {
      for (const stop = from + inner; from < stop; from++)
        places[from] = placeOf(values[from], units[from], steps[line]);
    }
  }
  return places;
}
