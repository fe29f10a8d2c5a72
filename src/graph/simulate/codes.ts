import type { DType } from '../../binary/dtype.js';
import { fromHalf, toHalf } from '../../binary/half.js';
import { product } from '../view.js';

/** Weights as integers, with the step of each line along an axis, or one for all. */
export interface Codes {
  readonly codes: Int16Array;
  /** One, or as many as the axis has indices. */
  readonly steps: Float32Array;
  readonly axis: number | undefined;
  /** Whether codes and steps give exactly the weights: where they are on no grid, they are rounded to one. */
  readonly isExact: boolean;
}

/** The largest integer that a byte holds with either sign. */
export const INT8_REACH = 127;

/** What is left beside a multiple of a step, as a share of the largest weight, where weights are on that grid. */
const CLOSE = 2e-6;
/** The same of float16, as a share of the weight itself: the rounding of that, and of the weight that the step is told by. */
const HALF_CLOSE = 2 ** -10;
/** What float16 rounds away below its least normal number. */
const HALF_LEAST = 2 ** -25;

/** What integers are looked for in. */
interface Stored {
  readonly dims: readonly number[];
  /** Of the output channels. */
  readonly axis: number | undefined;
  /** The largest integer. */
  readonly reach: number;
  /** The type that the weights are stored in. */
  readonly dtype: DType;
}

/**
 * Finds the integers that rounded weights are multiples of a step by: one step for all where that does, else one for each index
 * along an axis. float16 has multiples of a step as near as it can, and the step in float16, too.
 */
export function codesOf(weights: Float32Array, { dims, axis, reach, dtype }: Stored): Codes {
  const gridOf = dtype === 'float16' ? halfGridOf : floatGridOf;
  const whole = gridOf(weights, reach);
  if (whole !== undefined || axis === undefined) {
    const step = whole ?? Math.fround(largest(weights) / reach);
    return coded(weights, Float32Array.of(step || 1), () => 0, {
      axis: undefined,
      isExact: whole !== undefined,
      reach,
    });
  }
  const count = dims[axis];
  const inner = product(dims.slice(axis + 1));
  const lineOf = (i: number) => Math.floor(i / inner) % count;
  const lines = Array.from({ length: count }, () => [] as number[]);
  for (let i = 0; i < weights.length; i++) lines[lineOf(i)].push(weights[i]);
  let isExact = true;
  const found = lines.map((line) => {
    const values = Float32Array.from(line);
    const step = gridOf(values, reach);
    if (step === undefined) isExact = false;
    return step ?? largest(values) / reach;
  });
  // A line of zeros has no step of its own, and needs one that its bias can be told in.
  const most = Math.max(...found);
  const steps = Float32Array.from(found, (step) => step || most || 1);
  return coded(weights, steps, lineOf, { axis, isExact, reach });
}

interface Coding {
  readonly axis: number | undefined;
  readonly isExact: boolean;
  readonly reach: number;
}

function coded(
  weights: Float32Array,
  steps: Float32Array,
  lineOf: (index: number) => number,
  { axis, isExact, reach }: Coding,
): Codes {
  const codes = Int16Array.from(weights, (weight, i) =>
    Math.max(-reach, Math.min(reach, Math.round(weight / steps[lineOf(i)]))),
  );
  return { codes, steps, axis, isExact };
}

/** The largest step that all weights are multiples of, up to so many times it; 0 where all are zero. */
function floatGridOf(weights: Float32Array, reach: number): number | undefined {
  const limit = CLOSE * largest(weights);
  return stepOf(weights, reach, () => limit);
}

function halfGridOf(weights: Float32Array, reach: number): number | undefined {
  const rough = stepOf(weights, reach, (weight) => HALF_CLOSE * Math.abs(weight) + HALF_LEAST);
  if (!rough) return rough;
  // Each weight is rounded by itself: all of them tell the step better than the largest does.
  let [products, squares] = [0, 0];
  for (const weight of weights) {
    const code = Math.round(weight / rough);
    products += weight * code;
    squares += code * code;
  }
  return fromHalf(toHalf(products / squares));
}

/** @param slackOf - how far a weight may be from a multiple */
function stepOf(weights: Float32Array, reach: number, slackOf: (weight: number) => number): number | undefined {
  let least = Number.POSITIVE_INFINITY;
  for (const weight of weights) if (weight !== 0) least = Math.min(least, Math.abs(weight));
  const most = largest(weights);
  if (most === 0) return 0;
  // The smallest is any multiple of the step, so that the largest is no more than the reach.
  for (let multiple = 1; (multiple * most) / least <= reach + 0.5; multiple++) {
    const far = Math.round((multiple * most) / least);
    // The largest tells the step best.
    const step = Math.fround(most / far);
    if (weights.every((weight) => Math.abs(weight - Math.round(weight / step) * step) <= slackOf(weight))) return step;
  }
  return undefined;
}

function largest(weights: Float32Array): number {
  let most = 0;
  for (const weight of weights) most = Math.max(most, Math.abs(weight));
  return most;
}
