import type { Histogram } from './histogram.js';

/**
 * The threshold of least Kullback-Leibler divergence between what is seen and what so many levels make of it. What lies
 * beyond a threshold counts in its last bin; what the levels make of bins is spread evenly over those that are not empty.
 *
 * Source: Migacz 2017, "8-bit inference with TensorRT".
 *
 * @param levels - magnitudes that can be told apart: 2^bits, and half as many with a sign
 */
export function klThreshold(histogram: Histogram, levels: number): number {
  return leastDivergence(histogram, levels, histogram.bins.length, spreadEvenly);
}

/**
 * The variant of Quantization.MXNet: between levels there is linear interpolation.
 */
export function interpolatedKlThreshold(histogram: Histogram, levels: number): number {
  return leastDivergence(histogram, levels, histogram.bins.length - 1, interpolate);
}

/** What levels make of the first bins, which stand for a distribution with the tail in its last bin. */
type Expand = (bins: Float64Array, reference: Float64Array, levels: number) => Float64Array;

function leastDivergence({ bins, limit }: Histogram, levels: number, last: number, expand: Expand): number {
  const width = limit / bins.length;
  let least = Number.POSITIVE_INFINITY;
  let best = bins.length;
  const total = bins.reduce((sum, count) => sum + count, 0);
  let inside = bins.subarray(0, Math.min(levels, last)).reduce((sum, count) => sum + count, 0);
  for (let count = Math.min(levels, last); count <= last; count++) {
    const reference = bins.slice(0, count);
    reference[count - 1] += total - inside;
    const divergence = divergenceOf(reference, expand(bins.subarray(0, count), reference, levels));
    if (divergence < least) [least, best] = [divergence, count];
    inside += bins[count] ?? 0;
  }
  return Math.min(limit, (best + 0.5) * width);
}

/** In nats, after both have been made to sum up to one; infinite where what occurs is held to be impossible. */
export function divergenceOf(reference: Float64Array, candidate: Float64Array): number {
  const sum = (values: Float64Array) => values.reduce((all, value) => all + value, 0);
  const [all, made] = [sum(reference), sum(candidate)];
  let divergence = 0;
  for (let i = 0; i < reference.length; i++) {
    const [p, q] = [reference[i] / all, candidate[i] / made];
    if (p > 0) divergence += q > 0 ? p * Math.log(p / q) : Number.POSITIVE_INFINITY;
  }
  return divergence;
}

function spreadEvenly(bins: Float64Array, _: Float64Array, levels: number): Float64Array {
  const sums = new Float64Array(levels);
  const filled = new Float64Array(levels);
  const levelOf = (bin: number) => Math.floor((bin * levels) / bins.length);
  for (let i = 0; i < bins.length; i++) {
    sums[levelOf(i)] += bins[i];
    if (bins[i] > 0) filled[levelOf(i)]++;
  }
  return bins.map((count, i) => (count > 0 ? sums[levelOf(i)] / filled[levelOf(i)] : 0));
}

function interpolate(bins: Float64Array, reference: Float64Array, levels: number): Float64Array {
  const perLevel = bins.length / levels;
  const sums = new Float64Array(levels);
  for (let i = 0; i < bins.length; i++) sums[Math.floor(i / perLevel)] += bins[i];
  return reference.map((count, i) => {
    if (count === 0) return 0;
    // Sums stand in the middle of their levels.
    const at = Math.min(levels - 1, Math.max(0, (i + 0.5) / perLevel - 0.5));
    const before = Math.floor(at);
    const after = Math.min(levels - 1, before + 1);
    return sums[before] + (at - before) * (sums[after] - sums[before]);
  });
}
