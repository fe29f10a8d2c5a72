import { MAX_MATCH } from '../../../../entropy/lzma-model';
import { BUCKETS, FOUND, HEAP, PAIRS, TRIPLES } from '../../memory';
import {
  BUCKET_BITS,
  BUCKET_PLACES,
  NEAR_PAIR,
  NEAR_TRIPLE,
  NICE_LEN,
  PAIR_BITS,
  TRIPLE_BITS,
} from '../../reference/lzma/limits';

// The match finder of ../../reference/lzma/match-finder.ts.

let size: i32 = 0;
let indexed: i32 = 0;

/** Begins with `length` bytes, which stand at the heap. */
export function startFinder(length: i32): void {
  size = length;
  indexed = 0;
  memory.fill(PAIRS, 0, 4 << PAIR_BITS);
  memory.fill(TRIPLES, 0, 4 << TRIPLE_BITS);
  memory.fill(BUCKETS, 0, (8 * BUCKET_PLACES) << BUCKET_BITS);
}

// @ts-ignore: decorator
@inline
function pairOf(word: u32): usize {
  return <usize>PAIRS + (<usize>(((word << 16) * 0x9e3779b1) >> (32 - PAIR_BITS)) << 2);
}

// @ts-ignore: decorator
@inline
function tripleOf(word: u32): usize {
  return <usize>TRIPLES + (<usize>(((word << 8) * 0x9e3779b1) >> (32 - TRIPLE_BITS)) << 2);
}

// @ts-ignore: decorator
@inline
function bucketOf(word: u32): usize {
  return <usize>BUCKETS + <usize>((word * 0x9e3779b1) >> (32 - BUCKET_BITS)) * (8 * BUCKET_PLACES);
}

/** How many bytes from `at` on are equal to those `back` bytes earlier. */
export function matchAt(at: i32, back: i32): i32 {
  const most = min(MAX_MATCH, size - at);
  const here = <usize>HEAP + at;
  const there = here - back;
  let length = 0;
  while (length + 8 <= most) {
    const difference = load<u64>(here + length) ^ load<u64>(there + length);
    if (difference != 0) return length + (<i32>ctz(difference) >> 3);
    length += 8;
  }
  while (length < most && load<u8>(here + length) == load<u8>(there + length)) length++;
  return length;
}

/** Finds the matches at a place: tells how many. */
export function findMatches(at: i32): i32 {
  // A word is read to its end, so three bytes at the end are passed over.
  const stop = min(at, size - 3);
  for (; indexed < stop; indexed++) {
    const word = load<u32>(<usize>HEAP + indexed);
    store<u32>(pairOf(word), indexed + 1);
    store<u32>(tripleOf(word), indexed + 1);
    const bucket = bucketOf(word);
    // The four places of a bucket move up by one.
    const first = v128.load(bucket);
    const entry = i32x4.replace_lane(i32x4.splat(word), 1, indexed + 1);
    v128.store(bucket, v128.shuffle<i64>(entry, first, 0, 2));
    v128.store(bucket, v128.shuffle<i64>(first, v128.load(bucket, 16), 1, 2), 16);
  }
  if (at + 4 > size) return 0;
  const word = load<u32>(<usize>HEAP + at);
  let to: usize = FOUND;
  let longest = 1;
  let place = load<i32>(pairOf(word)) - 1;
  if (place >= 0 && at - place <= NEAR_PAIR && load<u16>(<usize>HEAP + place) == <u16>word) {
    const length = matchAt(at, at - place);
    if (length > 1) {
      store<i32>(to, length);
      store<i32>(to, at - place, 4);
      to += 8;
      longest = length;
    }
  }
  place = load<i32>(tripleOf(word)) - 1;
  if (place >= 0 && at - place <= NEAR_TRIPLE && longest < 3 && (load<u32>(<usize>HEAP + place) ^ word) << 8 == 0) {
    const length = matchAt(at, at - place);
    if (length > longest) {
      store<i32>(to, length);
      store<i32>(to, at - place, 4);
      to += 8;
      longest = length;
    }
  }
  const bucket = bucketOf(word);
  for (let i = bucket; i < bucket + 8 * BUCKET_PLACES && longest < NICE_LEN; i += 8) {
    if (load<u32>(i) != word) continue;
    place = load<i32>(i, 4) - 1;
    if (place < 0) continue;
    const length = matchAt(at, at - place);
    if (length > longest) {
      store<i32>(to, length);
      store<i32>(to, at - place, 4);
      to += 8;
      longest = length;
    }
  }
  return <i32>((to - FOUND) >> 3);
}
