// Runs of Huffman codes. A loop follows four streams at once, so that the machine always has four independent look-ups
// under way; each takes the next bits as an index into the rows of tables.ts. Where a row holds several symbols, whole
// rows are stored and only what counts is kept: a stream's last symbols are therefore taken one by one.
// The loops are whole on purpose, and those for four bytes know their slot: the first. Streams lie one behind the other,
// from p0, p1, p2, p3 to end; p1 is 0 if there is but one. Three have `each` bytes of values, the last has `last`.
import { LOOKUPS, LOOKUPS_BYTES, ROWS, SLOTS, TAKEN } from '../memory';
import { endsAt, fill, refill, used } from './bits';

/** Where the loop for one value a look-up leaves what is each stream's, so that one pointer serves all four. */
const SEGMENT: usize = 65536;

/** Values of four bytes, one a look-up. */
export function runSingle(
  slot: usize, bits: u32, p0: usize, p1: usize, p2: usize, p3: usize, end: usize, o0: usize, each: usize, last: usize,
): bool {
  const mask: u32 = (1 << bits) - 1;
  let b0 = fill(p0);
  if (p1 == 0) return singleTail(mask, p0, b0, end, o0, o0 + last);
  const n1 = p1;
  const n2 = p2;
  const n3 = p3;
  let b1 = fill(p1);
  let b2 = fill(p2);
  let b3 = fill(p3);
  let o = o0;
  for (let i = last >> 4; i; i--) {
    p0 += used(b0);
    b0 = refill(p0, b0);
    p1 += used(b1);
    b1 = refill(p1, b1);
    p2 += used(b2);
    b2 = refill(p2, b2);
    p3 += used(b3);
    b3 = refill(p3, b3);
    // unroll: four look-ups of up to twelve bits, of the 56 that a refill leaves
    for (let k = 4; k; k--) {
      const i0 = <u32>b0 & mask;
      store<u32>(o, load<u32>(i0 << 2, SLOTS + ROWS));
      b0 >>= <u64>load<u8>(i0, SLOTS + TAKEN);
      const i1 = <u32>b1 & mask;
      store<u32>(o, load<u32>(i1 << 2, SLOTS + ROWS), SEGMENT);
      b1 >>= <u64>load<u8>(i1, SLOTS + TAKEN);
      const i2 = <u32>b2 & mask;
      store<u32>(o, load<u32>(i2 << 2, SLOTS + ROWS), 2 * SEGMENT);
      b2 >>= <u64>load<u8>(i2, SLOTS + TAKEN);
      const i3 = <u32>b3 & mask;
      store<u32>(o, load<u32>(i3 << 2, SLOTS + ROWS), 3 * SEGMENT);
      b3 >>= <u64>load<u8>(i3, SLOTS + TAKEN);
      o += 4;
    }
  }
  const rest = o0 + each - o;
  const isWhole =
    <i32>singleTail(mask, p0, b0, n1, o, o + rest) &
    <i32>singleTail(mask, p1, b1, n2, o + SEGMENT, o + SEGMENT + rest) &
    <i32>singleTail(mask, p2, b2, n3, o + 2 * SEGMENT, o + 2 * SEGMENT + rest) &
    <i32>singleTail(mask, p3, b3, end, o + 3 * SEGMENT, o0 + 3 * SEGMENT + last);
  if (each != SEGMENT) {
    for (let k: usize = 1; k < 4; k++) memory.copy(o0 + k * each, o0 + k * SEGMENT, each);
  }
  return isWhole != 0;
}

function singleTail(mask: u32, p: usize, b: u64, end: usize, o: usize, stop: usize): bool {
  for (; o < stop; o += 4) {
    p += used(b);
    b = refill(p, b);
    const i = <u32>b & mask;
    store<u32>(o, load<u32>(i << 2, SLOTS + ROWS));
    b >>= <u64>load<u8>(i, SLOTS + TAKEN);
  }
  return endsAt(p, b, end);
}

