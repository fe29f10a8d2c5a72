import { encodeKernels } from '../../kernels/encode/index.js';

/** Options of {@link lloyd}. */
export interface LloydOptions {
  /** Iterations after which to stop although the clusters still change. Default 100,000, which is only a guard against a hang. */
  maxIterations?: number;
}

/** Where Lloyd's iterations ended. */
export interface LloydResult {
  /** Ascending, as many as were given. An empty cluster has the centroid it had when it was last not empty. */
  centroids: Float64Array;
  /** Cluster `i` holds the sorted values from `boundaries[i]` up to, not including, `boundaries[i + 1]`. Length k + 1. */
  boundaries: Uint32Array;
  iterations: number;
  /** Whether the last iteration moved no value: the fixed point of plain Lloyd from the same start. */
  converged: boolean;
}

/**
 * Stopping early is dear in one dimension: mass seeps slowly from cluster to cluster. 16 million Gaussian values in 256
 * clusters need some 30,000 iterations (a second), and after the first 1,000 the distortion still falls by two thirds.
 */
export const LLOYD_DEFAULTS: Required<LloydOptions> = { maxIterations: 100_000 };

/**
 * Exact one-dimensional k-means by Lloyd's iterations, on sorted values.
 *
 * On sorted values a cluster is a range that ends at the midpoint to the next centroid: an iteration is k short
 * searches and k differences of prefix sums instead of n × k distances. The clusters are those of plain Lloyd from the
 * same start. A value halfway between two centroids goes to the lower one; an empty cluster keeps its centroid.
 *
 * Source: Lloyd, "Least squares quantization in PCM", 1982; Han, Mao, Dally, ICLR 2016, section 3.1.
 *
 * @param sorted finite values, ascending
 * @param initial the centroids to start from, ascending, at least one; not changed. Of repeated ones the first takes the
 * values
 * @throws RangeError when there is no initial centroid, when they do not ascend, or when `maxIterations` is not a
 * positive integer
 *
 * @example
 * const { centroids } = lloyd(Float32Array.of(1, 2, 9, 10), Float64Array.of(1, 10)); // [1.5, 9.5]
 */
export function lloyd(sorted: Float32Array, initial: Float64Array, options: LloydOptions = {}): LloydResult {
  const maxIterations = options.maxIterations ?? LLOYD_DEFAULTS.maxIterations;
  checkArguments(initial, maxIterations);
  const centroids = initial.slice();
  return { centroids, ...encodeKernels().lloyd(sorted, centroids, maxIterations) };
}

function checkArguments(initial: Float64Array, maxIterations: number): void {
  if (initial.length === 0) throw new RangeError('lloyd: expected at least one initial centroid, got none');
  for (let i = 1; i < initial.length; i++) {
    if (!(initial[i - 1] <= initial[i])) {
      throw new RangeError(`lloyd: initial centroids must ascend, got ${initial[i - 1]} before ${initial[i]}`);
    }
  }
  if (!Number.isInteger(maxIterations) || maxIterations < 1) {
    throw new RangeError(`lloyd: expected maxIterations to be a positive integer, got ${maxIterations}`);
  }
}
