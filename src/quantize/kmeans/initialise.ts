import { firstAbove, firstNotBelow } from '../../kernels/encode/reference/search.js';
import { createRandom } from '../../random.js';
import { spreadByDistance } from './plusplus.js';

/** The ways to place the first centroids: equally spaced, of equal mass, at random values, by k-means++. */
export const INITIALISATIONS = ['linear', 'density', 'random', 'kmeans++'] as const;

export type Initialisation = (typeof INITIALISATIONS)[number];

/**
 * The centroids that k-means starts from.
 *
 * - `linear`: equally spaced from the smallest value to the largest, both included. The paper's choice: the few large
 *   weights, which matter most, get centroids of their own.
 * - `density`: equally spaced on the cumulative distribution, one in the middle of each k-th of the values.
 * - `random`: the values at k random places (Forgy).
 * - `kmeans++`: values drawn one after the other with a chance that grows with the squared distance to those drawn.
 *
 * Source: Han, Mao, Dally, ICLR 2016, section 3.2; Arthur and Vassilvitskii, "k-means++", SODA 2007.
 *
 * @param sorted finite values, ascending, at least one
 * @param k number of centroids, at least 1
 * @param init which way
 * @param seed a safe integer; only `random` and `kmeans++` use it
 * @returns k centroids, ascending. They are distinct, unless there are fewer than k distinct values (for `linear`: but
 * one). Values are then all taken once and the largest is repeated.
 * @throws RangeError when there are no values, when `k` is not a positive integer, `init` not one of the four, or `seed`
 * not a safe integer
 *
 * @example
 * initialCentroids(Float32Array.of(-1, 0, 0, 0, 3), 3, 'linear', 0); // Float64Array [-1, 1, 3]
 */
export function initialCentroids(sorted: Float32Array, k: number, init: Initialisation, seed: number): Float64Array {
  if (sorted.length === 0) throw new RangeError('initialCentroids: expected at least one value, got none');
  if (!Number.isInteger(k) || k < 1) {
    throw new RangeError(`initialCentroids: expected k to be a positive integer, got ${k}`);
  }
  if (!INITIALISATIONS.includes(init)) {
    throw new RangeError(`initialCentroids: expected init to be one of ${INITIALISATIONS.join(', ')}, got ${init}`);
  }
  if (init === 'linear') return linear(sorted, k);
  const distinct = distinctValues(sorted, k);
  if (distinct.length < k) return padded(distinct, k);
  if (init === 'density') return separate(sorted, quantiles(sorted.length, k));
  const random = createRandom(seed);
  return init === 'random'
    ? separate(sorted, randomPositions(sorted.length, k, random.below))
    : spreadByDistance(sorted, k, random);
}

/**
 * The smallest distinct values, `atMost` of them, ascending; fewer when there are not as many. Costs a search for each
 * one found, not a pass over the values.
 */
export function distinctValues(sorted: Float32Array, atMost: number): Float64Array {
  const found = new Float64Array(Math.min(atMost, sorted.length));
  let count = 0;
  for (let i = 0; i < sorted.length && count < found.length; i = firstAbove(sorted, sorted[i], i)) {
    found[count++] = sorted[i];
  }
  return found.slice(0, count);
}

function linear(sorted: Float32Array, k: number): Float64Array {
  const minimum = sorted[0];
  const maximum = sorted[sorted.length - 1];
  const centroids = new Float64Array(k);
  for (let i = 0; i < k; i++) centroids[i] = minimum + (maximum - minimum) * (i / (k - 1));
  // Rounding must not carry the last one past the end. Where it is also the first, any place would do.
  centroids[k - 1] = maximum;
  return centroids;
}

function padded(distinct: Float64Array, k: number): Float64Array {
  const centroids = new Float64Array(k).fill(distinct[distinct.length - 1]);
  centroids.set(distinct);
  return centroids;
}

function quantiles(n: number, k: number): number[] {
  return Array.from({ length: k }, (_, i) => Math.floor(((i + 0.5) * n) / k));
}

/** k different positions below n, ascending, each set of them as likely (Floyd's algorithm: no pass over n). */
function randomPositions(n: number, k: number, below: (n: number) => number): number[] {
  const chosen = new Set<number>();
  for (let last = n - k; last < n; last++) {
    const position = below(last + 1);
    chosen.add(chosen.has(position) ? last : position);
  }
  return [...chosen].sort((a, b) => a - b);
}

/**
 * The values at ascending positions, where equal ones are moved to the next distinct value above, and below where the
 * values end. There must be at least as many distinct values as positions.
 */
function separate(sorted: Float32Array, positions: number[]): Float64Array {
  const last = sorted.length - 1;
  const chosen = positions.slice();
  for (let i = 1; i < chosen.length; i++) {
    const previous = sorted[chosen[i - 1]];
    if (sorted[chosen[i]] <= previous) chosen[i] = Math.min(last, firstAbove(sorted, previous, chosen[i - 1]));
  }
  for (let i = chosen.length - 2; i >= 0; i--) {
    const next = sorted[chosen[i + 1]];
    if (sorted[chosen[i]] >= next) chosen[i] = firstNotBelow(sorted, next) - 1;
  }
  return Float64Array.from(chosen, (position) => sorted[position]);
}
