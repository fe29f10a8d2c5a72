import { putWaves } from '../container/read/waves.js';
import { fitWaves } from '../container/write/fit-waves.js';
import { planFitted, planWaves } from '../container/write/waves.js';

/** What weights may be off, as a share of the largest: about what float32 leaves of sums of as many terms. */
const OFF = 1e-6;

/**
 * The weights of a Fourier, cosine or sine transform, each the wave of its line that is nearest to it: a container then holds
 * an amplitude, a phase and a frequency in the place of every line. They are off by a millionth of the largest at most, which
 * is what computing them in another order would change.
 *
 * @param dims - the shape that the weights have
 * @returns nothing if they are no waves
 * @example
 * const basis = toWaves(weights, [258, 1, 256]) ?? weights;
 */
export function toWaves(weights: Float32Array, dims: readonly number[]): Float32Array | undefined {
  const most = OFF * weights.reduce((largest, weight) => Math.max(largest, Math.abs(weight)), 0);
  for (const fitted of fitWaves(weights, dims)) {
    const made = new Float32Array(weights.length);
    putWaves(fitted.waves, fitted.lines, made, 0);
    if (weights.some((weight, i) => !(Math.abs(weight - made[i]) <= most))) continue;
    // What are waves already must stay what they are.
    if (planFitted(weights, dims, fitted)) return weights;
    if (planWaves(new Uint32Array(made.buffer), dims)) return made;
  }
  return undefined;
}
