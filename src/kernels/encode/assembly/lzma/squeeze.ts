import {
  BEFORE_BITS,
  DIST_ALIGN,
  DIST_SLOT,
  DIST_SPECIAL,
  IS_MATCH,
  IS_REP,
  IS_REP0,
  IS_REP0_LONG,
  IS_REP1,
  IS_REP2,
  LITERAL,
  LITERAL_TREES,
  MATCH_LEN,
  MIN_MATCH,
  REP_LEN,
} from '../../../../entropy/lzma-model';
import {
  COSTS,
  FOUND,
  HEAP,
  LITERAL_COUNTS,
  MATCH_LEN_PRICES,
  PATH,
  REP_LEN_PRICES,
  REPS,
  STATES,
  STEP_LENGTHS,
  STEPS,
} from '../../memory';
import { NICE_LEN, NICE_REP, NO_WAY, SMALL_INPUT, STEP_LITERAL, STEP_REP, STEP_SHORT_REP } from '../../reference/lzma/limits';
import { findMatches, matchAt, startFinder } from './match-finder';
import { priceInSlot, priceOfBit, priceOfLiteral, priceOfMatched, priceOfSlot, refreshPrices, slotOf } from './prices';
import { codeBit, codeDirect, codeReverseTree, codeTree, endCoder, startCoder, takeDigits } from './range-encoder';

// What ../../reference/lzma/squeeze.ts does, a window a call.

/** The furthest place that any sequence leads to so far. */
let furthest: i32 = 0;

/** Whether literals are coded by the byte before. */
let byBefore: i32 = 0;
let niceRep: i32 = 0;

/** Begins with `length` bytes, which stand at the heap. */
export function squeezeStart(length: i32, isByBefore: i32): void {
  startFinder(length);
  startCoder();
  byBefore = isByBefore;
  niceRep = length > SMALL_INPUT ? NICE_REP : NICE_LEN;
  codeDirect(isByBefore, 1);
  store<i32>(STATES, 0);
  store<u64>(REPS, 0);
  store<u64>(REPS, 0, 8);
  memory.fill(LITERAL_COUNTS, 0, 1024 << BEFORE_BITS);
}

/** Ends the stream: tells how many digits follow. */
export function squeezeEnd(): u32 {
  endCoder();
  return takeDigits();
}

/** The upper bits of the byte before a place. */
// @ts-ignore: decorator
@inline
function before(at: i32): i32 {
  return at == 0 ? 0 : <i32>load<u8>(<usize>HEAP + at - 1) >> (8 - BEFORE_BITS);
}

/** Which of the trees a literal at a place has. */
// @ts-ignore: decorator
@inline
function treesAt(at: i32): i32 {
  return byBefore ? before(at) : 0;
}

/** Offers a step to place `to`, which is taken if no cheaper sequence leads there. */
// @ts-ignore: decorator
@inline
function offer(to: i32, length: i32, price: i32, step: i32): void {
  const at = <usize>to << 2;
  if (price >= load<i32>(at, COSTS)) return;
  store<i32>(at, price, COSTS);
  store<i32>(at, length, STEP_LENGTHS);
  store<i32>(at, step, STEPS);
}

/** Offers a step of every length from `from` to `most`, at a price and that of the length. */
// @ts-ignore: decorator
@inline
function offerLengths(i: i32, from: i32, most: i32, base: i32, table: usize, step: i32): void {
  let n = from;
  const bases = i32x4.splat(base);
  const steps = i32x4.splat(step);
  for (; n + 3 <= most; n += 4) {
    const at = <usize>(i + n) << 2;
    const prices = i32x4.add(bases, v128.load(table + (<usize>n << 2)));
    const costs = v128.load(at, COSTS);
    const isLess = i32x4.lt_s(prices, costs);
    if (!v128.any_true(isLess)) continue;
    const lengths = i32x4.add(i32x4.splat(n), i32x4(0, 1, 2, 3));
    v128.store(at, v128.bitselect(prices, costs, isLess), COSTS);
    v128.store(at, v128.bitselect(lengths, v128.load(at, STEP_LENGTHS), isLess), STEP_LENGTHS);
    v128.store(at, v128.bitselect(steps, v128.load(at, STEPS), isLess), STEPS);
  }
  for (; n <= most; n++) offer(i + n, n, base + load<i32>(table + (<usize>n << 2)), step);
}

// @ts-ignore: decorator
@inline
function repAt(i: i32, which: usize): i32 {
  return load<i32>((<usize>i << 4) + (which << 2), REPS);
}

