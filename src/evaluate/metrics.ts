import { isFloat, type PlainArray } from '../data/cast.js';
import { checkLabels } from '../data/labels.js';
import { FxqError } from '../errors.js';
import { guessCounter } from './chance.js';

/** An output as numbers: what metrics are taken of. */
export interface MetricArray {
  /** Element type in the model; integers are taken for classes already decided on, floats for scores. */
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: PlainArray;
}

/** Shares from 0 to 1; `null` where they say nothing. */
export interface Accuracy {
  readonly top1: number | null;
  readonly top5: number | null;
}

/** `null` where nothing could be compared. */
export interface Comparison {
  readonly maxAbsDiff: number | null;
  readonly meanAbsDiff: number | null;
}

/** The classes that "top 5" needs to leave some out. */
const TOP = 5;

/**
 * Counts right answers over batches. Scores are [N, C], also with further axes of length 1; integers are the classes
 * themselves, one a sample. Ties go to the lower class, and a row with a NaN is wrong. `top5` needs more than five
 * classes, `top1` more than one score. Labels that are no class of the model are refused, {@link checkLabels}.
 *
 * @example
 * const accuracy = accuracyMeter();
 * accuracy.add({ type: 'float32', dims: [1, 2], data: new Float32Array([0.2, 0.8]) }, [1]);
 * accuracy.result(); // { top1: 1, top5: null }
 */
export function accuracyMeter(): {
  add(output: MetricArray, labels: ArrayLike<number>): void;
  result(): Accuracy;
  /** What speaks against the labels, in words: that the model is no better than chance, and which others would fit. */
  doubt(): string | undefined;
} {
  let samples = 0;
  let first = 0;
  let topFive = 0;
  let fewest = Number.POSITIVE_INFINITY;
  const guesses = guessCounter();
  return {
    add(output, labels) {
      const { rows, classes } = rowsOf(output, labels.length);
      if (rows !== labels.length) {
        const got = `[${output.dims.join(', ')}]`;
        const message = `output: expected scores of shape [${labels.length}, classes] for the labels, got ${got}; name another output`;
        throw new FxqError('DATASET', message, { expected: labels.length, actual: output.dims });
      }
      if (isFloat(output.type) && classes > 1) checkLabels(labels, { classes, before: samples });
      samples += rows;
      fewest = Math.min(fewest, classes);
      for (let row = 0; row < rows; row++) {
        const rank = isFloat(output.type)
          ? rankOf(output.data, row * classes, classes, labels[row])
          : Number(output.data[row] !== labels[row]);
        if (rank === 0) first++;
        if (rank < TOP) topFive++;
        guesses.add(decisionOf(output, row, classes), labels[row], isFloat(output.type) ? classes : undefined);
      }
      if (!isFloat(output.type)) fewest = 2;
    },
    result: () => ({
      top1: samples > 0 && fewest > 1 ? first / samples : null,
      top5: samples > 0 && fewest > TOP ? topFive / samples : null,
    }),
    doubt: () => (fewest > 1 ? guesses.doubt() : undefined),
  };
}

/**
 * Absolute differences over the elements of float outputs. Equal values differ by 0, equal infinities included; a NaN or
 * an infinity on one side only differs by `Infinity`, and elements that are NaN on both sides are left out. `add` returns false, and counts nothing, where
 * the shapes differ.
 *
 * @example
 * const difference = differenceMeter();
 * difference.add(output, reference);
 * difference.result(); // { maxAbsDiff: 0.02, meanAbsDiff: 0.001 }
 */
export function differenceMeter(): { add(output: MetricArray, reference: MetricArray): boolean; result(): Comparison } {
  let count = 0;
  let sum = 0;
  let max = 0;
  return {
    add({ data, dims }, reference) {
      if (`${dims}` !== `${reference.dims}`) return false;
      // A plain loop: this runs over every element of every output.
      for (let i = 0; i < data.length; i++) {
        const a = data[i];
        const b = reference.data[i];
        if (a === b) continue;
        if (Number.isNaN(a) && Number.isNaN(b)) {
          count--;
          continue;
        }
        const difference = Math.abs(a - b);
        const size = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
        sum += size;
        if (size > max) max = size;
      }
      count += data.length;
      return true;
    },
    result: () => ({ maxAbsDiff: count > 0 ? max : null, meanAbsDiff: count > 0 ? sum / count : null }),
  };
}

/** The index of the largest score, the first of equal ones; -1 when one is NaN. */
export function argmax(data: ArrayLike<number>, start: number, length: number): number {
  let best = 0;
  for (let i = 0; i < length; i++) {
    const value = data[start + i];
    if (Number.isNaN(value)) return -1;
    if (value > data[start + best]) best = i;
  }
  return best;
}

/** The class that a row decides on; -1 for none. */
function decisionOf({ type, data }: MetricArray, row: number, classes: number): number {
  return isFloat(type) ? argmax(data, row * classes, classes) : data[row];
}

/** How many classes stand before this one; `Infinity` in a row with a NaN. */
function rankOf(data: ArrayLike<number>, start: number, classes: number, label: number): number {
  const score = data[start + label];
  let rank = 0;
  for (let i = 0; i < classes; i++) {
    const value = data[start + i];
    if (Number.isNaN(value)) return Number.POSITIVE_INFINITY;
    if (value > score || (value === score && i < label)) rank++;
  }
  return rank;
}

/**
 * Rows and classes of an output: [N, C], [N, C, 1, 1] and [N, T, C] alike, also [C] where there is no sample axis;
 * integers are one class each.
 */
export function rowsOf({ type, dims, data }: MetricArray, samples: number): { rows: number; classes: number } {
  if (!isFloat(type)) return { rows: data.length, classes: 1 };
  let axis = dims.length - 1;
  while (axis > 1 && dims[axis] === 1) axis--;
  if (axis < 1) return { rows: samples, classes: data.length % samples === 0 ? data.length / samples : 1 };
  return { rows: dims[axis] > 0 ? data.length / dims[axis] : 0, classes: dims[axis] };
}
