import { LONGEST_WAVE, MAX_LINES, MAX_WAVES, PHASE_BITS } from '../constants.js';
import { type Lines, linesOf } from '../header.js';
import { expectedFrequency, turnBits, type Waves } from '../read/waves.js';

/** Fewer lines, or shorter pieces, say too little of what they are, and take next to nothing. */
const FEWEST_LINES = 8;
const SHORTEST_PIECE = 16;
/** Pieces that lines are cut into: most transforms have one, those with a real and an imaginary half two. */
const PIECES = [1, 2];
/** Lines by which is seen whether it is worth a closer look, and how far these may be off, as a share of their largest value. */
const SAMPLE = 5;
const LIKELY = 1e-4;
/** A piece with less than this share of the tensor's largest value is nothing but what rounding has left. */
const NOTHING = 1e-6;
/** Rounds of Gauss and Newton: each has twice as many digits right. */
const ROUNDS = 8;
/** Radians that are nothing to a frequency. */
const ENOUGH = 1e-14;

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

/** Twice the cosine of a wave's step: what its neighbours add up to, as a multiple of a value. */
function turnOf(values: Float64Array): number {
  let [products, squares] = [0, 0];
  for (let k = 1; k < values.length - 1; k++) {
    products += values[k] * (values[k - 1] + values[k + 1]);
    squares += values[k] ** 2;
  }
  return squares > 0 ? products / squares : 0;
}

/** The frequency of a piece in its parts of a turn: by the sum of neighbours first, then by least squares. */
function frequencyOf(values: Float64Array, size: number): number {
  const { length } = values;
  const turn = 2 ** turnBits(length);
  if (values.every((value) => Math.abs(value - values[0]) <= NOTHING * size)) return 0;
  if (values.every((value, k) => Math.abs(value - (k % 2 ? -values[0] : values[0])) <= NOTHING * size)) return turn / 2;
  let step = Math.acos(Math.max(-1, Math.min(1, turnOf(values) / 2)));
  for (let round = 0; round < ROUNDS; round++) {
    const change = correction(values, step);
    if (!Number.isFinite(change)) break;
    step += change;
    if (Math.abs(change) < ENOUGH) break;
  }
  return Math.max(0, Math.min(turn / 2, Math.round((step / (2 * Math.PI)) * turn)));
}

/** By how much a step should be larger: the third unknown of a·cos + b·sin + change · their derivative, by least squares. */
function correction(values: Float64Array, step: number): number {
  const { length } = values;
  // From the middle on, what a phase and what a frequency does are told apart best.
  const middle = (length - 1) / 2;
  const circle = circleOf(length, step, -middle * step);
  const { a, b, cc, cs, ss, determinant } = partsOf(values, circle);
  let [cd, sd, dd, dr] = [0, 0, 0, 0];
  for (let k = 0; k < length; k++) {
    const [c, s] = [circle.cosines[k], circle.sines[k]];
    const slope = (k - middle) * (b * c - a * s);
    cd += c * slope;
    sd += s * slope;
    dd += slope * slope;
    dr += slope * (values[k] - a * c - b * s);
  }
  // What of the derivative cosine and sine cannot do is what tells; of what is left of the values they can do nothing.
  const p = (cd * ss - sd * cs) / determinant;
  const q = (sd * cc - cd * cs) / determinant;
  return dr / (dd - p * cd - q * sd);
}

/** Points that are as far from each other on a circle. */
interface Circle {
  readonly cosines: Float64Array;
  readonly sines: Float64Array;
}

/** Points found by turning the one before, which is much faster than an angle's sine; so many in a row, since errors add up. */
const TURNED = 32;

/** @param step - from one point to the next, and `start` of the first, in radians */
function circleOf(length: number, step: number, start: number): Circle {
  const [cosines, sines] = [new Float64Array(length), new Float64Array(length)];
  const [c, s] = [Math.cos(step), Math.sin(step)];
  for (let from = 0; from < length; from += TURNED) {
    cosines[from] = Math.cos(start + step * from);
    sines[from] = Math.sin(start + step * from);
    for (let k = from + 1; k < Math.min(from + TURNED, length); k++) {
      cosines[k] = cosines[k - 1] * c - sines[k - 1] * s;
      sines[k] = sines[k - 1] * c + cosines[k - 1] * s;
    }
  }
  return { cosines, sines };
}

/** Cosine's and sine's share of values, by least squares, and the sums that they are from. */
function partsOf(values: Float64Array, { cosines, sines }: Circle) {
  let [cc, cs, ss, cv, sv] = [0, 0, 0, 0, 0];
  for (let k = 0; k < values.length; k++) {
    const [c, s] = [cosines[k], sines[k]];
    cc += c * c;
    cs += c * s;
    ss += s * s;
    cv += c * values[k];
    sv += s * values[k];
  }
  const determinant = cc * ss - cs * cs;
  // At no frequency, and at the highest, there is no sine.
  const hasSine = determinant > 1e-9 * cc * cc;
  const a = hasSine ? (cv * ss - sv * cs) / determinant : cv / cc;
  const b = hasSine ? (sv * cc - cv * cs) / determinant : 0;
  return { a, b, cc, cs, ss, determinant };
}

/** Amplitude and phase of a piece at a frequency. */
export function waveOf(values: Float64Array, frequency: number): [amplitude: number, phase: number] {
  const step = (2 * Math.PI * frequency) / 2 ** turnBits(values.length);
  const circle = circleOf(values.length, step, 0);
  const { a, b } = partsOf(values, circle);
  const whole = 2 ** PHASE_BITS;
  const phase = Math.round((Math.atan2(a, b) / (2 * Math.PI)) * whole + whole) % whole;
  const start = (2 * Math.PI * phase) / whole;
  const [c, s] = [Math.cos(start), Math.sin(start)];
  let [products, squares] = [0, 0];
  for (let k = 0; k < values.length; k++) {
    const sine = s * circle.cosines[k] + c * circle.sines[k];
    products += sine * values[k];
    squares += sine * sine;
  }
  return [Math.fround(Math.abs(products / squares)), phase];
}
