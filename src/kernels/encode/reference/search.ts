/**
 * The largest value that still belongs to each centroid but the last: `limits[i]` is the midpoint of centroids `i` and
 * `i + 1`, and a value belongs to the first centroid whose limit is not below it. A tie at a midpoint so goes to the
 * lower centroid.
 *
 * Where centroids are equal the first one takes all of their values, as a search for the nearest that keeps the first
 * hit would: the limit of a repeated centroid is that of its last repetition.
 *
 * @param centroids ascending, length k of at least 1
 * @returns ascending, length k - 1
 */
export function upperLimits(centroids: Float64Array | Float32Array): Float64Array {
  const limits = new Float64Array(centroids.length - 1);
  updateLimits(centroids, limits);
  return limits;
}

/** As {@link upperLimits}, into an array that is there already. */
export function updateLimits(centroids: Float64Array | Float32Array, limits: Float64Array): void {
  let next = Infinity;
  for (let i = limits.length - 1; i >= 0; i--) {
    if (centroids[i] !== centroids[i + 1]) next = (centroids[i] + centroids[i + 1]) / 2;
    limits[i] = next;
  }
}

/**
 * Index of the first value above `limit`, or the length when there is none. The search gallops out from `hint`, so that
 * it costs the logarithm of the distance moved: from one Lloyd iteration to the next, boundaries move little.
 *
 * @param sorted ascending
 * @param hint where to begin, between 0 and the length
 */
export function firstAbove(sorted: Float32Array, limit: number, hint = sorted.length >>> 1): number {
  // Everything before `low` is at most the limit, everything from `high` on is above it.
  let low = hint;
  let high = hint;
  for (let step = 1; high < sorted.length && sorted[high] <= limit; step *= 2) {
    low = high + 1;
    high = Math.min(sorted.length, low + step);
  }
  for (let step = 1; low > 0 && sorted[low - 1] > limit; step *= 2) {
    high = low - 1;
    low = Math.max(0, high - step);
  }
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle] <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Index of the first value that is not below `limit`, or the length when there is none. */
export function firstNotBelow(sorted: Float32Array, limit: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle] < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
