import type { Fitted } from '../../quantize/formats/format.js';

/** A magnitude of a format: from which border on it is taken, and how far it is above the one before it. */
export interface Step {
  readonly border: number;
  readonly rise: number;
}

/** Halvings that tell a border to the last bit of a double. */
const HALVINGS = 64;

/** The magnitudes of a format that has the same on either side of zero, ascending, in units of its scale. */
export function stepsOf({ set }: Pick<Fitted, 'set'>): Step[] {
  const sizes = [...new Set(Array.from(set.values(), Math.abs))].filter((size) => size > 0).sort((a, b) => a - b);
  return sizes.map((size, i) => {
    const before = i === 0 ? 0 : sizes[i - 1];
    return { border: borderOf(set, before, size), rise: size - before };
  });
}

/** The least number that rounds to a value and not to the one before it; without a code for zero all but zero does. */
function borderOf({ nearest }: Fitted['set'], before: number, size: number): number {
  // Where zero has no code, not even zero is below the first.
  if (nearest(before) >= size) return before;
  let low = before;
  let high = size;
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (low + high) / 2;
    if (nearest(middle) >= size) high = middle;
    else low = middle;
  }
  return high;
}
