import { encodeKernels } from '../../kernels/encode/index.js';
import { MAX_CODEBOOK } from '../constants.js';
import { gridValue } from '../read/codes.js';
import { makeCode } from './runs.js';
import { type Indexed, writeCodebook } from './symbols.js';

/** How many of the smallest magnitudes are tried as multiples of the step: on a real grid the first one fits. */
const MULTIPLES = 3;

/**
 * The same payload with indices into a grid of multiples of one step, where its values lie on one: 0, Δ, −Δ, 2Δ, −2Δ …
 * Two numbers then say what the codebook is. Nothing if they do not, or if a list of the values would be shorter.
 *
 * @param indexed - a payload of float32 units
 */
export function onGrid(indexed: Indexed): Indexed | undefined {
  const values = new Float32Array(indexed.values.buffer, indexed.values.byteOffset, indexed.values.length);
  let smallest = Number.POSITIVE_INFINITY;
  for (const value of values) if (value !== 0) smallest = Math.min(smallest, Math.abs(value));
  if (!Number.isFinite(smallest)) return undefined;
  for (let multiple = 1; multiple <= MULTIPLES; multiple++) {
    const step = Math.fround(smallest / multiple);
    const places = step > 0 ? placesOn(step, values, indexed.values) : undefined;
    if (places) return onPlaces(indexed, places, step);
  }
  return undefined;
}

/** Where each value stands in the grid's order; nothing if one is off the grid, to the last bit. */
function placesOn(step: number, values: Float32Array, patterns: Indexed['values']): Uint16Array | undefined {
  const places = new Uint16Array(values.length);
  const float = new Float32Array(1);
  const bits = new Uint32Array(float.buffer);
  for (const [i, value] of values.entries()) {
    const multiple = Math.round(value / step);
    const place = multiple > 0 ? 2 * multiple - 1 : -2 * multiple;
    // Fails for NaN, too.
    if (!(place < MAX_CODEBOOK)) return undefined;
    float[0] = gridValue(place, step);
    if (bits[0] !== patterns[i]) return undefined;
    places[i] = place;
  }
  return places;
}

function onPlaces(indexed: Indexed, places: Uint16Array, step: number): Indexed | undefined {
  const { symbols, counts } = indexed;
  const size = places.reduce((most, place) => Math.max(most, place + 1), 0);
  const grid = Float32Array.from({ length: size }, (_, place) => gridValue(place, step));
  const gridCounts = new Uint32Array(size);
  for (const [i, place] of places.entries()) gridCounts[place] = counts[i];
  // What the list of values takes, the grid takes in code lengths of all those that do not occur.
  const listed = writeCodebook(indexed, true).bytes.length + makeCode(counts).table.length;
  if (Float32Array.BYTES_PER_ELEMENT + makeCode(gridCounts).table.length >= listed) return undefined;
  const moved = symbols.slice();
  encodeKernels().relabel(moved, places);
  return {
    values: new Uint32Array(grid.buffer),
    symbols: moved,
    counts: gridCounts,
    step,
  };
}
