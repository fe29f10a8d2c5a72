import type { Fitted, Format, ValueSet } from './format.js';
import { restrict } from './scale.js';
import { integers } from './uniform.js';

/** Of the mean magnitude, below this share of it weights become zero (Li et al. 2016). */
const SHARE = 0.7;

/** −α, 0 and α: ternary weight networks; with range `mse` the exact minimum of the squared error. */
export const TERNARY: Format = {
  name: 'ternary',
  bits: 2,
  range: 'max',
  ranges: [],
  fit(weights, { range = 'max', scaling }) {
    const sizes = weights.map(Math.abs).sort();
    const count = range === 'mse' ? bestCount(sizes) : countAbove(sizes, SHARE * mean(sizes));
    const kept = sizes.subarray(sizes.length - count);
    const scale = restrict(mean(kept), scaling);
    // With the best scale, and with no other, the border lies halfway.
    return range === 'mse' ? ternary(integers(-1, 1), scale) : ternary(bordered(kept[0] / scale), scale);
  },
};

function ternary(set: ValueSet, scale: number): Fitted {
  return { set, scale, offset: 0 };
}

/** −1, 0 and 1, with the border between zero and one at a place of its own. */
function bordered(border: number): ValueSet {
  const set = integers(-1, 1);
  return { ...set, nearest: (x) => (x >= border ? 1 : x <= -border ? -1 : 0) };
}

/** How many of the largest to keep: of those kept, the most of (their sum)² by their number. */
function bestCount(sizes: Float32Array): number {
  let sum = 0;
  let best = 1;
  let most = 0;
  for (let count = 1; count <= sizes.length; count++) {
    sum += sizes[sizes.length - count];
    const gain = (sum * sum) / count;
    if (gain > most) [best, most] = [count, gain];
  }
  return best;
}

function countAbove(sizes: Float32Array, least: number): number {
  return Math.max(1, sizes.length - sizes.findIndex((size) => size > least));
}

function mean(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
