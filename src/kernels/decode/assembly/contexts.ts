// Runs whose codes go by what came before: the code of a value is that of the class of the value a distance before it in
// its stream. Each class has entries of its own: those of tables.ts, and above each where the entries of the class of its
// symbol are. What a stream has decoded stands in its history as these places, so that a look-up adds one and nothing else;
// before the stream's beginning there are zeros, which is the first class.
import { CONTEXTS, HISTORY, HISTORY_BYTES, HISTORY_ZEROS, SLOTS, VALUES } from '../memory';
import { endsAt, fill, refill, used } from './bits';

/** Where the loop leaves what is each stream's, so that one pointer serves all four. */
const SEGMENT: usize = 65536;

/**
 * Values of `width` bytes, of which four are stored each time: the next goes over those too many.
 *
 * @param bits - those of a look-up, up to eleven, and above the lowest four the distance
 */
export function runContexts(
  slot: usize, bits: u32, p0: usize, p1: usize, p2: usize, p3: usize, end: usize, o0: usize, each: usize, last: usize, width: usize,
): bool {
  const mask: u32 = (1 << (bits & 15)) - 1;
  const back = <usize>(bits >> 4) << 1;
  for (let k: usize = 0; k < 4; k++) memory.fill(HISTORY + k * HISTORY_BYTES + HISTORY_ZEROS - back, 0, back);
  let h: usize = HISTORY + HISTORY_ZEROS;
  let b0 = fill(p0);
  if (p1 == 0) return contextTail(mask, back, p0, b0, end, h, o0, o0 + last, width);
  const n1 = p1;
  const n2 = p2;
  const n3 = p3;
  let b1 = fill(p1);
  let b2 = fill(p2);
  let b3 = fill(p3);
  let o = o0;
  for (let i = last / (5 * width); i; i--) {
    p0 += used(b0);
    b0 = refill(p0, b0);
    p1 += used(b1);
    b1 = refill(p1, b1);
    p2 += used(b2);
    b2 = refill(p2, b2);
    p3 += used(b3);
    b3 = refill(p3, b3);
    // unroll: five look-ups of up to eleven bits, of the 56 that a refill leaves
    for (let k = 5; k; k--) {
      const at = h - back;
      const t0 = ((<u32>b0 & mask) << 2) + load<u16>(at);
      const e0 = <u32>load<u16>(t0, CONTEXTS);
      b0 >>= <u64>e0;
      store<u16>(h, load<u16>(t0, CONTEXTS + 2));
      store<u32>(o, load<u32>(e0 >> 4, SLOTS + VALUES));
      const t1 = ((<u32>b1 & mask) << 2) + load<u16>(at, HISTORY_BYTES);
      const e1 = <u32>load<u16>(t1, CONTEXTS);
      b1 >>= <u64>e1;
      store<u16>(h, load<u16>(t1, CONTEXTS + 2), HISTORY_BYTES);
      store<u32>(o, load<u32>(e1 >> 4, SLOTS + VALUES), SEGMENT);
      const t2 = ((<u32>b2 & mask) << 2) + load<u16>(at, 2 * HISTORY_BYTES);
      const e2 = <u32>load<u16>(t2, CONTEXTS);
      b2 >>= <u64>e2;
      store<u16>(h, load<u16>(t2, CONTEXTS + 2), 2 * HISTORY_BYTES);
      store<u32>(o, load<u32>(e2 >> 4, SLOTS + VALUES), 2 * SEGMENT);
      const t3 = ((<u32>b3 & mask) << 2) + load<u16>(at, 3 * HISTORY_BYTES);
      const e3 = <u32>load<u16>(t3, CONTEXTS);
      b3 >>= <u64>e3;
      store<u16>(h, load<u16>(t3, CONTEXTS + 2), 3 * HISTORY_BYTES);
      store<u32>(o, load<u32>(e3 >> 4, SLOTS + VALUES), 3 * SEGMENT);
      o += width;
      h += 2;
    }
  }
  const rest = o0 + each - o;
  const isWhole =
    <i32>contextTail(mask, back, p0, b0, n1, h, o, o + rest, width) &
    <i32>contextTail(mask, back, p1, b1, n2, h + HISTORY_BYTES, o + SEGMENT, o + SEGMENT + rest, width) &
    <i32>contextTail(mask, back, p2, b2, n3, h + 2 * HISTORY_BYTES, o + 2 * SEGMENT, o + 2 * SEGMENT + rest, width) &
    <i32>contextTail(mask, back, p3, b3, end, h + 3 * HISTORY_BYTES, o + 3 * SEGMENT, o0 + 3 * SEGMENT + last, width);
  if (each != SEGMENT) {
    for (let k: usize = 1; k < 4; k++) memory.copy(o0 + k * each, o0 + k * SEGMENT, each);
  }
  return isWhole != 0;
}

/** One value after the other; the last ones may be stored a little beyond `stop`. */
function contextTail(
  mask: u32, back: usize, p: usize, b: u64, end: usize, h: usize, o: usize, stop: usize, width: usize,
): bool {
  for (; o < stop; o += width) {
    p += used(b);
    b = refill(p, b);
    const t = ((<u32>b & mask) << 2) + load<u16>(h - back);
    const e = <u32>load<u16>(t, CONTEXTS);
    b >>= <u64>e;
    store<u16>(h, load<u16>(t, CONTEXTS + 2));
    store<u32>(o, load<u32>(e >> 4, SLOTS + VALUES));
    h += 2;
  }
  return endsAt(p, b, end);
}
