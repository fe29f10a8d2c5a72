import { fromBfloat16, fromHalf, toBfloat16, toHalf } from '../binary/half.js';
import { MAX_CODEBOOK } from '../container/constants.js';
import type { Tensor } from '../model/model.js';
import { errorOf, type Initialisation, kmeansOfSorted, shareNearest } from './kmeans/index.js';
import { clustersOfOutliers, partOutliers } from './outliers.js';

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

/**
 * @param sorted - finite, ascending. Outliers among them get values of their own, so that a start which spans all values
 *   spans those that count
 */
export function centroidFinder(
  sorted: Float32Array,
  init: Initialisation,
  seed: number,
  round: Rounding,
): CentroidFinder {
  const { core, below, above } = partOutliers(sorted);
  const outliers = [below, above].filter(({ length }) => length > 0);
  return (k) => {
    // A cluster for each side and one for the core is the least that can be divided.
    const isParted = k > outliers.length;
    const sizes = isParted ? outliers.map((values) => clustersOfOutliers(values, k)) : [];
    const rest = sizes.reduce((left, size) => left - size, k);
    const parts = isParted ? [core, ...outliers] : [sorted];
    const found = parts.map((values, i) => kmeansOfSorted(values, { k: i === 0 ? rest : sizes[i - 1], init, seed }));
    const means = Float32Array.from(found.flatMap(({ centroids }) => [...centroids])).sort();
    // No more distinct values than clusters: they are kept as they are.
    return found.every(({ distortion }) => distortion === 0) ? means : roundedCodebook(means, round);
  };
}

/** The fewest centroids whose error is at most this share of the weights' energy, of both without outliers. */
export function fewestCentroids(sorted: Float32Array, centroidsOf: CentroidFinder, noise: number): Float32Array {
  const { core } = partOutliers(sorted);
  const allowed = noise * energy(core);
  let low = 1;
  let high = MAX_CLUSTERS;
  while (low < high) {
    // The geometric mean: what counts are ratios of clusters, not differences.
    const middle = Math.floor(Math.sqrt(low * high));
    if (errorOf(core, centroidsOf(middle)) <= allowed) high = middle;
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
