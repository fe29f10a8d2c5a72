import { upperLimits } from './search.js';
import { orderedKey } from './sort.js';

/** Most centroids that an index of 16 bits can tell apart. */
const MAX_CENTROIDS = 65536;

/**
 * Index of the nearest centroid for every value. A value halfway between two goes to the lower; of equal centroids the
 * first is taken (rounding to float16 can make centroids equal).
 *
 * A table over the top 16 bits of a float32 (sign, exponent, seven bits of mantissa) answers at once for values whose
 * neighbourhood holds no midpoint; the others search among the midpoints of their neighbourhood alone.
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
  const assignments = new Uint16Array(values.length);
  if (centroids.length === 1) return assignments;
  const limits = limitKeys(centroids);
  const starts = bucketStarts(limits);
  const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
  for (let i = 0; i < bits.length; i++) {
    const key = orderedKey(bits[i]) >>> 0;
    let low = starts[key >>> 16];
    let high = starts[(key >>> 16) + 1];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (limits[middle] < key) low = middle + 1;
      else high = middle;
    }
    assignments[i] = low;
  }
  return assignments;
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

/** For each value of a key's top 16 bits the number of limits in lower buckets, and at the end the number of all. */
function bucketStarts(limits: Uint32Array): Uint32Array {
  const starts = new Uint32Array(65536 + 1);
  for (const limit of limits) starts[(limit >>> 16) + 1]++;
  for (let bucket = 0; bucket < 65536; bucket++) starts[bucket + 1] += starts[bucket];
  return starts;
}
