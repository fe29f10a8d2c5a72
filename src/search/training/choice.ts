import { type Goal, type Judged, reaches } from '../goal.js';

/** The least that a price of a bit changes by until the goal is bracketed, and the most that a loss makes it. */
const STRIDE = 2;
const LONGEST_STRIDE = 27;
/** Sizes fall about so with the price of a bit: bytes ∝ λ^−0.4, and losses rise so: loss ∝ λ^0.75. */
const SIZE_EXPONENT = 0.4;
const LOSS_EXPONENT = 0.75;
/** The share of a size that is aimed at: at all of it, every other file would be too large. */
const AIM = 0.985;
/** Where another price changes sizes by less than this share, still others will not do more. */
const STILL = 0.01;

/**
 * Of two that reach a loss the smaller; what does not reach the goal is worse. Of two that fit a size the one that is expected to
 * lose less: the upper end of what it may have lost is for promises, and of two intervals that hardly differ it says which one was
 * judged more coarsely.
 */
export function isBetter(one: Judged, other: Judged, goal: Goal): boolean {
  const [isIn, wasIn] = [reaches(one, goal), reaches(other, goal)];
  if (isIn !== wasIn) return isIn;
  if (goal.limit !== undefined) return isIn ? one.bytes < other.bytes : worst(one) < worst(other);
  if (!isIn) return one.bytes < other.bytes;
  const lost = expected(one) - expected(other);
  return lost < 0 || (lost === 0 && worst(one) < worst(other));
}

function expected({ judgement }: Judged): number {
  return judgement?.value ?? 0;
}

function worst({ judgement }: Judged): number {
  return judgement?.high ?? 0;
}

/** Whether a loss is surely within a limit. */
export function isWithin(judged: Judged, limit: number): boolean {
  return worst(judged) <= limit;
}

/** Prices of a bit between which a goal lies, as far as they are known, and the one to try next. */
export interface Prices {
  readonly low?: number | undefined;
  readonly high?: number | undefined;
  readonly next: number;
  /** Bytes of the last file. */
  readonly bytes?: number;
  /** Whether still other prices make no difference. */
  readonly isEnd?: boolean;
}

/** Where prices stand after the next one was tried. */
export function narrowed(prices: Prices, found: Judged, goal: Goal): Prices {
  const { next: price, bytes: last } = prices;
  const { bytes } = found;
  const isTooMuch = goal.limit === undefined ? bytes <= goal.targetSize : !isWithin(found, goal.limit);
  const { low, high } = isTooMuch ? { ...prices, high: price } : { ...prices, low: price };
  if (low !== undefined && high !== undefined) return { low, high, bytes, next: Math.sqrt(low * high) };
  const isEnd = last !== undefined && Math.abs(bytes - last) < STILL * last;
  return { low, high, bytes, next: price * strideFor(found, goal), isEnd };
}

/** For other weights the price to begin with is the last that was not too much. */
export function anew({ low, next }: Prices): Prices {
  return { next: low ?? next };
}

function strideFor(found: Judged, goal: Goal): number {
  if (goal.limit === undefined) {
    const factor = (found.bytes / (AIM * goal.targetSize)) ** (1 / SIZE_EXPONENT);
    // Where few weights are left, sizes fall more slowly: what is just too large must not be approached for ever.
    return factor > 1 ? Math.max(STRIDE, factor) : factor;
  }
  const lost = worst(found);
  const factor = lost > 0 ? (goal.limit / lost) ** (1 / LOSS_EXPONENT) : LONGEST_STRIDE;
  return factor < 1
    ? Math.min(1 / STRIDE, Math.max(1 / LONGEST_STRIDE, factor))
    : Math.max(STRIDE, Math.min(LONGEST_STRIDE, factor));
}

/** How much of the size, or of the loss, that is allowed a file makes use of. */
export function usedShare(judged: Judged, { limit, targetSize }: Goal): number {
  return limit === undefined ? judged.bytes / targetSize : worst(judged) / limit;
}
