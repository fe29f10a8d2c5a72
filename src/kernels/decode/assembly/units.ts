import { INPUT, SLOTS, VALUES, WORK } from '../memory';

/** The number of bits set in `count` bytes, of which eight at a time are read. */
export function countKept(at: usize, count: usize): u32 {
  let ones: u64 = 0;
  const end = at + count;
  for (; at + 8 <= end; at += 8) ones += popcnt(load<u64>(at));
  for (; at < end; at++) ones += popcnt(<u64>load<u8>(at));
  return <u32>ones;
}

/** Writes a kept value or zero a mask bit: the value at hand is stored whether it is kept or not, under a mask. */
// @ts-ignore: decorator
@inline
function expand<T>(mask: usize, kept: usize, count: usize): void {
  const end = <usize>WORK + count * sizeof<T>();
  for (let o: usize = WORK; o < end; mask++) {
    let bits: u32 = load<u8>(mask);
    for (let i = 8; i; i--) {
      const bit = bits & 1;
      store<T>(o, <T>(load<T>(kept) & <T>(0 - bit)));
      kept += bit * sizeof<T>();
      o += sizeof<T>();
      bits >>= 1;
    }
  }
}

export function expand1(mask: usize, kept: usize, count: usize): void {
  expand<u8>(mask, kept, count);
}

export function expand2(mask: usize, kept: usize, count: usize): void {
  expand<u16>(mask, kept, count);
}

export function expand4(mask: usize, kept: usize, count: usize): void {
  expand<u32>(mask, kept, count);
}

/** Puts `count` units together from byte planes that lie `stride` bytes apart. */
export function interleave(planes: usize, stride: usize, count: usize, width: usize): void {
  if (width == 4) {
    const p1 = planes + stride;
    const p2 = p1 + stride;
    const p3 = p2 + stride;
    for (let i: usize = 0; i < count; i++) {
      const unit =
        <u32>load<u8>(planes + i) |
        (<u32>load<u8>(p1 + i) << 8) |
        (<u32>load<u8>(p2 + i) << 16) |
        (<u32>load<u8>(p3 + i) << 24);
      store<u32>(i << 2, unit, WORK);
    }
  } else {
    for (let p: usize = 0; p < width; p++, planes += stride) {
      for (let i: usize = 0; i < count; i++) store<u8>(i * width + p, load<u8>(planes + i), WORK);
    }
  }
}

/**
 * Looks up raw indices of `bits` bits; returns the largest. Four bytes are stored each time: the next value goes over
 * those too many, and the room behind the chunk takes the last.
 */
export function unpack(bits: u32, count: u32, width: u32): u32 {
  let largest: u32 = 0;
  const mask: u32 = (1 << bits) - 1;
  for (let o: usize = WORK, bit: u32 = 0; count; count--, bit += bits, o += width) {
    const index = (load<u32>(bit >> 3, INPUT) >> (bit & 7)) & mask;
    largest = select<u32>(index, largest, index > largest);
    store<u32>(o, load<u32>(index << 2, SLOTS + VALUES));
  }
  return largest;
}
