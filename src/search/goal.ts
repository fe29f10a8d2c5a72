import { inRange, integerInRange } from '../options/ranges.js';

/** Options that say what is asked of a compressed model. Default: a loss of at most half a point. */
export interface GoalOptions {
  /** Points of top-1 accuracy, or of agreement with the original where there are no labels. */
  readonly maxLoss?: number | undefined;
  /** Bytes of the container. */
  readonly targetSize?: number | undefined;
}

/** The smallest model that loses no more than this. If there is a size, too, it must not be exceeded either. */
export interface LossGoal {
  readonly maxLoss: number;
  readonly targetSize?: number | undefined;
}

/** The best model that is no larger than this. */
export interface SizeGoal {
  readonly maxLoss?: undefined;
  readonly targetSize: number;
}

/** What is searched for. */
export type Goal = LossGoal | SizeGoal;

/** The goal of a search that was given none. */
export const SEARCH_DEFAULTS = { maxLoss: 0.5 } as const;

/** Inputs that a loss is judged by: half a point is then ten of them. */
export const HELD_OUT = 2048;

/** @throws RangeError */
export function checkGoal({ maxLoss, targetSize }: GoalOptions, stage = 'calibrate'): void {
  inRange(stage, 'maxLoss', maxLoss, 0, Number.MAX_VALUE);
  integerInRange(stage, 'targetSize', targetSize, 1, Number.MAX_SAFE_INTEGER);
}

/** The goal that options name. */
export function goalOf({ maxLoss, targetSize }: GoalOptions): Goal {
  if (maxLoss === undefined && targetSize !== undefined) return { targetSize };
  return { maxLoss: maxLoss ?? SEARCH_DEFAULTS.maxLoss, targetSize };
}

/** Whether a model reaches the goal; a loss that was not measured is none. */
export function reaches(model: { readonly bytes: number; readonly loss: number | null }, goal: Goal): boolean {
  const { maxLoss, targetSize } = goal;
  return (
    (targetSize === undefined || model.bytes <= targetSize) && (maxLoss === undefined || (model.loss ?? 0) <= maxLoss)
  );
}
