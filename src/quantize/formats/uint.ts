import type { Fitted, Format } from './format.js';
import { endsOf, percentileOf, shrunk } from './range.js';
import { restrict } from './scale.js';
import { integers, roundEven } from './uniform.js';

/** Steps from the least weight to the largest, one of them at exactly zero (onnxruntime's asymmetric integers). */
export function uint(bits: number): Format {
  const steps = 2 ** bits - 1;
  const fitted = (low: number, high: number, scaling: Parameters<typeof restrict>[1]): Fitted => {
    const scale = restrict((high - low) / steps, scaling);
    const zero = Math.min(steps, Math.max(0, roundEven(-low / scale)));
    return { set: integers(-zero, steps - zero), scale, offset: 0 };
  };
  return {
    name: `uint${bits}`,
    bits,
    range: 'max',
    ranges: ['percentile'],
    learned: 'scale',
    fit(weights, { range = 'max', percentile, scaling }) {
      let { low, high } = endsOf(weights);
      if (range === 'percentile') {
        const [least, most] = [100 - percentile, percentile].map((share) => percentileOf(weights, share));
        if (Math.max(0, most) > Math.min(0, least)) [low, high] = [Math.min(0, least), Math.max(0, most)];
      }
      const make = (share: number) => fitted(share * low, share * high, scaling);
      return range === 'mse' ? shrunk(weights, make) : make(1);
    },
  };
}

/** PocketFlow's: the ends are values themselves and zero is none, so that what was pruned moves. For comparison. */
export function minmax(bits: number): Format {
  const steps = 2 ** bits - 1;
  const set = integers(0, steps);
  return {
    name: `minmax${bits}`,
    bits,
    range: 'max',
    ranges: [],
    learned: 'scale',
    fit(weights, { range = 'max', scaling }) {
      let low = Number.POSITIVE_INFINITY;
      let high = Number.NEGATIVE_INFINITY;
      for (let i = 0; i < weights.length; i++) {
        low = Math.min(low, weights[i]);
        high = Math.max(high, weights[i]);
      }
      const middle = (low + high) / 2;
      const make = (share: number): Fitted => {
        const half = (share * (high - low)) / 2;
        // Where all weights are alike, any step does.
        const scale = restrict((2 * half) / steps || Math.abs(low), scaling);
        return { set, scale, offset: Math.fround(middle - half) };
      };
      return range === 'mse' ? shrunk(weights, make) : make(1);
    },
  };
}
