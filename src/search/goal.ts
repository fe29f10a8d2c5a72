import { FxqError } from '../errors.js';
import type { Loss } from '../evaluate/loss.js';
import { formatAmount } from '../evaluate/loss-words.js';
import { checkMetric, type LossUnit, type MetricName, type OwnMetric } from '../evaluate/metric.js';
import { checkOptions } from '../options/check.js';
import { number, type OptionsOf, whole } from '../options/option.js';

/** Options that say what is asked of a compressed model. Default: a loss of at most half a point, or an error of a hundredth. */
export interface GoalOptions {
  /**
   * Points of top-1 accuracy that may be lost, or of agreement with the original where there are no labels: the upper end of
   * the loss's interval.
   */
  readonly maxLoss?: number | undefined;
  /**
   * The same where the outputs are no decisions: a share of their energy (0.01 is one per cent), of a cosine of one, or a
   * number of a metric of one's own.
   */
  readonly maxError?: number | undefined;
  /** Bytes of the container. */
  readonly targetSize?: number | undefined;
  /** How good is measured: by a name, or by a function of your own. Default: as labels and outputs suggest. */
  readonly metric?: MetricName | OwnMetric | undefined;
  /** Seconds after which the best so far is taken. Default: as long as it takes. */
  readonly time?: number | undefined;
}

/** The smallest model that loses no more than this, surely. If there is a size, too, it must not be exceeded either. */
interface LossGoal {
  /** In the unit of the loss. */
  readonly limit: number;
  readonly targetSize?: number | undefined;
}

/** The best model that is no larger than this. */
interface SizeGoal {
  readonly limit?: undefined;
  readonly targetSize: number;
}

/** A model that was tried. */
export interface Judged {
  /** Bytes of the container. */
  readonly bytes: number;
  /** What it loses, in points or as a share, on inputs that were kept apart; `null` where only the size counts. */
  readonly loss: number | null;
  /** The same with its interval, how it was found, and on how many inputs. */
  readonly judgement: Loss | null;
}

/** What is searched for. */
export type Goal = LossGoal | SizeGoal;

export const GOAL = {
  maxLoss: number({
    text: 'points of top-1 that may be lost, of agreement without labels: the upper end of what 95 % are sure of',
    value: 'points',
    low: 0,
    otherwise: '0.5',
  }),
  maxError: {
    ...number({
      text: 'the same of outputs that are no decisions: share of their energy (1%, 0.01)',
      value: 'share',
      low: 0,
      otherwise: '1%',
    }),
    parse: parseShare,
  },
  targetSize: {
    ...whole({ text: 'the best model of at most this size (90000, 90kB, 1.5MB)', value: 'bytes', low: 1 }),
    parse: parseSize,
  },
  time: {
    ...number({ text: 'take the best so far after this time (90s, 10m, 1h)', value: 'time', above: 0 }),
    parse: parseTime,
  },
} satisfies OptionsOf<GoalOptions, 'metric'>;

/** The goals of a search that was given none. */
export const SEARCH_DEFAULTS = { maxLoss: 0.5, maxError: 0.01 } as const;

/** Inputs that a loss is judged by: half a point is then ten of them. */
export const HELD_OUT = 2048;

/** @throws RangeError */
export function checkGoal(goal: GoalOptions, stage = 'calibrate'): void {
  checkOptions(stage, GOAL, goal);
  checkMetric(stage, goal.metric);
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

/** A share, or per cent with the sign. */
function parseShare(text: string): number {
  const [, number, sign] = /^(\d*\.?\d+(?:e[+-]?\d+)?)\s*(%)?$/i.exec(text.trim()) ?? [];
  if (number === undefined) throw new Error('Expected a share such as 0.01 or 1%.');
  return Number(number) / (sign ? 100 : 1);
}

const SECONDS: ReadonlyMap<string, number> = new Map([
  ['s', 1],
  ['m', 60],
  ['h', 3600],
]);

/** A time in seconds, or with s, m or h behind it. */
function parseTime(text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)\s*([smh])?$/i.exec(text.trim()) ?? [];
  if (number === undefined) throw new Error('Expected a time such as 90s, 10m or 1h.');
  return Number(number) * (SECONDS.get((unit ?? 's').toLowerCase()) ?? 1);
}

