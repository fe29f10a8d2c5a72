import type { Levels } from '../kernels/calibrate/kernels.js';
import { FIXED } from '../kernels/calibrate/memory.js';
import { roundedCodebook } from './codebook.js';
import { kmeans1d } from './kmeans/index.js';

/** Longest code that a cost is counted for: what a code of a few hundred symbols would give the rarest of them. */
const LONGEST = 20;

/** What each level costs in bits, from how often it is used: the entropy's share, smoothed by half a use each. */
export function bitsOf(counts: ArrayLike<number>, total: number): Float32Array {
  const all = total + counts.length / 2;
  return Float32Array.from(counts, (count) => Math.min(LONGEST, Math.log2(all / (count + 0.5))));
}

/** How often each level is used. */
export function countSymbols(symbols: Uint16Array, levels: number): Uint32Array {
  const counts = new Uint32Array(levels);
  for (let i = 0; i < symbols.length; i++) counts[symbols[i] & ~FIXED]++;
  return counts;
}

/** The grid k·Δ, from −reach to +reach steps; every value is what the container will give back. */
export function gridLevels(step: number, reach: number): Levels {
  return Float32Array.from({ length: 2 * reach + 1 }, (_, i) => (i - reach) * step + 0);
}

/**
 * The codebook of Deep Compression: what k-means finds for these values, rounded to float16 where that can hold it, and
 * zero where there are weights that have to stay zero.
 *
 * @param values - without zeros
 */
export function meansLevels(values: Float32Array, clusters: number, hasZeros: boolean): Levels {
  const { centroids } = kmeans1d(values, { k: clusters });
  const rounded = roundedCodebook(Float32Array.from(centroids));
  return hasZeros || rounded.length === 0 ? Float32Array.of(...rounded, 0).sort() : rounded;
}
