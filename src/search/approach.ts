import { present } from '../guards.js';
import type { Clock, Goal } from './goal.js';

/** λ changes by this factor until a size is bracketed. */
const STRIDE = 3;
/** And by at most this one where a loss tells how far it is to go. */
const LONGEST_STRIDE = 27;
/** Prices that are tried at most. */
export const MAX_POINTS = 9;
/** Search ends when the bracket is this narrow, or the size this near to what was asked for. */
const NARROW = 1.15;
const NEAR = 0.985;
/** Shares of a size that neighbours of what is near it are aimed at. */
const NEIGHBOURS = [0.997, 0.993, 0.989];
/** Sizes fall about so with λ: bytes ∝ λ^−0.4. */
const SIZE_EXPONENT = 0.4;
/** Losses grow about so: loss ∝ λ^0.75. */
const LOSS_EXPONENT = 0.75;
/** Share of a limit that is aimed at, what from there on is as good as any, and how near to an end of its bracket the next may be. */
const [AIM, GOOD, INSIDE] = [0.95, 0.9, 0.15];
const SMALLEST_LAMBDA = 1e-12;
const LARGEST_LAMBDA = 1;

/** A price that was tried: what it took, in milliseconds, and how large the file is. */
interface Step {
  readonly ms: number;
  readonly point: { readonly bytes: number };
}

/** What there is to a search along the price of a bit. */
interface Approach<T extends Step> {
  readonly goal: Goal;
  readonly start: number;
  readonly clock: Clock;
  attempt(price: number): Promise<T>;
  /** The most that a point may have lost, by all that is known when it was tried. */
  worstOf(tried: T): number;
}

/**
 * Tries prices until the goal is bracketed closely. What a price comes to is a little up to chance, so that near a size
 * some neighbours are tried, too.
 */
export async function approach<T extends Step>({ goal, start, attempt, clock, worstOf }: Approach<T>): Promise<void> {
  const bracket: Bracket = {};
  let last: number | undefined;
  for (let [next, tries] = [start, 1]; ; tries++) {
    const tried = await attempt(next);
    const { bytes } = tried.point;
    const worst = worstOf(tried);
    const isTooMuch = goal.limit === undefined ? bytes <= goal.targetSize : worst > goal.limit;
    bracket[isTooMuch ? 'high' : 'low'] = { price: next, worst };
    if (clock.isOver(tried.ms)) return;
    // Where another price changes no byte, one farther on will not either.
    if (bytes === last) return;
    last = bytes;
    if (goal.limit === undefined && bytes <= goal.targetSize && bytes >= NEAR * goal.targetSize) {
      for (const share of NEIGHBOURS.slice(0, MAX_POINTS - tries)) {
        if (clock.isOver(tried.ms)) return;
        await attempt(next * (bytes / (share * goal.targetSize)) ** (1 / SIZE_EXPONENT));
      }
      return;
    }
    if (goal.limit !== undefined && worst > 0 && worst <= goal.limit && worst >= GOOD * goal.limit) return;
    const { low, high } = bracket;
    if (low && high && high.price / low.price < NARROW) return;
    if (next <= SMALLEST_LAMBDA || next >= LARGEST_LAMBDA || tries === MAX_POINTS) return;
    const wanted =
      goal.limit === undefined
        ? priceForSize(next, bytes, bracket, goal.targetSize)
        : priceForLoss(bracket, goal.limit);
    next = Math.min(LARGEST_LAMBDA, Math.max(SMALLEST_LAMBDA, wanted));
  }
}

/** The prices next to the goal: of those that compress too little and too much the last that was tried. */
export type Bracket = Partial<Record<'low' | 'high', { readonly price: number; readonly worst: number }>>;

/** Aimed a little below the target: at it, every other point would be too large. */
export function priceForSize(price: number, bytes: number, { low, high }: Bracket, targetSize: number): number {
  const guess = price * (bytes / (targetSize * (1 + NEAR) * 0.5)) ** (1 / SIZE_EXPONENT);
  if (guess > (low?.price ?? 0) && guess < (high?.price ?? Number.POSITIVE_INFINITY)) return guess;
  if (low && high) return Math.sqrt(low.price * high.price);
  return low ? price * STRIDE : price / STRIDE;
}

/** Where a straight line between both ends comes to the limit, or as far from the only one as its loss suggests. */
export function priceForLoss({ low, high }: Bracket, limit: number): number {
  const aim = AIM * limit;
  if (low && high) {
    const share = Math.log(aim / low.worst) / Math.log(high.worst / low.worst);
    const inside = low.worst > 0 && Number.isFinite(high.worst) ? share : 0.5;
    return low.price * (high.price / low.price) ** Math.min(1 - INSIDE, Math.max(INSIDE, inside));
  }
  const { price, worst } = present(low ?? high);
  const stride = worst > 0 ? (aim / worst) ** (1 / LOSS_EXPONENT) : LONGEST_STRIDE;
  const [least, most] = low ? [NARROW, LONGEST_STRIDE] : [1 / LONGEST_STRIDE, 1 / NARROW];
  return price * Math.min(most, Math.max(least, stride));
}
