import { encodeKernels } from '../../kernels/encode/index.js';
import { distinctValues, INITIALISATIONS, type Initialisation, initialCentroids } from './initialise.js';
import { LLOYD_DEFAULTS, lloyd } from './lloyd.js';
import { sortFloats } from './sort.js';

export { assignNearest, errorOf, shareNearest } from './assign.js';
export { distinctValues, INITIALISATIONS, type Initialisation, initialCentroids } from './initialise.js';
export { lloyd } from './lloyd.js';
export { sortFloats, sortNonZeros } from './sort.js';

/** Options of {@link kmeans1d}. */
export interface KMeansOptions {
  /** Most clusters there may be: 1 to 65,536. */
  k: number;
  /** How the first centroids are placed. Default `linear`. */
  init?: Initialisation;
  /** Seed of `random` and `kmeans++`: any safe integer. Default 0. */
  seed?: number;
  /** Iterations after which to stop although the clusters still change. Default 100,000. */
  maxIterations?: number;
}

const KMEANS_DEFAULTS: Required<Omit<KMeansOptions, 'k'>> = { init: 'linear', seed: 0, ...LLOYD_DEFAULTS };

/** Most clusters: what indices of 16 bits can tell apart. */
const MAX_CLUSTERS = 65536;

/** Clusters of scalar values. */
export interface KMeansResult {
  /** Means of the clusters, ascending, of the clusters that hold a value: k or fewer. */
  centroids: Float64Array;
  /** How many values each cluster holds; as long as `centroids`, every one at least 1. */
  sizes: Uint32Array;
  /** Sum of the squared distances of all values to the centroids of their clusters. */
  distortion: number;
  /** Iterations done; 0 where none was needed. */
  iterations: number;
  /** False only when `maxIterations` ended the work. */
  converged: boolean;
}

/**
 * One-dimensional k-means: the values that weights can share with the least squared error, as Lloyd's iterations find
 * it from the given start.
 *
 * Values with no more than k distinct ones among them are their own centroids, with no distortion, whatever the start.
 * No values give no clusters. The same input and seed give the same result on every machine.
 *
 * Source: Han, Mao, Dally, "Deep Compression", ICLR 2016, section 3.
 *
 * @param values finite, in any order; not changed
 * @throws RangeError when an option is out of its range or a value is not finite
 *
 * @example
 * const { centroids } = kmeans1d(Float32Array.of(9, 1, 2, 10), { k: 2 }); // [1.5, 9.5]
 */
export function kmeans1d(values: Float32Array, options: KMeansOptions): KMeansResult {
  return kmeansOfSorted(sortFloats(values), options);
}

/**
 * As {@link kmeans1d}, for a caller that tries several k and sorts once.
 *
 * @param sorted finite, ascending; not changed
 */
export function kmeansOfSorted(sorted: Float32Array, options: KMeansOptions): KMeansResult {
  const { k } = options;
  const init = options.init ?? KMEANS_DEFAULTS.init;
  const seed = options.seed ?? KMEANS_DEFAULTS.seed;
  const maxIterations = options.maxIterations ?? KMEANS_DEFAULTS.maxIterations;
  checkOptions(k, init, seed, maxIterations);
  if (sorted.length === 0) {
    return { centroids: new Float64Array(), sizes: new Uint32Array(), distortion: 0, iterations: 0, converged: true };
  }
  // NaNs and infinities are sorted to the ends: two looks are enough.
  for (const end of [sorted[0], sorted[sorted.length - 1]]) {
    if (!Number.isFinite(end)) throw new RangeError(`kmeans: expected finite values, got ${end}`);
  }
  const distinct = distinctValues(sorted, k + 1);
  const initial = distinct.length <= k ? distinct : initialCentroids(sorted, k, init, seed);
  const { centroids, boundaries, iterations, converged } = lloyd(sorted, initial, { maxIterations });
  return { ...withoutEmpty(sorted, centroids, boundaries), iterations, converged };
}

function checkOptions(k: number, init: Initialisation, seed: number, maxIterations: number): void {
  if (!Number.isInteger(k) || k < 1 || k > MAX_CLUSTERS) {
    throw new RangeError(`kmeans: expected k to be an integer from 1 to ${MAX_CLUSTERS}, got ${k}`);
  }
  if (!INITIALISATIONS.includes(init)) {
    throw new RangeError(`kmeans: expected init to be one of ${INITIALISATIONS.join(', ')}, got ${init}`);
  }
  if (!Number.isSafeInteger(seed)) throw new RangeError(`kmeans: expected seed to be a safe integer, got ${seed}`);
  if (!Number.isInteger(maxIterations) || maxIterations < 1) {
    throw new RangeError(`kmeans: expected maxIterations to be a positive integer, got ${maxIterations}`);
  }
}

function withoutEmpty(
  sorted: Float32Array,
  centroids: Float64Array,
  boundaries: Uint32Array,
): Pick<KMeansResult, 'centroids' | 'sizes' | 'distortion'> {
  const kept = centroids.filter((_, i) => boundaries[i] < boundaries[i + 1]);
  const sizes = new Uint32Array(kept.length);
  let count = 0;
  for (let cluster = 0; cluster < centroids.length; cluster++) {
    const size = boundaries[cluster + 1] - boundaries[cluster];
    if (size > 0) sizes[count++] = size;
  }
  return { centroids: kept, sizes, distortion: encodeKernels().squaredError(sorted, boundaries, centroids) };
}