/** Works out the state and the distances at a place from those before the last step to it. */
// @ts-ignore: decorator
@inline
function arrive(i: i32): void {
  const place = <usize>i << 2;
  const step = load<i32>(place, STEPS);
  const from = i - load<i32>(place, STEP_LENGTHS);
  const state = load<i32>(<usize>from << 2, STATES);
  const reps = v128.load(<usize>from << 4, REPS);
  const to = <usize>i << 4;
  if (step == STEP_LITERAL) {
    store<i32>(place, state < 4 ? 0 : state - (state < 10 ? 3 : 6), STATES);
    v128.store(to, reps, REPS);
  } else if (step >= 0) {
    store<i32>(place, state < 7 ? 7 : 10, STATES);
    // A distance moves to the front. Those that were before it move up by one.
    v128.store(to, i32x4.replace_lane(v128.shuffle<i32>(reps, reps, 0, 0, 1, 2), 0, step), REPS);
  } else if (step == STEP_SHORT_REP) {
    store<i32>(place, state < 7 ? 9 : 11, STATES);
    v128.store(to, reps, REPS);
  } else {
    store<i32>(place, state < 7 ? 8 : 11, STATES);
    let moved = reps;
    if (step == STEP_REP + 1) moved = v128.shuffle<i32>(reps, reps, 1, 0, 2, 3);
    else if (step == STEP_REP + 2) moved = v128.shuffle<i32>(reps, reps, 2, 0, 1, 3);
    else if (step == STEP_REP + 3) moved = v128.shuffle<i32>(reps, reps, 3, 0, 1, 2);
    v128.store(to, moved, REPS);
  }
}

// @ts-ignore: decorator
@inline
function repLength(i: i32, which: usize, at: i32, byte: i32, most: i32): i32 {
  const distance = repAt(i, which) + 1;
  if (at < distance || <i32>load<u8>(<usize>HEAP + at - distance) != byte) return 0;
  return min(most, matchAt(at, distance));
}

/** Finds the cheapest sequence through the window of `count` bytes at `start`, and writes it: tells how many digits that is. */
export function squeezeWindow(start: i32, count: i32): u32 {
  refreshPrices(byBefore ? 1 << BEFORE_BITS : 1);
  for (let i: usize = 1; i <= <usize>count; i++) store<i32>(i << 2, NO_WAY, COSTS);
  store<i32>(COSTS, 0);
  furthest = 0;
  for (let i = 0; i < count; i++) {
    if (i > 0) arrive(i);
    const at = start + i;
    const state = load<i32>(<usize>i << 2, STATES);
    const most = count - i;
    const here = load<i32>(<usize>i << 2, COSTS);
    const byte = <i32>load<u8>(<usize>HEAP + at);
    const rep0 = repLength(i, 0, at, byte, most);
    const rep1 = repLength(i, 1, at, byte, most);
    const rep2 = repLength(i, 2, at, byte, most);
    const rep3 = repLength(i, 3, at, byte, most);
    let longest = max(max(rep0, rep1), max(rep2, rep3));
    const isNice = longest >= niceRep;
    const found = isNice ? 0 : findMatches(at);
    if (found == 0 && longest == 0 && furthest == i) {
      offer(i + 1, 1, here, STEP_LITERAL);
      furthest = i + 1;
      continue;
    }
    const trees = treesAt(at);
    const literal =
      state < 7
        ? priceOfLiteral(trees, byte)
        : priceOfMatched(LITERAL + LITERAL_TREES * trees, byte, <i32>load<u8>(<usize>HEAP + at - repAt(i, 0) - 1));
    offer(i + 1, 1, here + priceOfBit(IS_MATCH + state, 0) + literal, STEP_LITERAL);
    const match = here + priceOfBit(IS_MATCH + state, 1);
    if (longest > 0) {
      const rep = match + priceOfBit(IS_REP + state, 1);
      if (rep0 > 0) {
        const first = rep + priceOfBit(IS_REP0 + state, 0);
        offer(i + 1, 1, first + priceOfBit(IS_REP0_LONG + state, 0), STEP_SHORT_REP);
        offerRep(i, rep0, first + priceOfBit(IS_REP0_LONG + state, 1), STEP_REP);
      }
      const later = rep + priceOfBit(IS_REP0 + state, 1);
      offerRep(i, rep1, later + priceOfBit(IS_REP1 + state, 0), STEP_REP + 1);
      const last = later + priceOfBit(IS_REP1 + state, 1);
      offerRep(i, rep2, last + priceOfBit(IS_REP2 + state, 0), STEP_REP + 2);
      offerRep(i, rep3, last + priceOfBit(IS_REP2 + state, 1), STEP_REP + 3);
    }
    const base = match + priceOfBit(IS_REP + state, 0);
    let n: i32 = MIN_MATCH;
    for (let m: usize = 0; m < <usize>found; m++) {
      const length = min(most, load<i32>(<usize>FOUND + (m << 3)));
      const distance = load<i32>(<usize>FOUND + (m << 3), 4) - 1;
      const slot = slotOf(distance);
      const price = base + priceInSlot(slot, distance);
      if (length >= NICE_LEN) n = length;
      for (; n <= min(length, MIN_MATCH + 2); n++) {
        offerLengths(i, n, n, price + priceOfSlot(slot, n), MATCH_LEN_PRICES, distance);
      }
      if (n <= length) {
        offerLengths(i, n, length, price + priceOfSlot(slot, n), MATCH_LEN_PRICES, distance);
        n = length + 1;
      }
      longest = max(longest, length);
    }
    furthest = max(furthest, i + max(1, longest));
    // A match as long as this is taken: steps from the places inside of it are not looked at.
    if (isNice || longest >= NICE_LEN) i += longest - 1;
  }
  arrive(count);
  writePath(start, count);
  store<i32>(STATES, load<i32>(<usize>count << 2, STATES));
  v128.store(REPS, v128.load(<usize>count << 4, REPS));
  return takeDigits();
}