/** Tables for these always have twelve bits: a constant is one register less. */
const MULTI_MASK: u32 = 4095;

/**
 * Values of four bytes, up to three a look-up. The streams are followed first, and only then are the rows fetched that
 * the look-ups found: they are too many for a core's first cache, and the streams do not have to wait for them. As long
 * as a stream has more bytes than four look-ups of each may take, all that is looked up belongs to it; if it is damaged
 * and has bytes for more than its values, they are written beyond its end, and some bytes stay.
 */
export function runMulti(
  slot: usize, bits: u32, p0: usize, p1: usize, p2: usize, p3: usize, end: usize, o0: usize, each: usize, last: usize,
): bool {
  let b0 = fill(p0);
  if (p1 == 0) return multiTail(p0, b0, end, o0, o0 + last, 0, 0);
  const n1 = p1;
  const n2 = p2;
  const n3 = p3;
  let b1 = fill(p1);
  let b2 = fill(p2);
  let b3 = fill(p3);
  let o: usize = 0;
  // There cannot be more look-ups than values.
  for (let left = <i32>last >> 4; ; ) {
    const bytes = min(min(<i32>(n1 - p0), <i32>(n2 - p1)), min(<i32>(n3 - p2), <i32>(end - p3)));
    let n = min((bytes - 8) / 6, left);
    if (n <= 0) break;
    left -= n;
    do {
      p0 += used(b0);
      b0 = refill(p0, b0);
      p1 += used(b1);
      b1 = refill(p1, b1);
      p2 += used(b2);
      b2 = refill(p2, b2);
      p3 += used(b3);
      b3 = refill(p3, b3);
      // unroll: four look-ups of up to twelve bits, of the 56 that a refill leaves
      for (let k = 4; k; k--) {
        const i0 = <u32>b0 & MULTI_MASK;
        store<u16>(o, <u16>i0, LOOKUPS);
        b0 >>= <u64>load<u8>(i0, SLOTS + TAKEN);
        const i1 = <u32>b1 & MULTI_MASK;
        store<u16>(o, <u16>i1, LOOKUPS + LOOKUPS_BYTES);
        b1 >>= <u64>load<u8>(i1, SLOTS + TAKEN);
        const i2 = <u32>b2 & MULTI_MASK;
        store<u16>(o, <u16>i2, LOOKUPS + 2 * LOOKUPS_BYTES);
        b2 >>= <u64>load<u8>(i2, SLOTS + TAKEN);
        const i3 = <u32>b3 & MULTI_MASK;
        store<u16>(o, <u16>i3, LOOKUPS + 3 * LOOKUPS_BYTES);
        b3 >>= <u64>load<u8>(i3, SLOTS + TAKEN);
        o += 2;
      }
    } while (--n);
  }
  const e0 = o0 + each;
  const e1 = e0 + each;
  const e2 = e1 + each;
  return (
    <i32>multiTail(p0, b0, n1, o0, e0, LOOKUPS, o) &
    <i32>multiTail(p1, b1, n2, e0, e1, LOOKUPS + LOOKUPS_BYTES, o) &
    <i32>multiTail(p2, b2, n3, e1, e2, LOOKUPS + 2 * LOOKUPS_BYTES, o) &
    <i32>multiTail(p3, b3, end, e2, e2 + last, LOOKUPS + 3 * LOOKUPS_BYTES, o)
  ) != 0;
}

