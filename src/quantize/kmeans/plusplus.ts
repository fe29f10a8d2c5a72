import { firstAbove } from '../../kernels/encode/reference/search.js';
import type { Random } from '../../random.js';

/** Values whose squared distances are kept as one sum: a draw reads n / 1024 sums and then 1024 values. */
const BLOCK = 1024;

/**
 * The start of k-means++: the first centroid is a value drawn evenly, each further one a value drawn with a chance in
 * proportion to its squared distance from the nearest centroid so far.
 *
 * On sorted values a new centroid only shortens distances between the midpoints to its neighbours: the blocks outside
 * keep their sums. The expected cost falls from n × k to about n log k, with no memory per value.
 *
 * Source: Arthur and Vassilvitskii, "k-means++: the advantages of careful seeding", SODA 2007, section 2.2.
 *
 * @param sorted finite values, ascending, with at least k distinct ones
 * @returns k distinct values, ascending
 */
export function spreadByDistance(sorted: Float32Array, k: number, random: Random): Float64Array {
  const centroids = new Float64Array(k);
  const sums = new Float64Array(Math.ceil(sorted.length / BLOCK));
  centroids[0] = sorted[random.below(sorted.length)];
  updateSums(sorted, centroids.subarray(0, 1), sums, 0, sorted.length);

  for (let count = 1; count < k; count++) {
    const value = sorted[draw(sorted, centroids.subarray(0, count), sums, random)];
    let place = count;
    for (; place > 0 && centroids[place - 1] > value; place--) centroids[place] = centroids[place - 1];
    centroids[place] = value;

    const start = place === 0 ? 0 : firstAbove(sorted, (centroids[place - 1] + value) / 2);
    const end = place === count ? sorted.length : firstAbove(sorted, (value + centroids[place + 1]) / 2, start);
    updateSums(sorted, centroids.subarray(0, count + 1), sums, start, end);
  }
  return centroids;
}

/** Sums up the squared distances anew in every block that holds values from `start` up to, not including, `end`. */
function updateSums(
  sorted: Float32Array,
  centroids: Float64Array,
  sums: Float64Array,
  start: number,
  end: number,
): void {
  const firstBlock = Math.floor(start / BLOCK);
  const lastBlock = Math.floor((end - 1) / BLOCK);
  let nearest = 0;
  for (let block = firstBlock; block <= lastBlock; block++) {
    const stop = Math.min(sorted.length, (block + 1) * BLOCK);
    let sum = 0;
    for (let i = block * BLOCK; i < stop; i++) {
      nearest = advance(centroids, nearest, sorted[i]);
      sum += (sorted[i] - centroids[nearest]) ** 2;
    }
    sums[block] = sum;
  }
}

/** The position of a value drawn by its squared distance; never of one that is a centroid already. */
function draw(sorted: Float32Array, centroids: Float64Array, sums: Float64Array, random: Random): number {
  let total = 0;
  for (const sum of sums) total += sum;
  let rest = random.float() * total;

  // Rounding may carry `rest` past the end: the last block, or value, that has a chance at all is taken then.
  let block = 0;
  for (let i = 0; i < sums.length; i++) {
    if (sums[i] === 0) continue;
    block = i;
    if (rest < sums[i]) break;
    rest -= sums[i];
  }
  const stop = Math.min(sorted.length, (block + 1) * BLOCK);
  let chosen = block * BLOCK;
  let nearest = 0;
  for (let i = chosen; i < stop; i++) {
    nearest = advance(centroids, nearest, sorted[i]);
    const distance = (sorted[i] - centroids[nearest]) ** 2;
    if (distance === 0) continue;
    chosen = i;
    if (rest < distance) break;
    rest -= distance;
  }
  return chosen;
}

/** The nearest centroid of a value, given that of a smaller value. */
function advance(centroids: Float64Array, from: number, value: number): number {
  let nearest = from;
  while (nearest + 1 < centroids.length && centroids[nearest + 1] - value < value - centroids[nearest]) nearest++;
  return nearest;
}
