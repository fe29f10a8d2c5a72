// Pairs of a gap and a weight, four streams side by side. A filler has no weight: its bits are not taken, nothing is
// stored, and the position stays behind the gap; by masks, since a branch would be mispredicted. What is not to be
// stored goes to the place behind the chunk's last weight, and so does what damaged streams place beyond it.
// The loop is whole on purpose.
import { GAP_SLOT, SLOT_BYTES, SLOTS, VALUES, WORK } from '../memory';
import { endsAt, fill, refill, used } from './bits';

const GAPS: usize = SLOTS + GAP_SLOT * SLOT_BYTES;

// @ts-ignore: decorator
@inline
function entry(b: u64, mask: u32, slot: usize): u32 {
  return load<u16>(slot + ((<u32>b & mask) << 1));
}

// @ts-ignore: decorator
@inline
function place<T>(position: u32, keep: i32, limit: u32, entry: u32): void {
  const at = position | ~keep;
  const value = load<u32>(entry >> 4, SLOTS + VALUES);
  store<T>(<usize>select<u32>(at, limit, at < limit) * sizeof<T>(), <T>value, WORK);
}

/** Follows one stream from position `at`; returns the position after it, or −1 if it does not end at `end`. */
function tail<T>(p: usize, b: u64, end: usize, pairs: u32, at: u32, gm: u32, wm: u32, filler: u32, limit: u32): i32 {
  for (; pairs; pairs--) {
    p += used(b);
    b = refill(p, b);
    const g = entry(b, gm, GAPS);
    b >>= <u64>g;
    at += g >> 6;
    const k = -<i32>(g >> 6 != filler);
    const w = entry(b, wm, SLOTS);
    b >>= <u64>(w & k);
    place<T>(at, k, limit, w);
    at -= k;
  }
  return endsAt(p, b, end) ? at : -1;
}

/**
 * The streams lie one behind the other, from p0, p1, p2, p3 to `end`; p1 is 0 if there is but one. Three have `each`
 * pairs, the last has `last`. They start at the weights 0, s1, s2 and s3 of a chunk of `limit`, which holds zeros.
 * Returns the position after the last, or −1 if the streams are damaged.
 */
// @ts-ignore: decorator
@inline
function pairs<T>(
  p0: usize, p1: usize, p2: usize, p3: usize, end: usize, each: u32, last: u32,
  s1: u32, s2: u32, s3: u32, limit: u32, gm: u32, wm: u32, filler: u32,
): i32 {
  memory.fill(WORK, 0, <usize>limit * sizeof<T>());
  let b0 = fill(p0);
  let at: i32;
  if (p1 == 0) {
    at = tail<T>(p0, b0, end, last, 0, gm, wm, filler, limit);
  } else {
    const n1 = p1;
    const n2 = p2;
    const n3 = p3;
    let a0: u32 = 0;
    let a1 = s1;
    let a2 = s2;
    let a3 = s3;
    let b1 = fill(p1);
    let b2 = fill(p2);
    let b3 = fill(p3);
    for (let i = last >> 1; i; i--) {
      p0 += used(b0);
      b0 = refill(p0, b0);
      p1 += used(b1);
      b1 = refill(p1, b1);
      p2 += used(b2);
      b2 = refill(p2, b2);
      p3 += used(b3);
      b3 = refill(p3, b3);
      for (let j = 2; j; j--) {
        const g0 = entry(b0, gm, GAPS);
        const g1 = entry(b1, gm, GAPS);
        const g2 = entry(b2, gm, GAPS);
        const g3 = entry(b3, gm, GAPS);
        b0 >>= <u64>g0;
        b1 >>= <u64>g1;
        b2 >>= <u64>g2;
        b3 >>= <u64>g3;
        a0 += g0 >> 6;
        a1 += g1 >> 6;
        a2 += g2 >> 6;
        a3 += g3 >> 6;
        const w0 = entry(b0, wm, SLOTS);
        const w1 = entry(b1, wm, SLOTS);
        const w2 = entry(b2, wm, SLOTS);
        const w3 = entry(b3, wm, SLOTS);
        const k0 = -<i32>(g0 >> 6 != filler);
        b0 >>= <u64>(w0 & k0);
        place<T>(a0, k0, limit, w0);
        a0 -= k0;
        const k1 = -<i32>(g1 >> 6 != filler);
        b1 >>= <u64>(w1 & k1);
        place<T>(a1, k1, limit, w1);
        a1 -= k1;
        const k2 = -<i32>(g2 >> 6 != filler);
        b2 >>= <u64>(w2 & k2);
        place<T>(a2, k2, limit, w2);
        a2 -= k2;
        const k3 = -<i32>(g3 >> 6 != filler);
        b3 >>= <u64>(w3 & k3);
        place<T>(a3, k3, limit, w3);
        a3 -= k3;
      }
    }
    const done = last & ~1;
    const isWhole =
      <i32>(tail<T>(p0, b0, n1, each - done, a0, gm, wm, filler, limit) == s1) &
      <i32>(tail<T>(p1, b1, n2, each - done, a1, gm, wm, filler, limit) == s2) &
      <i32>(tail<T>(p2, b2, n3, each - done, a2, gm, wm, filler, limit) == s3);
    at = tail<T>(p3, b3, end, last - done, a3, gm, wm, filler, limit);
    if (!isWhole) return -1;
  }
  return at > <i32>limit ? -1 : at;
}

export function pairs1(
  p0: usize, p1: usize, p2: usize, p3: usize, end: usize, each: u32, last: u32,
  s1: u32, s2: u32, s3: u32, limit: u32, gm: u32, wm: u32, filler: u32,
): i32 {
  return pairs<u8>(p0, p1, p2, p3, end, each, last, s1, s2, s3, limit, gm, wm, filler);
}

export function pairs2(
  p0: usize, p1: usize, p2: usize, p3: usize, end: usize, each: u32, last: u32,
  s1: u32, s2: u32, s3: u32, limit: u32, gm: u32, wm: u32, filler: u32,
): i32 {
  return pairs<u16>(p0, p1, p2, p3, end, each, last, s1, s2, s3, limit, gm, wm, filler);
}

export function pairs4(
  p0: usize, p1: usize, p2: usize, p3: usize, end: usize, each: u32, last: u32,
  s1: u32, s2: u32, s3: u32, limit: u32, gm: u32, wm: u32, filler: u32,
): i32 {
  return pairs<u32>(p0, p1, p2, p3, end, each, last, s1, s2, s3, limit, gm, wm, filler);
}
