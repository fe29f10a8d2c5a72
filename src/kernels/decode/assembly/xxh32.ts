import { INPUT, LANES } from '../memory';

// @ts-ignore: decorator
@inline
function round(lane: u32, at: usize): u32 {
  return rotl<u32>(lane + load<u32>(at) * 0x85ebca77, 13) * 0x9e3779b1;
}

/** Advances the four lanes over the first `count` bytes of the input, a multiple of sixteen. */
export function stripes(count: usize): void {
  let a = load<u32>(LANES);
  let b = load<u32>(LANES, 4);
  let c = load<u32>(LANES, 8);
  let d = load<u32>(LANES, 12);
  const end = <usize>INPUT + count;
  for (let at: usize = INPUT; at < end; at += 16) {
    a = round(a, at);
    b = round(b, at + 4);
    c = round(c, at + 8);
    d = round(d, at + 12);
  }
  store<u32>(LANES, a);
  store<u32>(LANES, b, 4);
  store<u32>(LANES, c, 8);
  store<u32>(LANES, d, 12);
}
