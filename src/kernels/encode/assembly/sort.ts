import { TABLE } from '../memory';
import { orderedKey } from './keys';

/**
 * Four passes of eight bits: as many places to write to as the first-level cache has room for. Three passes of eleven bits
 * take a third longer for millions of values, and so does bringing them into groups that fit the second-level cache first.
 */
const RADIX = 256;
const MASK: u32 = RADIX - 1;
const TABLE_BYTES: usize = RADIX * 4;

/**
 * Least-significant-digit radix sort, from one area to another and back. A digit that all keys share takes no pass.
 *
 * @param values - overwritten
 * @param spare - as large
 * @returns where the sorted values begin: at `values` or at `spare`; their number is the table's first word
 */
export function sort(values: usize, count: u32, spare: usize, dropsZeros: bool): usize {
  memory.fill(TABLE, 0, 4 * TABLE_BYTES);
  let to = values;
  const end = values + (<usize>count << 2);
  for (let at = values; at < end; at += 4) {
    const bits = load<i32>(at);
    if (dropsZeros && bits << 1 == 0) continue;
    const key = orderedKey(bits);
    store<u32>(to, key);
    to += 4;
    add(<usize>TABLE + ((key & MASK) << 2));
    add(<usize>TABLE + TABLE_BYTES + (((key >> 8) & MASK) << 2));
    add(<usize>TABLE + 2 * TABLE_BYTES + (((key >> 16) & MASK) << 2));
    add(<usize>TABLE + 3 * TABLE_BYTES + ((key >> 24) << 2));
  }
  const kept = <u32>((to - values) >> 2);
  let from = values;
  let other = spare;
  for (let digit: u32 = 0; digit < 4; digit++) {
    const starts = <usize>TABLE + <usize>digit * TABLE_BYTES;
    if (toStarts(starts, kept)) continue;
    scatter(from, kept, other, starts, 8 * digit);
    const last = from;
    from = other;
    other = last;
  }
  fromKeys(from, kept);
  store<u32>(TABLE, kept);
  return from;
}

// @ts-ignore: decorator
@inline
function add(counter: usize): void {
  store<u32>(counter, load<u32>(counter) + 1);
}

/** Turns counts into the index at which each digit's run starts; tells whether there is but one run. */
function toStarts(counts: usize, all: u32): bool {
  let start: u32 = 0;
  for (let at = counts; at < counts + TABLE_BYTES; at += 4) {
    const count = load<u32>(at);
    if (count == all) return true;
    store<u32>(at, start);
    start += count;
  }
  return false;
}

function scatter(from: usize, count: u32, to: usize, starts: usize, shift: u32): void {
  for (const end = from + (<usize>count << 2); from < end; from += 4) {
    const key = load<u32>(from);
    const place = starts + (((key >> shift) & MASK) << 2);
    const index = load<u32>(place);
    store<u32>(place, index + 1);
    store<u32>(to + (<usize>index << 2), key);
  }
}

/** The inverse of the keys: those with the top bit set were positive. */
function fromKeys(at: usize, count: u32): void {
  const sign = i32x4.splat(0x80000000);
  const end = at + (<usize>count << 2);
  // Up to three words beyond the end are changed, which nobody reads.
  for (; at < end; at += 16) {
    const keys = v128.load(at);
    v128.store(at, v128.xor(keys, v128.or(v128.not(i32x4.shr_s(keys, 31)), sign)));
  }
}
