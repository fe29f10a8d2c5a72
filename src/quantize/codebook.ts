import { fromBfloat16, fromHalf, toBfloat16, toHalf } from '../binary/half.js';
import { MAX_CODEBOOK } from '../container/constants.js';
import type { Tensor } from '../model/model.js';
import { errorOf, type Initialisation, kmeansOfSorted, shareNearest } from './kmeans/index.js';

/** Most values a layer may have: what a codebook of the container holds besides zero. */
export const MAX_CLUSTERS = MAX_CODEBOOK - 1;

export type Rounding = (centroid: number) => number;

/** Centroids are rounded to what the file will hold, so that the assignment is made to what will be decoded. */
export function roundingOf({ dtype }: Tensor, centroids: 'float16' | 'native'): Rounding {
  if (dtype === 'bfloat16') return (value) => fromBfloat16(toBfloat16(value));
  return dtype === 'float16' || centroids === 'float16' ? throughHalf : (value) => value;
}

const throughHalf: Rounding = (value) => fromHalf(toHalf(value));

/** Finds the values, ascending, that a layer's weights would share with so many clusters. */
export type CentroidFinder = (clusters: number) => Float32Array;

export function centroidFinder(
  sorted: Float32Array,
  init: Initialisation,
  seed: number,
  round: Rounding,
): CentroidFinder {
  return (k) => {
    const { centroids, distortion } = kmeansOfSorted(sorted, { k, init, seed });
    const means = Float32Array.from(centroids);
    // No more distinct values than clusters: they are kept as they are.
    return distortion === 0 ? means : roundedCodebook(means, round);
  };
}

/** The fewest centroids whose error is at most this share of the weights' energy. */
export function fewestCentroids(sorted: Float32Array, centroidsOf: CentroidFinder, noise: number): Float32Array {
  const allowed = noise * energy(sorted);
  let low = 1;
  let high = MAX_CLUSTERS;
  while (low < high) {
    // The geometric mean: what counts are ratios of clusters, not differences.
    const middle = Math.floor(Math.sqrt(low * high));
    if (errorOf(sorted, centroidsOf(middle)) <= allowed) high = middle;
    else low = middle + 1;
  }
  return centroidsOf(low);
}

/** A centroid that float16 cannot hold, because it would become infinite or zero, is kept as it is. */
export function roundedCodebook(means: Float32Array, round: Rounding = throughHalf): Float32Array {
  const rounded = means.map((mean) => {
    const value = round(mean);
    return Number.isFinite(value) && value !== 0 ? value : mean;
  });
  return rounded.filter((value, i) => i === 0 || value !== rounded[i - 1]);
}

/** The nearest of these values for each weight, in its place; zeros stay zero. */
export function shareValues(weights: Float32Array, codebook: Float32Array): Float32Array {
  // Nothing but zeros, of either sign.
  if (codebook.length === 0) return weights.fill(0);
  shareNearest(weights, codebook);
  return weights;
}

function energy(values: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] * values[i];
  return sum;
}
