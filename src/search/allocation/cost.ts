import { planGap } from '../../container/write/gap.js';
import { planMask } from '../../container/write/layouts.js';
import type { Plan } from '../../container/write/plan.js';
import { makeCode } from '../../container/write/runs.js';

/** Bytes of a shared value in the codebook: they are rounded to float16. */
const VALUE_BYTES = 2;

/**
 * Bytes that it takes to say which weights are kept, in the layout that does it best: the container's own plans, for
 * weights that all have the same value. Infinity where all are kept.
 */
export function positionCost(kept: Float32Array, survivors: number): number {
  if (survivors === kept.length || survivors === 0) return survivors === 0 ? 0 : Number.POSITIVE_INFINITY;
  const symbols = Uint16Array.from(kept, (weight) => (weight === 0 ? 0 : 1));
  const counts = Uint32Array.of(kept.length - survivors, survivors);
  const indexed = { values: Float32Array.of(0, 1), symbols, counts };
  const binary = { ...indexed, values: new Uint32Array(indexed.values.buffer) };
  const ofValues = valueBytes(counts.subarray(1));
  const plans = [planGap(binary, true), planMask(binary, true)].filter((plan): plan is Plan => plan !== undefined);
  return Math.min(...plans.map(({ bytes }) => bytes)) - ofValues;
}

/**
 * Bytes of a layer's section: with zero as a value like others, or with the positions of the others.
 *
 * @param sizes - how many weights each shared value stands for, in a sample
 * @param scale - how many times more there are
 */
export function valueCost(sizes: Uint32Array, zeros: number, positions: number, scale: number): number {
  const used = sizes.filter((size) => size > 0);
  const dense = zeros > 0 ? Float64Array.of(zeros / scale, ...used) : used;
  return Math.ceil(Math.min(valueBytes(dense, scale), valueBytes(used, scale) + positions));
}

function valueBytes(counts: ArrayLike<number>, scale = 1): number {
  if (counts.length === 0) return 0;
  const { table, bits } = makeCode(counts);
  return VALUE_BYTES * counts.length + table.length + (scale * bits) / 8;
}
