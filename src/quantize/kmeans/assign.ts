import { encodeKernels } from '../../kernels/encode/index.js';
import { orderedKey } from '../../kernels/encode/kernels.js';
import { firstAbove, upperLimits } from '../../kernels/encode/reference/search.js';

/** Most centroids that an index of 16 bits can tell apart. */
const MAX_CENTROIDS = 65536;

/**
 * Index of the nearest centroid for every value. A value halfway between two goes to the lower; of equal centroids the
 * first is taken (rounding to float16 can make centroids equal).
 *
 * @param values finite, in any order
 * @param centroids finite, ascending, 1 to 65,536
 * @returns one index a value
 * @throws RangeError when there are no centroids, too many, or they do not ascend
 *
 * @example
 * assignNearest(Float32Array.of(0.9, -4), Float32Array.of(-1, 1)); // Uint16Array [1, 0]
 */
export function assignNearest(values: Float32Array, centroids: Float32Array): Uint16Array {
  checkCentroids(centroids);
  return encodeKernels().assign(values, limitKeys(centroids));
}

/**
 * Writes over every value the nearest centroid, as {@link assignNearest} finds it, but over zeros of either sign zero.
 *
 * @example
 * const weights = Float32Array.of(0.9, 0, -4);
 * shareNearest(weights, Float32Array.of(-1, 1)); // weights: [1, 0, -1]
 */
export function shareNearest(values: Float32Array, centroids: Float32Array): void {
  checkCentroids(centroids);
  encodeKernels().share(values, limitKeys(centroids), centroids);
}

/**
 * Sum of the squared distances of values to the nearest centroid of each, as {@link assignNearest} finds it.
 *
 * @param sorted finite values, ascending
 *
 * @example
 * errorOf(Float32Array.of(-4, 0.5), Float32Array.of(-1, 1)); // 9.25
 */
export function errorOf(sorted: Float32Array, centroids: Float32Array): number {
  if (sorted.length === 0) return 0;
  checkCentroids(centroids);
  const boundaries = new Uint32Array(centroids.length + 1);
  for (const [i, limit] of upperLimits(centroids).entries()) {
    boundaries[i + 1] = firstAbove(sorted, limit, boundaries[i]);
  }
  boundaries[centroids.length] = sorted.length;
  return encodeKernels().squaredError(sorted, boundaries, centroids);
}

function checkCentroids(centroids: Float32Array): void {
  const k = centroids.length;
  if (k < 1 || k > MAX_CENTROIDS) {
    throw new RangeError(`assignNearest: expected 1 to ${MAX_CENTROIDS} centroids, got ${k}`);
  }
  for (let i = 1; i < k; i++) {
    if (!(centroids[i - 1] <= centroids[i])) {
      throw new RangeError(`assignNearest: centroids must ascend, got ${centroids[i - 1]} before ${centroids[i]}`);
    }
  }
}

/** The limits as keys to compare float32 values with: of each midpoint the largest float32 that is not above it. */
function limitKeys(centroids: Float32Array): Uint32Array {
  const limits = upperLimits(centroids);
  // A limit of -0 would leave +0 above it: adding 0 makes it +0.
  const rounded = Float32Array.from(limits, (limit) => Math.fround(limit) + 0);
  const bits = new Int32Array(rounded.buffer);
  return Uint32Array.from(limits, (limit, i) => {
    const key = orderedKey(bits[i]) >>> 0;
    // Keys are consecutive where floats are: one less is the float below.
    return rounded[i] > limit ? key - 1 : key;
  });
}
