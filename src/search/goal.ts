import { inRange, integerInRange } from '../options/ranges.js';

/** What is asked of a compressed model: a loss not to exceed, or a size not to exceed. */
export interface Goal {
  /** Points of top-1 accuracy, or of agreement with the original where there are no labels. */
  readonly maxLoss?: number | undefined;
  /** Bytes of the container. */
  readonly targetSize?: number | undefined;
}

/** The goal of a search that was given none. */
export const SEARCH_DEFAULTS = { maxLoss: 0.5 } as const;

/** Inputs that a loss is judged by: half a point is then ten of them. */
export const HELD_OUT = 2048;

/** @throws RangeError */
export function checkGoal({ maxLoss, targetSize }: Goal, stage = 'calibrate'): void {
  inRange(stage, 'maxLoss', maxLoss, 0, Number.MAX_VALUE);
  integerInRange(stage, 'targetSize', targetSize, 1, Number.MAX_SAFE_INTEGER);
}
