import { fromHalf, toHalf } from '../../binary/half.js';

/** What scales are restricted to. */
export const SCALINGS = ['float16', 'float32', 'power-of-two'] as const;
export type Scaling = (typeof SCALINGS)[number];

/** The least positive float16 of full precision; below it float32 takes over, as it does above the largest. */
const LEAST_HALF = 2 ** -14;
const LARGEST_HALF = 65504;

/** The scale nearest to a positive number that is wanted. */
export function restrict(scale: number, scaling: Scaling): number {
  if (scaling === 'power-of-two') return nearestPower(scale);
  const isHalf = scaling === 'float16' && scale >= LEAST_HALF && scale <= LARGEST_HALF;
  return isHalf ? fromHalf(toHalf(scale)) : Math.fround(scale);
}

/** The power of two that is nearest by ratio. */
function nearestPower(scale: number): number {
  return 2 ** Math.round(Math.log2(scale));
}

/** The smallest power of two that is not below a number. */
export function powerAbove(scale: number): number {
  const power = 2 ** Math.ceil(Math.log2(scale));
  // A logarithm may be off in its last bit.
  return power < scale ? 2 * power : power / 2 >= scale ? power / 2 : power;
}
