// k-means of scalar values: ours against ml-kmeans from the same first centroids, in paired runs.
//
//   npm run bench kmeans [clusters] [rounds]
//
// ml-kmeans needs n × k distances an iteration and some thousand iterations to its fixed point on a million values:
// minutes. It is therefore timed for a few iterations of the million, and to the end on fewer values.
import os from 'node:os';
import { kmeans as mlKmeans } from 'ml-kmeans';
import { assignNearest, initialCentroids, kmeans1d, lloyd, sortFloats } from '../../build/quantize/kmeans/index.js';
import { createRandom, normal } from '../../build/random.js';

const MILLION = 1_000_000;
const clusters = Number(process.argv[2] ?? 32);
const rounds = Number(process.argv[3] ?? 5);

/** Values shaped like trained weights: a bell around zero. */
function weights(n) {
  const random = createRandom(12345);
  return Float32Array.from({ length: n }, () => 0.05 * normal(random));
}

function timed(work) {
  const start = performance.now();
  const result = work();
  return { ms: performance.now() - start, result };
}

function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Both solvers in turn on the same values; `maxIterations` bounds both alike. Medians over the rounds. */
function compare(n, maxIterations) {
  const values = weights(n);
  const start = Array.from(initialCentroids(sortFloats(values), clusters, 'linear', 0), (value) => [value]);
  const points = Array.from(values, (value) => [value]);
  const pairs = Array.from({ length: rounds }, () => {
    const ours = timed(() => kmeans1d(values, { k: clusters, maxIterations }));
    const theirs = timed(() => {
      return mlKmeans(points, clusters, { initialization: start, maxIterations, tolerance: 0 });
    });
    return { ours, theirs };
  });
  const { ours, theirs } = pairs[0];
  const found = theirs.result.centroids.map(([value]) => value);
  return {
    values: n,
    iterations: `${ours.result.iterations} / ${theirs.result.iterations}`,
    'ours ms': median(pairs.map((pair) => pair.ours.ms)).toFixed(1),
    'ml-kmeans ms': median(pairs.map((pair) => pair.theirs.ms)).toFixed(1),
    'times faster': median(pairs.map((pair) => pair.theirs.ms / pair.ours.ms)).toFixed(0),
    'largest difference': Math.max(...Array.from(ours.result.centroids, (c) => nearest(found, c))).toExponential(1),
  };
}

function nearest(numbers, value) {
  return Math.min(...numbers.map((number) => Math.abs(number - value)));
}

/** Where the time of a whole run goes, for a million values. */
function parts() {
  const values = weights(MILLION);
  const runs = Array.from({ length: rounds }, () => {
    const sort = timed(() => sortFloats(values));
    const start = initialCentroids(sort.result, clusters, 'linear', 0);
    const iterate = timed(() => lloyd(sort.result, start));
    const centroids = Float32Array.from(iterate.result.centroids);
    const assign = timed(() => assignNearest(values, centroids));
    const seed = timed(() => initialCentroids(sort.result, clusters, 'kmeans++', 1));
    return { sort: sort.ms, lloyd: iterate.ms, assign: assign.ms, 'kmeans++ start': seed.ms };
  });
  const names = Object.keys(runs[0]);
  return Object.fromEntries(names.map((name) => [`${name} ms`, median(runs.map((run) => run[name])).toFixed(1)]));
}

console.log(`Node ${process.version}, ${os.cpus()[0].model}; ${clusters} clusters, medians of ${rounds} paired runs\n`);
console.log('A million values, ours, to the fixed point:');
console.table([parts()]);
console.log('Both, the million for 3 iterations; 20,000 values to the fixed point:');
console.table([compare(MILLION, 3), compare(20_000, 100_000)]);
