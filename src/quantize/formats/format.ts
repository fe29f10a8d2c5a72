import type { Scaling } from './scale.js';

/** How the parameters of a format are found for some weights. */
export const RANGES = ['max', 'mse', 'percentile', 'nnabla'] as const;
export type Range = (typeof RANGES)[number];

/** What a format is told when its parameters are found. */
export interface FitOptions {
  /** Default: the format's own. */
  readonly range?: Range | undefined;
  /** Of `range: percentile`: the share of the weights, in per cent, that lies within. */
  readonly percentile: number;
  readonly scaling: Scaling;
}

/**
 * The values of a format, in units of its scale, which a tensor, a channel or some other line of weights brings along. There
 * is no table of them: the widest formats have four thousand million.
 */
export interface ValueSet {
  readonly low: number;
  readonly high: number;
  /** The value for a number; of two as near the one with the even code. */
  nearest(x: number): number;
  /** The largest value that is not above a number; the lowest, where there is none. */
  below(x: number): number;
  /** The smallest value that is not below a number; the highest, where there is none. */
  above(x: number): number;
  /** All of them, ascending. Only for sets of at most 16 bits. */
  values(): Float64Array;
}

/** A format with its parameters: its values are `offset + scale · value` of the set. */
export interface Fitted {
  readonly set: ValueSet;
  readonly scale: number;
  readonly offset: number;
}

/**
 * A number format: which numbers weights may be, up to parameters that are found from the weights. Formats know nothing of
 * tensors, granularity or rounding.
 */
export interface Format {
  /** As it is written: `int8`, `fixed16.12`, `e2m1`. */
  readonly name: string;
  /** Bits of a code. */
  readonly bits: number;
  /** How parameters are found if nothing is said. */
  readonly range: Range;
  /** The ranges that the format has besides `max` and `mse`. */
  readonly ranges: readonly Range[];
  /** What of its parameters training can learn: its scale, or one for each side of zero. Absent: nothing. */
  readonly learned?: 'scale' | 'sides' | undefined;
  /** Whether its values are signs of numbers, so that one beyond the largest value is not cut to it. */
  readonly isSign?: boolean | undefined;
  /** Whether the numbers behind its values stay within them while training moves them. */
  readonly isBounded?: boolean | undefined;
  /** The parameters for some weights, of which one is not zero. */
  fit(weights: Float32Array, options: FitOptions): Fitted;
}

/** A value of a fitted format as a float32, never −0. */
export function valueAt({ scale, offset }: Fitted, level: number): number {
  return Math.fround(offset + scale * level) + 0;
}
