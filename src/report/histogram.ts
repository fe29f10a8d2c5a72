import { MAX_DISTINCT } from '../inspect/elements.js';
import type { Centroid, Histogram } from './comparison.js';

const BINS = 48;
/** Intervals that the range is first cut into, to find where the bulk of the weights is. */
const FINE = 4096;
/** Share of the weights that may lie outside of what is shown, on either side: one outlier would leave one bar. */
const TAIL = 0.001;

/** Counts weights over their range, but for the outermost thousandths. What is no number is not counted. */
export function histogramOf(weights: Float32Array): Histogram {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  let known = 0;
  for (let i = 0; i < weights.length; i++) {
    const weight = weights[i];
    if (!Number.isFinite(weight)) continue;
    known++;
    if (weight < low) low = weight;
    if (weight > high) high = weight;
  }
  if (known === 0) return { from: 0, to: 0, counts: [0], below: 0, above: 0 };
  if (low === high) return { from: low, to: high, counts: [known], below: 0, above: 0 };
  const fine = count(weights, low, high, FINE);
  let first = 0;
  let last = FINE - 1;
  let below = 0;
  let above = 0;
  while (below + fine[first] <= TAIL * known) below += fine[first++];
  while (above + fine[last] <= TAIL * known) above += fine[last--];
  // Bars of whole fine intervals, so that none counts twice: the range grows to a multiple of their number.
  const each = Math.ceil((last - first + 1) / BINS);
  const bars = Math.ceil((last - first + 1) / each);
  const counts = Array.from({ length: bars }, (_, bar) =>
    fine.subarray(first + bar * each, Math.min(first + (bar + 1) * each, last + 1)).reduce((sum, n) => sum + n, 0),
  );
  const width = (high - low) / FINE;
  return { from: low + first * width, to: low + (first + bars * each) * width, counts, below, above };
}

function count(weights: Float32Array, low: number, high: number, bins: number): Float64Array {
  const counts = new Float64Array(bins);
  const scale = bins / (high - low);
  for (let i = 0; i < weights.length; i++) {
    const weight = weights[i];
    if (Number.isFinite(weight)) counts[Math.min(bins - 1, Math.floor((weight - low) * scale))]++;
  }
  return counts;
}

/**
 * The values that weights share, and how many are zero. No list of values where most have one of their own, or where
 * there are more than a codebook holds.
 */
export function sharedValues(weights: Float32Array): { centroids: Centroid[] | null; zeros: number } {
  const counts = new Map<number, number>();
  let zeros = 0;
  for (let i = 0; i < weights.length; i++) {
    const weight = weights[i];
    if (weight === 0) zeros++;
    else if (counts.size <= MAX_DISTINCT) counts.set(weight, (counts.get(weight) ?? 0) + 1);
  }
  if (counts.size > MAX_DISTINCT || counts.size > (weights.length - zeros) / 2) return { centroids: null, zeros };
  const centroids = Array.from(counts, ([value, number]) => ({ value, weights: number }));
  return { centroids: centroids.sort((a, b) => a.value - b.value), zeros };
}
