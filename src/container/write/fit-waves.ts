import { LONGEST_WAVE, MAX_LINES, MAX_WAVES } from '../constants.js';
import { type Lines, linesOf } from '../header.js';
import { expectedFrequency, type Waves } from '../read/waves.js';
import { frequencyOf, NOTHING, turnOf, waveOf } from './nearest-wave.js';

/** Fewer lines, or shorter pieces, say too little of what they are, and take next to nothing. */
const FEWEST_LINES = 8;
const SHORTEST_PIECE = 16;
/** Pieces that lines are cut into: most transforms have one, those with a real and an imaginary half two. */
const PIECES = [1, 2];
/** Lines by which is seen whether it is worth a closer look, and how far these may be off, as a share of their largest value. */
const SAMPLE = 5;
const LIKELY = 1e-4;
/** Waves that a tensor's weights may be, and where its lines are. */
export interface Fitted {
  readonly waves: Waves;
  readonly lines: Lines;
  readonly axis: number;
}

/** A way to cut a tensor into pieces. */
interface Cut {
  readonly lines: Lines;
  readonly axis: number;
  readonly pieces: number;
  readonly length: number;
}

/**
 * The waves that are nearest to a tensor's weights, for every way to cut them in which they look like some: how near is for the
 * caller to see, since under a long window waves look like others. Takes a moment where they look like none.
 */
export function* fitWaves(weights: Float32Array, dims: readonly number[]): Generator<Fitted> {
  for (const cut of cutsOf(weights.length, dims)) {
    if (!isLikely(weights, cut)) continue;
    const largest = weights.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0);
    // A NaN makes it one. What is not finite may stand between the lines of a sample, and is no part of a wave.
    if (!(largest < Number.POSITIVE_INFINITY)) return;
    yield fitCut(weights, cut, largest);
  }
}

/** @param largest - of the tensor's weights, which are finite */
function fitCut(weights: Float32Array, cut: Cut, largest: number): Fitted {
  const { lines, pieces, length, axis } = cut;
  const frequencies = new Uint32Array(lines.count);
  const amplitudes = new Float32Array(lines.count * pieces);
  const phases = new Uint32Array(lines.count * pieces);
  for (let line = 0; line < lines.count; line++) {
    const all = Array.from({ length: pieces }, (_, piece) => takePiece(weights, cut, line, piece));
    const sizes = all.map(sizeOf);
    const main = sizes.indexOf(Math.max(...sizes));
    const isNothing = sizes[main] <= NOTHING * largest;
    // Of nothing the frequency is that which takes the fewest bits.
    frequencies[line] = isNothing ? expectedFrequency(frequencies, line) : frequencyOf(all[main], sizes[main]);
    for (const [piece, values] of all.entries()) {
      const wave = line * pieces + piece;
      if (sizes[piece] > NOTHING * largest) [amplitudes[wave], phases[wave]] = waveOf(values, frequencies[line]);
      else phases[wave] = phases[wave - pieces] ?? 0;
    }
  }
  return { waves: { length, pieces, frequencies, amplitudes, phases }, lines, axis };
}

/** All ways to cut a tensor into pieces, those with the fewest first. */
function cutsOf(units: number, dims: readonly number[]): Cut[] {
  return dims
    .flatMap((_, axis) => {
      const lines = linesOf(dims, axis, 1);
      return PIECES.map((pieces) => ({ lines, axis, pieces, length: units / (lines.count * pieces) }));
    })
    .filter(
      ({ lines: { count }, pieces, length }) =>
        count >= FEWEST_LINES &&
        count <= MAX_LINES &&
        count * pieces <= MAX_WAVES &&
        Number.isInteger(length) &&
        length >= SHORTEST_PIECE &&
        length <= LONGEST_WAVE,
    )
    .sort((a, b) => a.lines.count * a.pieces - b.lines.count * b.pieces);
}

/** Whether some lines are waves, all that are more than nothing. */
function isLikely(weights: Float32Array, cut: Cut): boolean {
  const { lines, pieces } = cut;
  const sample = Array.from({ length: SAMPLE * pieces }, (_, i) =>
    takePiece(weights, cut, Math.round((Math.floor(i / pieces) * (lines.count - 1)) / (SAMPLE - 1)), i % pieces),
  );
  const sizes = sample.map(sizeOf);
  const largest = Math.max(...sizes);
  if (!(largest > 0 && largest < Number.POSITIVE_INFINITY)) return false;
  return sample.every((values, i) => {
    if (sizes[i] <= NOTHING * largest) return true;
    const turn = turnOf(values);
    return values.every(
      (value, k) =>
        k === 0 ||
        k === values.length - 1 ||
        Math.abs(values[k - 1] + values[k + 1] - turn * value) <= LIKELY * sizes[i],
    );
  });
}

/** Weights of a line, one of its pieces of a length. */
export function takePiece(
  weights: Float32Array,
  { lines, length }: Pick<Cut, 'lines' | 'length'>,
  line: number,
  piece: number,
): Float64Array {
  const { count, inner } = lines;
  const values = new Float64Array(length);
  let within = (piece * length) % inner;
  let from = (Math.floor((piece * length) / inner) * count + line) * inner;
  for (let k = 0; k < length; k++) {
    values[k] = weights[from + within];
    if (++within < inner) continue;
    within = 0;
    from += count * inner;
  }
  return values;
}

function sizeOf(values: Float64Array): number {
  let most = 0;
  // A NaN makes it one.
  for (const value of values) most = Math.max(most, Math.abs(value));
  return most;
}
