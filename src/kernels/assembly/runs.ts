// Runs of Huffman codes. A loop follows four streams at once, so that the machine always has four independent look-ups
// under way; each takes the next bits as an index into the rows of tables.ts. Where a row holds several symbols, whole
// rows are stored and only what counts is kept: a stream's last symbols are therefore taken one by one.
// The loops are whole on purpose, and those for four bytes know their slot: the first. Streams lie one behind the other,
// from p0, p1, p2, p3 to end; p1 is 0 if there is but one. Three have `each` bytes of values, the last has `last`.
import { ROWS, SLOTS, VALUES } from '../memory';
import { endsAt, fill, refill, used } from './bits';

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
  const e3 = o0 + 3 * each + last;
  let b1 = fill(p1);
  let b2 = fill(p2);
  let b3 = fill(p3);
  const start = o0;
  let o = o0;
  for (const stop = o0 + last - 4 * 4; <isize>o <= <isize>stop; ) {
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
      const r0 = <u32>load<u16>((<u32>b0 & mask) << 1, SLOTS);
      store<u32>(o, load<u32>(r0 >> 4, SLOTS + VALUES));
      b0 >>= <u64>r0;
      const r1 = <u32>load<u16>((<u32>b1 & mask) << 1, SLOTS);
      store<u32>(o + each, load<u32>(r1 >> 4, SLOTS + VALUES));
      b1 >>= <u64>r1;
      const r2 = <u32>load<u16>((<u32>b2 & mask) << 1, SLOTS);
      store<u32>(o + 2 * each, load<u32>(r2 >> 4, SLOTS + VALUES));
      b2 >>= <u64>r2;
      const r3 = <u32>load<u16>((<u32>b3 & mask) << 1, SLOTS);
      store<u32>(o + 3 * each, load<u32>(r3 >> 4, SLOTS + VALUES));
      b3 >>= <u64>r3;
      o += 4;
    }
  }
  return (
    <i32>singleTail(mask, p0, b0, n1, o, start + each) &
    <i32>singleTail(mask, p1, b1, n2, o + each, start + 2 * each) &
    <i32>singleTail(mask, p2, b2, n3, o + 2 * each, start + 3 * each) &
    <i32>singleTail(mask, p3, b3, end, o + 3 * each, e3)
  ) != 0;
}

function singleTail(mask: u32, p: usize, b: u64, end: usize, o: usize, stop: usize): bool {
  for (; o < stop; o += 4) {
    p += used(b);
    b = refill(p, b);
    const r = <u32>load<u16>((<u32>b & mask) << 1, SLOTS);
    store<u32>(o, load<u32>(r >> 4, SLOTS + VALUES));
    b >>= <u64>r;
  }
  return endsAt(p, b, end);
}

/** Values of four bytes, up to three a look-up. */
export function runMulti(
  slot: usize, bits: u32, p0: usize, p1: usize, p2: usize, p3: usize, end: usize, o0: usize, each: usize, last: usize,
): bool {
  const mask: u32 = (1 << bits) - 1;
  let b0 = fill(p0);
  if (p1 == 0) return multiTail(mask, p0, b0, end, o0, o0 + last);
  const n1 = p1;
  const n2 = p2;
  const n3 = p3;
  const e0 = o0 + each;
  const e1 = e0 + each;
  const e2 = e1 + each;
  const e3 = e2 + last;
  // Rows of sixteen bytes, of which twelve may count.
  const room: usize = 3 * 12 + 16;
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
    // unroll: four look-ups of up to twelve bits, of the 56 that a refill leaves
    for (let k = 4; k; k--) {
      const i0 = <u32>b0 & mask;
      const r0: u32 = load<u16>(i0 << 1, SLOTS);
      const t0 = i0 << 4;
      store<u64>(o0, load<u64>(t0, SLOTS + ROWS));
      store<u64>(o0, load<u64>(t0, SLOTS + ROWS + 8), 8);
      b0 >>= <u64>r0;
      o0 += r0 >> 10;
      const i1 = <u32>b1 & mask;
      const r1: u32 = load<u16>(i1 << 1, SLOTS);
      const t1 = i1 << 4;
      store<u64>(o1, load<u64>(t1, SLOTS + ROWS));
      store<u64>(o1, load<u64>(t1, SLOTS + ROWS + 8), 8);
      b1 >>= <u64>r1;
      o1 += r1 >> 10;
      const i2 = <u32>b2 & mask;
      const r2: u32 = load<u16>(i2 << 1, SLOTS);
      const t2 = i2 << 4;
      store<u64>(o2, load<u64>(t2, SLOTS + ROWS));
      store<u64>(o2, load<u64>(t2, SLOTS + ROWS + 8), 8);
      b2 >>= <u64>r2;
      o2 += r2 >> 10;
      const i3 = <u32>b3 & mask;
      const r3: u32 = load<u16>(i3 << 1, SLOTS);
      const t3 = i3 << 4;
      store<u64>(o3, load<u64>(t3, SLOTS + ROWS));
      store<u64>(o3, load<u64>(t3, SLOTS + ROWS + 8), 8);
      b3 >>= <u64>r3;
      o3 += r3 >> 10;
    }
  }
  return (
    <i32>multiTail(mask, p0, b0, n1, o0, e0) &
    <i32>multiTail(mask, p1, b1, n2, o1, e1) &
    <i32>multiTail(mask, p2, b2, n3, o2, e2) &
    <i32>multiTail(mask, p3, b3, end, o3, e3)
  ) != 0;
}

function multiTail(mask: u32, p: usize, b: u64, end: usize, o: usize, stop: usize): bool {
  while (o + 16 <= stop) {
    p += used(b);
    b = refill(p, b);
    const i = <u32>b & mask;
    const r: u32 = load<u16>(i << 1, SLOTS);
    const t = i << 4;
    store<u64>(o, load<u64>(t, SLOTS + ROWS));
    store<u64>(o, load<u64>(t, SLOTS + ROWS + 8), 8);
    b >>= <u64>r;
    o += r >> 10;
  }
  for (; o < stop; o += 4) {
    p += used(b);
    b = refill(p, b);
    const i = <u32>b & mask;
    const r: u32 = load<u16>(i << 1, SLOTS);
    const t = i << 4;
    store<u32>(o, load<u32>(t, SLOTS + ROWS));
    b >>= <u64>((r >> 6) & 15);
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
