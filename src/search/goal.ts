import { checkOptions } from '../options/check.js';
import { defaultsOf } from '../options/defaults.js';
import { number, type OptionsOf, whole } from '../options/option.js';

/** Options that say what is asked of a compressed model. Default: a loss of at most half a point. */
export interface GoalOptions {
  /** Points of top-1 accuracy, or of agreement with the original where there are no labels. */
  readonly maxLoss?: number | undefined;
  /** Bytes of the container. */
  readonly targetSize?: number | undefined;
}

/** The smallest model that loses no more than this. If there is a size, too, it must not be exceeded either. */
interface LossGoal {
  readonly maxLoss: number;
  readonly targetSize?: number | undefined;
}

/** The best model that is no larger than this. */
interface SizeGoal {
  readonly maxLoss?: undefined;
  readonly targetSize: number;
}

/** What is searched for. */
export type Goal = LossGoal | SizeGoal;

export const GOAL = {
  maxLoss: number({
    text: 'points of top-1 that may be lost, of agreement without labels',
    value: 'points',
    low: 0,
    default: 0.5,
  }),
  targetSize: {
    ...whole({ text: 'the best model of at most this size (90000, 90kB, 1.5MB)', value: 'bytes', low: 1 }),
    parse: parseSize,
  },
} satisfies OptionsOf<GoalOptions>;

/** The goal of a search that was given none. */
export const SEARCH_DEFAULTS = defaultsOf(GOAL);

/** Inputs that a loss is judged by: half a point is then ten of them. */
export const HELD_OUT = 2048;

/** @throws RangeError */
export function checkGoal(goal: GoalOptions, stage = 'calibrate'): void {
  checkOptions(stage, GOAL, goal);
}

const UNITS: ReadonlyMap<string, number> = new Map([
  ['b', 1],
  ['kb', 1e3],
  ['mb', 1e6],
]);

/** A size in bytes, or with kB or MB behind it, which are thousands and millions. */
function parseSize(text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)\s*(kB|MB|B)?$/i.exec(text.trim()) ?? [];
  const size = Number(number) * (UNITS.get((unit ?? 'B').toLowerCase()) ?? 1);
  if (!(size >= 1)) throw new Error('Expected a size such as 90000, 90kB or 1.5MB.');
  return Math.floor(size);
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
