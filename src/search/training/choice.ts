import { type Bracket, priceForLoss, priceForSize } from '../approach.js';
import { type Goal, type Judged, reaches } from '../goal.js';

/** The least that a price of a bit rises by while files are too large. */
const LEAST_STRIDE = 2;
/**
 * Where twice the price changes sizes by less than this share, still others will not do more. Of small nets sizes may stay within a
 * hundredth from one price to the next, and fall again behind it.
 */
const STILL = 0.001;

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

/** Where the search for a price of a bit stands. */
export interface Prices {
  readonly bracket: Bracket;
  readonly next: number;
  /** Bytes of the last file. */
  readonly bytes?: number;
  /** Whether still other prices make no difference. */
  readonly isEnd?: boolean;
}

/** Where prices stand after the next one was tried. */
export function narrowed({ bracket: before, next: price, bytes: last }: Prices, found: Judged, goal: Goal): Prices {
  const { bytes } = found;
  const isTooMuch = goal.limit === undefined ? bytes <= goal.targetSize : !isWithin(found, goal.limit);
  const bracket = { ...before, [isTooMuch ? 'high' : 'low']: { price, worst: worst(found) } };
  const isOpen = bracket.low === undefined || bracket.high === undefined;
  const isEnd = isOpen && last !== undefined && Math.abs(bytes - last) < STILL * last;
  if (goal.limit !== undefined) return { bracket, bytes, isEnd, next: priceForLoss(bracket, goal.limit) };
  const wanted = priceForSize(price, bytes, bracket, goal.targetSize);
  // Where few weights are left, sizes fall more slowly: what is just too large must not be approached for ever.
  const next = isOpen && !isTooMuch ? Math.max(LEAST_STRIDE * price, wanted) : wanted;
  return { bracket, bytes, isEnd, next };
}

/** For other weights the price to begin with is the last that was not too much. */
export function anew({ bracket: { low }, next }: Prices): Prices {
  return startingAt(low?.price ?? next);
}

export function startingAt(price: number): Prices {
  return { bracket: {}, next: price };
}

/** How much of the size, or of the loss, that is allowed a file makes use of. */
export function usedShare(judged: Judged, { limit, targetSize }: Goal): number {
  return limit === undefined ? judged.bytes / targetSize : worst(judged) / limit;
}
