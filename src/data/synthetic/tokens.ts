import type { Random } from '../../random.js';

/** Tokens as text has them: few are frequent (rank by 1 / (rank + 2.7), Zipf and Mandelbrot), which ones the seed decides. */
export function tokens(random: Random, rows: number, length: number): Float64Array {
  const sequence = new Float64Array(length);
  const total = Math.log((rows + SHIFT) / SHIFT);
  for (let i = 0; i < length; i++) {
    const rank = Math.min(rows - 1, Math.floor(SHIFT * (Math.exp(random.float() * total) - 1)));
    // A fixed permutation of the ranks: special tokens and single letters stand first in most vocabularies.
    sequence[i] = (rank * STRIDE + OFFSET) % rows;
  }
  return sequence;
}

const SHIFT = 2.7;
/** Prime, so that it divides hardly any vocabulary. */
const STRIDE = 7919;
const OFFSET = 1000;
