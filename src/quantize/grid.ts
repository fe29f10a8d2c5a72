import { partOutliers } from './outliers.js';

/** Rounds of the search for a step: each halves the logarithm of what is left of its range. */
const ROUNDS = 14;
/** The step that equally spread errors would allow is that far from the one that is looked for, at most. */
const REACH = 4;
/** As many values, evenly taken from the ascending ones, tell the error of all of them. */
const SAMPLE = 1 << 16;
/** By so much a step is made smaller that the sample has promised too much of. */
const SMALLER = 0.998;
/** Bits that a step keeps of its mantissa: more of them take more bytes than they save. */
const STEP_BITS = 10;

/**
 * The largest step of a uniform grid on which rounding adds at most this share of the weights' energy, of both without
 * outliers: these are rounded, too, but tell nothing of the others.
 *
 * @param sorted - finite, ascending, without zeros
 * @returns 0 if there are no weights
 */
export function gridStep(sorted: Float32Array, noise: number): number {
  const { core } = partOutliers(sorted);
  const allowed = noise * errorOn(core, Number.POSITIVE_INFINITY);
  if (!(allowed > 0)) return 0;
  const stride = Math.ceil(core.length / SAMPLE);
  const sample = core.filter((_, i) => i % stride === stride >> 1);
  const budget = (allowed * sample.length) / core.length;
  const even = Math.sqrt((12 * allowed) / core.length);
  const largest = Math.max(Math.abs(core[0]), Math.abs(core[core.length - 1]));
  let low = Math.min(even / REACH, largest);
  let high = Math.min(even * REACH, largest);
  for (let round = 0; round < ROUNDS; round++) {
    const middle = Math.sqrt(low * high);
    if (errorOn(sample, middle) <= budget) low = middle;
    else high = middle;
  }
  let step = shortened(low);
  while (errorOn(core, step) > allowed) step = shortened(step * SMALLER);
  return step;
}

/** The nearest multiple of a step for each weight, in its place; no zero has a sign. */
export function roundToGrid(weights: Float32Array, step: number): Float32Array {
  for (let i = 0; i < weights.length; i++) weights[i] = Math.round(weights[i] / step) * step + 0;
  return weights;
}

/** The sum of the squared distances to the nearest multiple of a step; of an infinite one all become zero. */
function errorOn(values: Float32Array, step: number): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) {
    const error = step === Number.POSITIVE_INFINITY ? values[i] : values[i] - Math.round(values[i] / step) * step;
    sum += error * error;
  }
  return sum;
}

/** A step that is no larger, and that few bits tell. */
function shortened(step: number): number {
  const word = new Uint32Array(Float32Array.of(step).buffer);
  word[0] &= ~(2 ** (23 - STEP_BITS) - 1);
  return new Float32Array(word.buffer)[0];
}
