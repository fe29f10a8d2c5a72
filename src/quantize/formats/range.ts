import { bestShare } from '../shrink.js';
import type { Fitted } from './format.js';

/** So many of the weights tell what a scale does to all of them. */
const SAMPLE = 1 << 18;
/** Scales that are tried, as shares of the one for the largest weight. */
const SHARES = { least: 1 / 64, coarse: 32, fine: 8 };

/** The largest magnitude. */
export function largestOf(weights: Float32Array): number {
  let largest = 0;
  for (let i = 0; i < weights.length; i++) largest = Math.max(largest, Math.abs(weights[i]));
  return largest;
}

/** The ends of the weights, zero among them. */
export function endsOf(weights: Float32Array): { low: number; high: number } {
  let low = 0;
  let high = 0;
  for (let i = 0; i < weights.length; i++) {
    if (weights[i] < low) low = weights[i];
    else if (weights[i] > high) high = weights[i];
  }
  return { low, high };
}

/** The value that a share of some values, in per cent, is at most. */
export function percentileOf(values: Float32Array, percent: number): number {
  const sorted = values.slice().sort();
  return sorted[Math.max(0, Math.min(sorted.length - 1, Math.ceil((percent / 100) * sorted.length) - 1))];
}

/** Of some weights, evenly spread, as many as tell. */
function sampleOf(weights: Float32Array): Float32Array {
  if (weights.length <= SAMPLE) return weights;
  return Float32Array.from({ length: SAMPLE }, (_, i) => weights[Math.floor((i * weights.length) / SAMPLE)]);
}

/** The squared error that a format makes of weights. */
function errorOf(weights: Float32Array, { set, scale, offset }: Fitted): number {
  let error = 0;
  for (let i = 0; i < weights.length; i++) {
    const off = weights[i] - offset - scale * set.nearest((weights[i] - offset) / scale);
    error += off * off;
  }
  return error;
}

/** The candidate of least squared error; of equals the first. */
export function leastError(weights: Float32Array, candidates: Iterable<Fitted>): Fitted {
  const sample = sampleOf(weights);
  let best: Fitted | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const error = errorOf(sample, candidate);
    if (error < least || !best) [best, least] = [candidate, error];
  }
  if (!best) throw new Error('expected a candidate for the parameters of a format, got none');
  return best;
}

/** Shrinks a range, which makes steps smaller and cuts the largest weights, as far as the squared error falls. */
export function shrunk(weights: Float32Array, make: (share: number) => Fitted): Fitted {
  const sample = sampleOf(weights);
  return make(bestShare((share) => errorOf(sample, make(share)), SHARES));
}
