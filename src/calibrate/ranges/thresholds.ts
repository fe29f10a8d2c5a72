import type { Fitted } from '../../quantize/formats/format.js';
import { bestShare } from '../../quantize/shrink.js';
import type { GrowingHistogram, Histogram } from './histogram.js';

/** Thresholds that are tried, as shares of the largest magnitude. */
const SHARES = { least: 1 / 128, coarse: 48, fine: 6 };

/** The magnitude that a share of the numbers, in per cent, is at most. */
export function percentileThreshold({ bins, limit }: Histogram, zeros: number, percent: number): number {
  const total = bins.reduce((sum, count) => sum + count, zeros);
  let left = (percent / 100) * total - zeros;
  for (let i = 0; i < bins.length; i++) {
    if (left <= bins[i]) return (limit * (i + Math.max(0, left) / (bins[i] || 1))) / bins.length || limit / bins.length;
    left -= bins[i];
  }
  return limit;
}

/** The threshold at which rounding makes the least squared error, cut magnitudes among it. */
export function mseThreshold(histogram: GrowingHistogram, make: (threshold: number) => Fitted): number {
  const sides = [histogram.read('positive'), histogram.read('negative')] as const;
  const { most } = histogram;
  return most * bestShare((share) => squaredError(sides, make(share * most)), SHARES);
}

/** The squared error that rounding makes, by the energy of the numbers. */
export function relativeNoise(histogram: GrowingHistogram, fitted: Fitted): number {
  const sides = [histogram.read('positive'), histogram.read('negative')] as const;
  let energy = 0;
  for (const { bins, limit } of sides) {
    for (const [i, count] of bins.entries()) energy += count * ((limit * (i + 0.5)) / bins.length) ** 2;
  }
  return energy > 0 ? squaredError(sides, fitted) / energy : 0;
}

/** What rounding does to the numbers of a histogram, each in the middle of its bin. */
function squaredError([positive, negative]: readonly [Histogram, Histogram], { set, scale, offset }: Fitted): number {
  let sum = 0;
  for (const [{ bins, limit }, sign] of [
    [positive, 1],
    [negative, -1],
  ] as const) {
    for (let i = 0; i < bins.length; i++) {
      if (bins[i] === 0) continue;
      const value = (sign * limit * (i + 0.5)) / bins.length;
      const error = value - offset - scale * set.nearest((value - offset) / scale);
      sum += bins[i] * error * error;
    }
  }
  return sum;
}
