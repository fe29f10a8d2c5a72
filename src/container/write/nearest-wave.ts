import { PHASE_BITS } from '../constants.js';
import { turnBits } from '../read/waves.js';

/** Values of less than this share of the largest are nothing but what rounding has left. */
export const NOTHING = 1e-6;
/** Rounds of Gauss and Newton: each has twice as many digits right. */
const ROUNDS = 8;
/** Radians that are nothing to a frequency. */
const ENOUGH = 1e-14;

/** Twice the cosine of a wave's step: what its neighbours add up to, as a multiple of a value. */
export function turnOf(values: Float64Array): number {
  let [products, squares] = [0, 0];
  for (let k = 1; k < values.length - 1; k++) {
    products += values[k] * (values[k - 1] + values[k + 1]);
    squares += values[k] ** 2;
  }
  return squares > 0 ? products / squares : 0;
}

/** The frequency of a piece in its parts of a turn: by the sum of neighbours first, then by least squares. */
export function frequencyOf(values: Float64Array, size: number): number {
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
