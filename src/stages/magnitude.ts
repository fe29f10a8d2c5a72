import { encodeKernels } from '../kernels/encode/index.js';

/** Which weights survive: all above the threshold, and the first `ties` of exactly its magnitude. */
export interface MagnitudeCut {
  /** Weights of a larger magnitude survive. A float32 value; 0 when every non-zero survives, Infinity when none does. */
  threshold: number;
  /** How many weights of exactly this magnitude survive besides: the first ones, in the order they were given. */
  ties: number;
  /** How many weights survive in all: what was asked for, or all non-zeros where there are fewer. */
  survivors: number;
}

/**
 * Finds the cut that leaves exactly `keep` weights: the largest magnitudes. Of equal magnitudes at the cut the earlier
 * ones survive. Zeros are never survivors: where fewer than `keep` weights are not zero, these are all that survive.
 *
 * Selection by two histograms over the bit patterns: exact, two passes, no sort, and no memory that grows with the
 * model. Pass the arrays of one tensor for a cut of its own, those of all tensors for a global one.
 *
 * Source of the criterion: Han, Pool, Tran, Dally, "Learning both Weights and Connections", NIPS 2015, section 3.
 *
 * @param arrays gives the weights, and the same ones again when called a second time, so that a model larger than
 * memory can be read tensor by tensor; weights are finite
 * @param keep how many are to survive, at least 0
 * @throws RangeError when `keep` is not an integer of at least 0
 * @throws TypeError when `arrays` gives other weights the second time
 *
 * @example
 * selectLargest(() => [Float32Array.of(0.1, -3, 2, 0)], 2); // { threshold: 2, ties: 1, survivors: 2 }
 */
export function selectLargest(arrays: () => Iterable<Float32Array>, keep: number): MagnitudeCut {
  if (!Number.isSafeInteger(keep) || keep < 0) {
    throw new RangeError(`selectLargest: expected keep to be an integer of at least 0, got ${keep}`);
  }
  if (keep === 0) return { threshold: Infinity, ties: 0, survivors: 0 };

  const high = countHigh(arrays());
  const bucket = descend(high, keep);
  // Counts are compared before the low bits are known, and zeros stand apart: bucket 0 also holds denormals.
  const low = countLow(arrays(), bucket.index);
  const zeros = bucket.index === 0 ? low[0] : 0;
  if (sum(low) !== high[bucket.index]) {
    throw new TypeError('selectLargest: expected arrays() to give the same weights each time it is called');
  }
  if (bucket.above + high[bucket.index] - zeros <= keep && bucket.index === 0) {
    return { threshold: 0, ties: 0, survivors: bucket.above + high[0] - zeros };
  }
  const exact = descend(low, keep - bucket.above);
  return {
    threshold: toFloat((bucket.index << 16) | exact.index),
    ties: keep - bucket.above - exact.above,
    survivors: keep,
  };
}

/**
 * Writes zeros over the weights that do not survive a cut. Called array by array, in the order in which they were given
 * to {@link selectLargest}, with the ties that the arrays before have left.
 *
 * @param weights changed in place; zeros that are there already stay as they are, negative ones included
 * @param threshold the cut's
 * @param ties the cut's, or what the call before returned
 * @returns how many ties are left for the arrays that follow
 *
 * @example
 * let { threshold, ties } = selectLargest(() => arrays, keep);
 * for (const weights of arrays) ties = zeroBelow(weights, threshold, ties);
 */
export function zeroBelow(weights: Float32Array, threshold: number, ties: number): number {
  return encodeKernels().zeroBelow(weights, threshold, ties);
}

function countHigh(arrays: Iterable<Float32Array>): Float64Array {
  // Doubles, because a count may pass 2^32 in a model of several gigabytes.
  const counts = new Float64Array(2 ** 15);
  for (const weights of arrays) encodeKernels().countMagnitudes(weights, counts);
  return counts;
}

function countLow(arrays: Iterable<Float32Array>, bucket: number): Float64Array {
  const counts = new Float64Array(2 ** 16);
  for (const weights of arrays) encodeKernels().countWithin(weights, bucket, counts);
  return counts;
}

/** From the top down, the first index at which at least `keep` are counted (or 0), and the count above it. */
function descend(counts: Float64Array, keep: number): { index: number; above: number } {
  let above = 0;
  let index = counts.length - 1;
  while (index > 0 && above + counts[index] < keep) above += counts[index--];
  return { index, above };
}

function sum(counts: Float64Array): number {
  return counts.reduce((total, count) => total + count, 0);
}

function toFloat(bits: number): number {
  return new Float32Array(Uint32Array.of(bits).buffer)[0];
}