function offerRep(i: i32, length: i32, base: i32, step: i32): void {
  if (length >= MIN_MATCH) {
    offerLengths(i, length >= niceRep ? length : MIN_MATCH, length, base, REP_LEN_PRICES, step);
  }
}

/** Writes the steps that lead to the end of the window. */
function writePath(start: i32, count: i32): void {
  let path: usize = PATH;
  for (let i = count; i > 0; i -= load<i32>(<usize>i << 2, STEP_LENGTHS)) {
    store<u16>(path, <u16>i);
    path += 2;
  }
  for (let next = path; next > <usize>PATH; next -= 2) {
    const to = <usize>load<u16>(next - 2) << 2;
    const length = load<i32>(to, STEP_LENGTHS);
    const from = (<i32>to >> 2) - length;
    codeStep(start + from, length, load<i32>(to, STEPS), load<i32>(<usize>from << 2, STATES), repAt(from, 0) + 1);
  }
}

function codeStep(at: i32, length: i32, step: i32, state: i32, back: i32): void {
  codeBit(IS_MATCH + state, step == STEP_LITERAL ? 0 : 1);
  if (step == STEP_LITERAL) {
    const byte = <i32>load<u8>(<usize>HEAP + at);
    const trees = LITERAL + LITERAL_TREES * treesAt(at);
    const counter = <usize>LITERAL_COUNTS + (<usize>((before(at) << 8) + byte) << 2);
    store<u32>(counter, load<u32>(counter) + 1);
    if (state < 7) codeTree(trees, 8, byte);
    else codeMatched(trees, byte, <i32>load<u8>(<usize>HEAP + at - back));
    return;
  }
  codeBit(IS_REP + state, step < 0 ? 1 : 0);
  if (step >= 0) {
    codeLength(MATCH_LEN, length);
    codeDistance(step, length);
    return;
  }
  const which = step == STEP_SHORT_REP ? 0 : step - STEP_REP;
  codeBit(IS_REP0 + state, which > 0 ? 1 : 0);
  if (which == 0) codeBit(IS_REP0_LONG + state, step == STEP_SHORT_REP ? 0 : 1);
  else {
    codeBit(IS_REP1 + state, which > 1 ? 1 : 0);
    if (which > 1) codeBit(IS_REP2 + state, which - 2);
  }
  if (step != STEP_SHORT_REP) codeLength(REP_LEN, length);
}

function codeMatched(at: i32, byte: i32, matched: i32): void {
  let node = 1;
  // As long as all bits are the same, the trees are the second or the third.
  let others = 256;
  for (let i = 7; i >= 0; i--) {
    const bit = (byte >> i) & 1;
    const there = ((matched >> i) & 1) << 8;
    codeBit(at + others + (there & others) + node, bit);
    others &= there ^ ((bit - 1) & 256);
    node = 2 * node + bit;
  }
}

function codeLength(at: i32, length: i32): void {
  const rest = length - MIN_MATCH;
  codeBit(at, rest < 8 ? 0 : 1);
  if (rest >= 8) codeBit(at + 1, rest < 16 ? 0 : 1);
  if (rest < 8) codeTree(at + 2, 3, rest);
  else if (rest < 16) codeTree(at + 10, 3, rest - 8);
  else codeTree(at + 18, 8, rest - 16);
}

function codeDistance(distance: i32, length: i32): void {
  const slot = slotOf(distance);
  codeTree(DIST_SLOT + 64 * min(length - MIN_MATCH, 3), 6, slot);
  if (slot < 4) return;
  const bits = (slot >> 1) - 1;
  const base = (2 | (slot & 1)) << bits;
  if (slot < 14) codeReverseTree(DIST_SPECIAL + base - slot, bits, distance - base);
  else {
    codeDirect((distance - base) >> 4, bits - 4);
    codeReverseTree(DIST_ALIGN, 4, distance & 15);
  }
}
