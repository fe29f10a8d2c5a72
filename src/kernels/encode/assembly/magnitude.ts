import { INPUT, TABLE } from '../memory';

/** Where the first of `count` values of the input is that is infinite or no number; −1 if there is none. */
export function firstNotFinite(count: i32): i32 {
  const exponent = i32x4.splat(0x7f800000);
  let i: i32 = 0;
  for (; i + 4 <= count; i += 4) {
    const bits = v128.and(v128.load(<usize>INPUT + (<usize>i << 2)), exponent);
    if (v128.any_true(i32x4.eq(bits, exponent))) break;
  }
  for (; i < count; i++) {
    if ((load<u32>(<usize>INPUT + (<usize>i << 2)) & 0x7f800000) == 0x7f800000) return i;
  }
  return -1;
}

/** Counts the upper 15 bits of the magnitudes of `count` values of the input, at the table. */
export function countMagnitudes(count: u32): void {
  for (let at: usize = INPUT; at < <usize>INPUT + (<usize>count << 2); at += 4) {
    const counter = <usize>TABLE + (((load<u32>(at) >> 16) & 0x7fff) << 2);
    store<u32>(counter, load<u32>(counter) + 1);
  }
}

/** Counts the lower 16 bits of those values of the input whose magnitudes have these upper bits, at the table. */
export function countWithin(count: u32, upper: u32): void {
  for (let at: usize = INPUT; at < <usize>INPUT + (<usize>count << 2); at += 4) {
    const bits = load<u32>(at);
    if (((bits >> 16) & 0x7fff) != upper) continue;
    const counter = <usize>TABLE + ((bits & 0xffff) << 2);
    store<u32>(counter, load<u32>(counter) + 1);
  }
}

/**
 * Writes zeros over what is below the threshold, in the input, and over what is exactly it but for the first `ties`;
 * zeros of either sign stay.
 *
 * @param threshold - as the bits of a float32 of no sign
 * @returns the ties that are left
 */
export function zeroBelow(count: i32, threshold: i32, ties: i32): i32 {
  const magnitude = i32x4.splat(0x7fffffff);
  const limits = i32x4.splat(threshold);
  const zero = i32x4.splat(0);
  let i: i32 = 0;
  while (i < count) {
    for (; i + 4 <= count; i += 4) {
      const at = <usize>INPUT + (<usize>i << 2);
      const bits = v128.load(at);
      const sizes = v128.and(bits, magnitude);
      // Ties, while there are any, are for the loop below.
      if (ties > 0 && v128.any_true(i32x4.eq(sizes, limits))) break;
      v128.store(at, v128.and(bits, v128.or(i32x4.gt_s(sizes, limits), i32x4.eq(sizes, zero))));
    }
    for (const stop = min<i32>(count, i + 4); i < stop; i++) {
      const at = <usize>INPUT + (<usize>i << 2);
      const size = load<i32>(at) & 0x7fffffff;
      if (size > threshold || size == 0) continue;
      if (size == threshold && ties > 0) ties--;
      else store<i32>(at, 0);
    }
  }
  return ties;
}
