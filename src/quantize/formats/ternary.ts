import type { Fitted, Format, ValueSet } from './format.js';
import { restrict, type Scaling } from './scale.js';
import { integers } from './uniform.js';

/** Of the mean magnitude, below this share of it weights become zero (Li et al. 2016). */
const SHARE = 0.7;

/** −α, 0 and α: ternary weight networks; with range `mse` the exact minimum of the squared error. */
export const TERNARY: Format = {
  name: 'ternary',
  bits: 2,
  range: 'max',
  ranges: [],
  learned: 'sides',
  isSign: true,
  fit(weights, { range = 'max', scaling }) {
    if (range === 'max') return thresholded(weights, scaling);
    const sizes = weights.map(Math.abs).sort();
    const scale = restrict(mean(sizes.subarray(sizes.length - bestCount(sizes))), scaling);
    // With the best scale, and with no other, the border lies halfway.
    return ternary(integers(-1, 1), scale);
  },
};

/** −below, 0 and above, with the border between zero and the others at a place of its own (Zhu et al. 2017). */
export function sided(border: number, below: number, above: number): Fitted {
  const ratio = below / above;
  const set = integers(-1, 1);
  const at = border / above;
  return ternary(
    {
      ...set,
      low: -ratio,
      nearest: (x) => (x >= at ? 1 : x <= -at ? -ratio : 0),
      values: () => Float64Array.of(-ratio, 0, 1),
    },
    above,
  );
}

/** The mean of what is above the border, which is a share of the mean of all; at least the largest is. */
function thresholded(weights: Float32Array, scaling: Scaling): Fitted {
  let all = 0;
  let largest = 0;
  for (let i = 0; i < weights.length; i++) {
    const size = Math.abs(weights[i]);
    all += size;
    if (size > largest) largest = size;
  }
  const least = (SHARE * all) / weights.length;
  let sum = 0;
  let count = 0;
  let border = largest;
  for (let i = 0; i < weights.length; i++) {
    const size = Math.abs(weights[i]);
    if (size <= least) continue;
    sum += size;
    count++;
    if (size < border) border = size;
  }
  const scale = restrict(count > 0 ? sum / count : largest, scaling);
  return ternary(bordered(border / scale), scale);
}

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

function mean(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
