// k-means of scalars against packages that do it for vectors: same values, same first centroids, to the same end.
import { kmeans as mlKmeans } from 'ml-kmeans';
import skmeans from 'skmeans';
import { initialCentroids, lloyd, sortFloats } from '../../../build/quantize/kmeans/index.js';
import { createRandom, normal } from '../../../build/random.js';
import { median } from '../support/weights.js';

const CLUSTERS = 32;
/** Large sets take minutes: once is enough there. */
const ROUNDS = 3;
const MANY = 1e6;

/** Values in the shape of trained weights: a bell around zero. */
function bell(count) {
  const random = createRandom(12345);
  return Float32Array.from({ length: count }, () => 0.05 * normal(random));
}

/** The squared distances of all values to their nearest centroid, summed: computed alike for everybody's centroids. */
function inertia(values, centroids) {
  const means = Float64Array.from(centroids).sort();
  let sum = 0;
  for (const value of values) {
    let nearest = Number.POSITIVE_INFINITY;
    for (const mean of means) nearest = Math.min(nearest, (value - mean) ** 2);
    sum += nearest;
  }
  return sum;
}

const SOLVERS = {
  ours: ({ values }, start, maxIterations) => {
    const { centroids, iterations } = lloyd(sortFloats(values), start, { maxIterations });
    return { centroids: [...centroids], iterations };
  },
  'ml-kmeans': ({ points }, start, maxIterations) => {
    const initialization = Array.from(start, (value) => [value]);
    const options = { initialization, maxIterations, tolerance: 0 };
    const { centroids, iterations } = mlKmeans(points, CLUSTERS, options);
    return { centroids: centroids.map(([value]) => value), iterations };
  },
  skmeans: ({ numbers }, start, maxIterations) => {
    const { centroids, it } = skmeans(numbers, CLUSTERS, [...start], maxIterations);
    return { centroids, iterations: it };
  },
};

/** @returns a row for each solver: milliseconds, how much longer than ours, iterations, inertia */
export function compareKmeans(count, maxIterations) {
  const values = bell(count);
  const forms = { values, numbers: [...values], points: Array.from(values, (value) => [value]) };
  const start = initialCentroids(sortFloats(values), CLUSTERS, 'linear', 0);
  const runs = Object.fromEntries(Object.keys(SOLVERS).map((name) => [name, { times: [], found: undefined }]));
  for (let round = 0; round < (count < MANY ? ROUNDS : 1); round++) {
    for (const [name, solve] of Object.entries(SOLVERS)) {
      const begin = performance.now();
      const found = solve(forms, start, maxIterations);
      runs[name].times.push(performance.now() - begin);
      runs[name].found = found;
    }
  }
  const ours = median(runs.ours.times);
  return Object.entries(runs).map(([name, { times, found }]) => ({
    name,
    count,
    iterations: found.iterations,
    ms: median(times),
    slower: median(times) / ours,
    inertia: inertia(values, found.centroids),
  }));
}