/** Whether it is said what may be lost. */
export function isLossGiven({ maxLoss, maxError }: Pick<GoalOptions, 'maxLoss' | 'maxError'>): boolean {
  return maxLoss !== undefined || maxError !== undefined;
}

/** Whether it is a loss that is asked for, and not only a size. */
export function isLossAsked(options: Omit<GoalOptions, 'metric'>): boolean {
  return options.targetSize === undefined || isLossGiven(options);
}

/** What a loss is told in, and why. */
const LOSSES: Readonly<Record<LossUnit, string>> = {
  points: 'the model decides between classes, and what is lost is told in points (--max-loss 0.5)',
  share: 'outputs of this model are no decisions, and what is lost is told as a share (--max-error 1%)',
  own: 'what is lost is told in the unit of the metric of your own (--max-error)',
};

/**
 * The goal that options name, of a model whose losses are in this unit.
 *
 * @throws FxqError `CONFIG` for a goal in another unit, or none in one's own
 */
export function goalOf(options: GoalOptions, unit: LossUnit = 'points'): Goal {
  const { maxLoss, maxError, targetSize } = options;
  if (!isLossAsked(options) && targetSize !== undefined) return { targetSize };
  const isPoints = unit === 'points';
  const [given, other] = isPoints ? [maxLoss, maxError] : [maxError, maxLoss];
  if (other !== undefined && given === undefined) {
    const [wanted, got] = isPoints ? ['maxLoss', 'maxError'] : ['maxError', 'maxLoss'];
    const message = `goal: ${LOSSES[unit]}: expected ${wanted}, got ${got}`;
    throw new FxqError('CONFIG', message, { expected: wanted, actual: got });
  }
  if (given === undefined && unit === 'own') {
    throw new FxqError('CONFIG', 'goal: expected a maxError in the unit of the metric of your own, got none');
  }
  return { limit: given ?? SEARCH_DEFAULTS[isPoints ? 'maxLoss' : 'maxError'], targetSize };
}

/** Whether a model reaches the goal, by the upper end of what it may have lost; a loss that was not measured is none. */
export function reaches({ bytes, judgement }: Judged, { limit, targetSize }: Goal): boolean {
  return (targetSize === undefined || bytes <= targetSize) && (limit === undefined || (judgement?.high ?? 0) <= limit);
}

/** The inputs that judge, and the points that may be lost where none of them has lost anything. */
interface Resolution {
  readonly samples: number;
  readonly heldOut: number;
  readonly resolution: number | undefined;
}

/** What inputs of this number cannot tell by counting, said before anything is tried; `undefined` where they can. */
export function describeResolution(goal: Goal, { samples, heldOut, resolution }: Resolution): string | undefined {
  if (goal.limit === undefined || resolution === undefined || resolution <= goal.limit) return undefined;
  const needed = Math.ceil((samples * resolution) / Math.max(goal.limit, Number.MIN_VALUE));
  const could = Number.isSafeInteger(needed) ? `; ${needed.toLocaleString('en-US')} could` : '';
  const apart = heldOut > 0 ? ' kept apart' : '';
  return `${samples.toLocaleString('en-US')} inputs${apart} cannot tell ${formatAmount(goal.limit, 'points')} points by counting${could}; judged by how far their scores move`;
}

/** Says when a search has to come to its end. */
export interface Clock {
  /** @param next - milliseconds that the next step will take */
  isOver(next?: number): boolean;
  /** Milliseconds that are left. */
  left(): number;
}

/** The clock of a search, from now on. */
export function clockOf({ time }: GoalOptions): Clock {
  const end = time === undefined ? Number.POSITIVE_INFINITY : performance.now() + 1000 * time;
  return { isOver: (next = 0) => performance.now() + next > end, left: () => end - performance.now() };
}
