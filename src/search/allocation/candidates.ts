import { codeTensor } from '../../container/write/section.js';
import type { Tensor } from '../../model/model.js';
import { writeWeights } from '../../model/weights.js';
import { centroidFinder, type Rounding, shareValues } from '../../quantize/codebook.js';
import { assignNearest, type Initialisation, sortNonZeros } from '../../quantize/kmeans/index.js';
import { pruneWeights } from '../../stages/prune.js';
import { positionCost, valueCost } from './cost.js';

/** One way to compress a layer. */
export interface Candidate {
  /** 1 where nothing is pruned, or where what is pruned is not to be changed. */
  readonly density: number;
  /** `undefined` where values are kept, or shared as was fixed. */
  readonly clusters: number | undefined;
  /** What the layer takes in the container, about: without what its header does. */
  readonly bytes: number;
  /** Squared errors of pruning and of clustering, as shares of the weights' energy. */
  readonly pruned: number;
  readonly clustered: number;
}

/** What may be chosen of a layer. */
export interface Choices {
  readonly densities: readonly number[];
  /** `undefined`: values are kept. */
  readonly clusters: readonly number[] | undefined;
  readonly init: Initialisation;
  readonly seed: number;
  readonly round: Rounding;
}

/** Steps of a twentieth where most weights stay, finer ones where few do. */
export const DENSITIES: readonly number[] = [
  ...steps(1, 0.35, 0.05),
  ...steps(0.32, 0.1, 0.02),
  ...steps(0.09, 0.01, 0.01),
];

export const CLUSTERS: readonly number[] = [
  2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 20, 22, 24, 28, 32, 40, 48, 64, 96, 128, 192, 255,
];

/** More clusters are not tried where what these few leave of the error is this much of pruning's. */
const NEGLIGIBLE = 0.02;

/** Of sorted weights so many tell what clusters do to all of them. */
const SAMPLE = 8192;

/** Parts that the way to the next density is cut into, where single bytes count. */
const PARTS = 16;

/** What lies between a candidate's density and the next one above, with its clusters; or where all is kept, clusters. */
export function betweenChoices(
  { density, clusters }: Candidate,
  choices: Choices,
): Pick<Choices, 'densities' | 'clusters'> {
  const next = choices.densities.findLast((each) => each > density);
  if (next !== undefined) {
    const way = (part: number) => Number((density + ((next - density) * part) / PARTS).toFixed(4));
    const densities = Array.from({ length: PARTS - 1 }, (_, i) => way(PARTS - 1 - i));
    return { densities, clusters: clusters === undefined ? undefined : [clusters] };
  }
  const more = choices.clusters?.find((each) => each > (clusters ?? 0)) ?? 0;
  const between = Array.from({ length: Math.max(0, more - (clusters ?? 0) - 1) }, (_, i) => (clusters ?? 0) + 1 + i);
  return { densities: between.length > 0 ? [density] : [], clusters: between };
}

function steps(from: number, to: number, by: number): number[] {
  return Array.from({ length: Math.round((from - to) / by) + 1 }, (_, i) => Number((from - i * by).toFixed(2)));
}

/** Weights of a layer as a candidate makes them: what the stages make of the same options. */
export function weightsOf(
  weights: Float32Array,
  { density, clusters }: Pick<Candidate, 'density' | 'clusters'>,
  { init, seed, round }: Choices,
): Float32Array {
  const kept = density < 1 ? pruneWeights(weights.slice(), { density }) : weights.slice();
  if (clusters === undefined) return kept;
  return shareValues(kept, centroidFinder(sortNonZeros(kept), init, seed, round)(clusters));
}

/** All candidates of a layer with what they cost and how far they are off, both about: weights are sampled. */
export function* candidatesOf(tensor: Tensor, weights: Float32Array, choices: Choices): Generator<Candidate> {
  const { densities, clusters, init, seed, round } = choices;
  const energy = sumOfSquares(weights) || 1;
  const tried = new Set<number>();
  for (const density of densities) {
    const kept = density < 1 ? pruneWeights(weights.slice(), { density }) : weights;
    const sorted = sortNonZeros(kept);
    // Zeros that were there already make several densities the same.
    if (tried.has(sorted.length)) continue;
    tried.add(sorted.length);
    const pruned = Math.max(0, 1 - sumOfSquares(sorted) / energy);
    if (clusters === undefined) {
      const { section, inline } = codeTensor(tensor, writeWeights(tensor, kept.slice()));
      yield { density, clusters, bytes: (section ?? inline).length, pruned, clustered: 0 };
      continue;
    }
    const positions = positionCost(kept, sorted.length);
    const sample = everyNth(sorted, SAMPLE);
    const scale = sorted.length / (sample.length || 1);
    const centroidsOf = centroidFinder(sample, init, seed, round);
    for (const count of clusters) {
      const codebook = centroidsOf(count);
      const own = shared(sample, codebook);
      const error = scale * own.error;
      const bytes = valueCost(own.sizes, kept.length - sorted.length, positions, scale);
      yield { density, clusters: count, bytes, pruned, clustered: error / energy };
      // With more clusters nothing changes any more, or nothing that counts beside what pruning does.
      if (error <= NEGLIGIBLE * pruned * energy) break;
    }
  }
}

/** How many values each centroid takes, and the squared error of all. */
function shared(sorted: Float32Array, codebook: Float32Array): { sizes: Uint32Array; error: number } {
  const sizes = new Uint32Array(codebook.length);
  let error = 0;
  if (codebook.length === 0) return { sizes, error };
  const nearest = assignNearest(sorted, codebook);
  for (let i = 0; i < sorted.length; i++) {
    sizes[nearest[i]]++;
    error += (sorted[i] - codebook[nearest[i]]) ** 2;
  }
  return { sizes, error };
}

/** At most so many of sorted values, evenly spread, the ends among them. */
function everyNth(sorted: Float32Array, most: number): Float32Array {
  if (sorted.length <= most) return sorted;
  return Float32Array.from({ length: most }, (_, i) => sorted[Math.round((i * (sorted.length - 1)) / (most - 1))]);
}

function sumOfSquares(values: Float32Array): number {
  let sum = 0;
  for (const value of values) sum += value * value;
  return sum;
}
