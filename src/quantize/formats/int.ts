import type { Format } from './format.js';
import { largestOf, percentileOf, shrunk } from './range.js';
import { restrict } from './scale.js';
import { integers } from './uniform.js';

/** Symmetric integers: as many below zero as above, so that zero and signs are exact (Quantization.MXNet, TensorRT). */
export function int(bits: number): Format {
  const reach = 2 ** (bits - 1) - 1;
  const set = integers(-reach, reach);
  return {
    name: `int${bits}`,
    bits,
    range: 'max',
    ranges: ['percentile'],
    learned: 'scale',
    fit(weights, { range = 'max', percentile, scaling }) {
      const most = range === 'percentile' ? percentileOf(weights.map(Math.abs), percentile) : 0;
      const largest = most || largestOf(weights);
      const make = (share: number) => ({ set, scale: restrict((share * largest) / reach, scaling), offset: 0 });
      return range === 'mse' ? shrunk(weights, make) : make(1);
    },
  };
}