/** Fetches the rows of a stream's `bytes` of look-ups, then looks up what is left of the stream. */
function multiTail(p: usize, b: u64, end: usize, o: usize, stop: usize, at: usize, bytes: usize): bool {
  for (const upTo = at + bytes; at < upTo; ) {
    // unroll: there are always four
    for (let k = 4; k; k--) {
      const t = <u32>load<u16>(at) << 4;
      v128.store(o, v128.load(t, SLOTS + ROWS));
      o += load<u8>(t, SLOTS + ROWS + 12);
      at += 2;
    }
  }
  while (o < stop) {
    p += used(b);
    b = refill(p, b);
    const i = <u32>b & MULTI_MASK;
    const t = i << 4;
    if (o + 16 <= stop) {
      v128.store(o, v128.load(t, SLOTS + ROWS));
      b >>= <u64>load<u8>(i, SLOTS + TAKEN);
      o += load<u8>(t, SLOTS + ROWS + 12);
    } else {
      store<u32>(o, load<u32>(t, SLOTS + ROWS));
      b >>= <u64>load<u8>(t, SLOTS + ROWS + 13);
      o += 4;
    }
  }
  return endsAt(p, b, end);
}

/** Values of one or two bytes, up to three a look-up. */
export function runNarrow(
  slot: usize, bits: u32, p0: usize, p1: usize, p2: usize, p3: usize, end: usize, o0: usize, each: usize, last: usize, width: usize,
): bool {
  const mask: u32 = (1 << bits) - 1;
  let b0 = fill(p0);
  if (p1 == 0) return narrowTail(slot, mask, p0, b0, end, o0, o0 + last, width);
  const n1 = p1;
  const n2 = p2;
  const n3 = p3;
  const e0 = o0 + each;
  const e1 = e0 + each;
  const e2 = e1 + each;
  const e3 = e2 + last;
  // Rows of eight bytes, of which six may count.
  const room: usize = 3 * 6 + 8;
  let o1 = e0;
  let o2 = e1;
  let o3 = e2;
  let b1 = fill(p1);
  let b2 = fill(p2);
  let b3 = fill(p3);
  while (<i32>(o0 + room <= e0) & <i32>(o1 + room <= e1) & <i32>(o2 + room <= e2) & <i32>(o3 + room <= e3)) {
    p0 += used(b0);
    b0 = refill(p0, b0);
    p1 += used(b1);
    b1 = refill(p1, b1);
    p2 += used(b2);
    b2 = refill(p2, b2);
    p3 += used(b3);
    b3 = refill(p3, b3);
    for (let k = 4; k; k--) {
      const r0 = load<u64>(slot + ((<u32>b0 & mask) << 3), ROWS);
      store<u64>(o0, r0);
      b0 >>= r0 >> 48;
      o0 += <usize>(r0 >> 58);
      const r1 = load<u64>(slot + ((<u32>b1 & mask) << 3), ROWS);
      store<u64>(o1, r1);
      b1 >>= r1 >> 48;
      o1 += <usize>(r1 >> 58);
      const r2 = load<u64>(slot + ((<u32>b2 & mask) << 3), ROWS);
      store<u64>(o2, r2);
      b2 >>= r2 >> 48;
      o2 += <usize>(r2 >> 58);
      const r3 = load<u64>(slot + ((<u32>b3 & mask) << 3), ROWS);
      store<u64>(o3, r3);
      b3 >>= r3 >> 48;
      o3 += <usize>(r3 >> 58);
    }
  }
  return (
    <i32>narrowTail(slot, mask, p0, b0, n1, o0, e0, width) &
    <i32>narrowTail(slot, mask, p1, b1, n2, o1, e1, width) &
    <i32>narrowTail(slot, mask, p2, b2, n3, o2, e2, width) &
    <i32>narrowTail(slot, mask, p3, b3, end, o3, e3, width)
  ) != 0;
}

function narrowTail(slot: usize, mask: u32, p: usize, b: u64, end: usize, o: usize, stop: usize, width: usize): bool {
  while (o < stop) {
    p += used(b);
    b = refill(p, b);
    const r = load<u64>(slot + ((<u32>b & mask) << 3), ROWS);
    if (o + 8 <= stop) {
      store<u64>(o, r);
      b >>= r >> 48;
      o += <usize>(r >> 58);
    } else {
      if (width == 1) store<u8>(o, <u8>r);
      else store<u16>(o, <u16>r);
      b >>= (r >> 54) & 15;
      o += width;
    }
  }
  return endsAt(p, b, end);
}
