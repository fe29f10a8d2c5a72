import type { ValueSet } from './format.js';

/** The integers from `low` to `high`. */
export function integers(low: number, high: number): ValueSet {
  const clip = (x: number) => Math.min(high, Math.max(low, x));
  return {
    low,
    high,
    nearest: (x) => clip(roundEven(x)),
    below: (x) => clip(Math.floor(x)),
    above: (x) => clip(Math.ceil(x)),
    values: () => Float64Array.from({ length: high - low + 1 }, (_, i) => low + i),
  };
}

/** The nearest integer; halves go to the even one, as ONNX and IEEE 754 have it. */
export function roundEven(x: number): number {
  // From 2^51 on the sum would lose bits of its own.
  return x < 2 ** 51 && x > -(2 ** 51) ? x + WHOLE - WHOLE : Math.round(x);
}

/** Next to it a double holds integers and nothing between them: adding it rounds. */
const WHOLE = 1.5 * 2 ** 52;

/** Positive numbers and their negatives, ascending, with zero between them or without. */
export function mirrored(positive: readonly number[], hasZero = true): Float64Array {
  return Float64Array.from([...positive.map((value) => -value), ...(hasZero ? [0] : []), ...positive]).sort();
}
