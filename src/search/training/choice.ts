import { type Goal, type Judged, reaches } from '../goal.js';

/** The price of a bit changes by this factor until the goal is bracketed. */
const STRIDE = 2;
/** The least that it rises by when files are too large. */
const LEAST_STRIDE = 2;
/** Sizes fall about so with the price of a bit: bytes ∝ λ^−0.4. */
const SIZE_EXPONENT = 0.4;
/** A size is met if no more than this share of it is left over. */
const MET = 0.97;

/** Of two that reach a loss the smaller, of two that fit a size the better; what does not reach the goal is worse. */
export function isBetter(one: Judged, other: Judged, goal: Goal): boolean {
  const [isIn, wasIn] = [reaches(one, goal), reaches(other, goal)];
  if (isIn !== wasIn) return isIn;
  const isBySize = goal.limit === undefined ? !isIn : isIn;
  return isBySize ? one.bytes < other.bytes : worst(one) < worst(other);
}

function worst({ judgement }: Judged): number {
  return judgement?.high ?? 0;
}

/** Whether a loss is surely within a limit. */
export function isWithin(judged: Judged, limit: number): boolean {
  return worst(judged) <= limit;
}

/** The price of a bit to try next: between two that bracket the goal, if there are such. */
export function nextPrice(
  price: number,
  { bytes }: Judged,
  goal: Goal,
  low: number | undefined,
  high: number | undefined,
): number {
  if (low !== undefined && high !== undefined) return Math.sqrt(low * high);
  // A size is aimed at a little below: at it, every other file would be too large.
  if (goal.limit === undefined) {
    const factor = (bytes / (goal.targetSize * (1 + MET) * 0.5)) ** (1 / SIZE_EXPONENT);
    // Where few weights are left, sizes fall more slowly: what is just too large must not be approached for ever.
    return price * (factor > 1 ? Math.max(LEAST_STRIDE, factor) : factor);
  }
  return low === undefined ? price / STRIDE : price * STRIDE;
}

/** Whether a size is met closely, so that no other price has to be tried. */
export function isMet({ bytes }: Judged, { limit, targetSize }: Goal): boolean {
  return limit === undefined && bytes <= targetSize && bytes >= MET * targetSize;
}
