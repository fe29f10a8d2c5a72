import { distinctValues } from './kmeans/index.js';

/** A layer's values in ascending order, in three parts that lie behind each other. */
export interface Parts {
  readonly core: Float32Array;
  /** Far below the core, and far above it. */
  readonly below: Float32Array;
  readonly above: Float32Array;
}

/** How many robust deviations from the middle a value is far away. Of a Laplace distribution one in a million is. */
const FAR = 12;
/**
 * How many times as far as the next one nearer to the middle it is then. Trained layers have long tails, some with values 300
 * deviations out, but no gaps in them: there, the few large weights are part of what the layer does.
 */
const GAP = 3;
/** More than this share of the values are no outliers: the distribution is wide. */
const MOST = 0.01;
/** Fewer values have no core. */
const FEWEST = 32;
/** Share of the clusters that outliers may have, where there are many of them. */
const SHARE = 1 / 8;

/**
 * Parts a few values that are far away from all others. Squares of them would make up most of a layer's energy, and an
 * evenly spaced start would place nearly all clusters where there is nothing.
 *
 * The deviation is half the distance between the quantiles that are one deviation away from the middle of a normal
 * distribution, so that outliers do not count in what they are measured by.
 *
 * @param sorted finite, ascending
 */
export function partOutliers(sorted: Float32Array): Parts {
  const n = sorted.length;
  const quantile = (share: number) => sorted[Math.min(n - 1, Math.floor(share * n))];
  const middle = quantile(0.5);
  const deviation = (quantile(0.8413) - quantile(0.1587)) / 2;
  let [start, end] = [0, n];
  const most = Math.max(1, Math.floor(MOST * n));
  const isApart = (far: number, near: number) => far > FAR * deviation && far > GAP * Math.max(near, deviation);
  for (let i = Math.min(most, n - 1); i > 0 && start === 0; i--) {
    if (isApart(middle - sorted[i - 1], middle - sorted[i])) start = i;
  }
  for (let i = Math.max(n - most, 1); i < n && end === n; i++) {
    if (isApart(sorted[i] - middle, sorted[i - 1] - middle)) end = i;
  }
  const isFew = start + n - end <= most;
  if (n < FEWEST || !(deviation > 0) || !isFew) [start, end] = [0, n];
  return { core: sorted.subarray(start, end), below: sorted.subarray(0, start), above: sorted.subarray(end) };
}

/** How many of the clusters outliers get: each a value of its own where there is room, at least one a side. */
export function clustersOfOutliers(outliers: Float32Array, k: number): number {
  return Math.min(distinctValues(outliers, k).length, Math.max(1, Math.floor((SHARE * k) / 2)));
}
