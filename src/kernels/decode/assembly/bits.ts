// A stream is read through a pointer and 64 bits. The sentinel, the highest bit set, stands right above the bits that
// are left of those loaded from the pointer: the number of zeros above it is the number of bits taken since.

const SENTINEL: u64 = 1 << 63;

/** The first bits of a stream. */
// @ts-ignore: decorator
@inline
export function fill(p: usize): u64 {
  return load<u64>(p) | SENTINEL;
}

/** Bytes that have been used up: by so much the pointer moves before a refill. */
// @ts-ignore: decorator
@inline
export function used(b: u64): usize {
  return <usize>(clz(b) >> 3);
}

/** Loads anew from the moved pointer, given the bits before that: at least 56 bits. */
// @ts-ignore: decorator
@inline
export function refill(p: usize, b: u64): u64 {
  return fill(p) >> (clz(b) & 7);
}

/** Whether reading has stopped in the last byte before `end`, with only zero bits left in it. */
export function endsAt(p: usize, b: u64, end: usize): bool {
  const taken = <usize>clz(b);
  p += taken >> 3;
  const rest = taken & 7;
  return rest == 0 ? p == end : p + 1 == end && load<u8>(p) >> <u8>rest == 0;
}
