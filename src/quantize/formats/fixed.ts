import type { Fitted, Format } from './format.js';
import { largestOf, leastError } from './range.js';
import { integers } from './uniform.js';

/** Positions below that of the largest weight that are tried: a bit each. */
const TRIED = 8;

/**
 * Fixed point, two's complement: multiples of 2^−position (nnabla's FIXED8 and FIXED16_n, Ristretto's dynamic fixed point).
 *
 * @param position - bits behind the point; absent: found from the weights
 */
export function fixed(bits: number, position?: number): Format {
  const set = integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1);
  const at = (position: number): Fitted => ({ set, scale: 2 ** -position, offset: 0 });
  return {
    name: position === undefined ? `fixed${bits}` : `fixed${bits}.${position}`,
    bits,
    range: 'mse',
    ranges: ['nnabla'],
    fit(weights, { range = 'mse' }) {
      if (position !== undefined) return at(position);
      const largest = largestOf(weights);
      if (range === 'nnabla') return at(bits - nnablaBits(largest));
      // Ristretto: one integer bit is the sign's.
      const found = bits - Math.ceil(Math.log2(largest) + 1);
      if (range === 'max') return at(found);
      return leastError(
        weights,
        Array.from({ length: TRIED }, (_, i) => at(found - 1 + i)),
      );
    },
  };
}

/** Integer bits as nnabla has them: at least one, and one more where the largest weight is a power of two. */
function nnablaBits(largest: number): number {
  if (largest < 1) return 1;
  const bits = Math.ceil(Math.log2(largest)) + 1;
  return Number.isInteger(Math.log2(largest)) ? bits + 1 : bits;
}
