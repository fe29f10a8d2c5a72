import type { Steps } from '../../../../breather.js';
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
  stateAfterLiteral,
  stateAfterMatch,
  stateAfterRep,
  stateAfterShortRep,
} from '../../../../entropy/lzma-model.js';
import { NICE_LEN, NICE_REP, NO_WAY, SMALL_INPUT, STEP_LITERAL, STEP_REP, STEP_SHORT_REP, WINDOW } from './limits.js';
import { MatchFinder } from './match-finder.js';
import type { Pass } from './passes.js';
import { distSlotOf, Prices } from './prices.js';
import { RangeEncoder } from './range-encoder.js';

/** Squeezes bytes window by window, with literals by the byte before or without. */
export function* squeezePass(bytes: Uint8Array, byBefore: 0 | 1): Steps<Pass> {
  const finder = new MatchFinder(bytes);
  const encoder = new RangeEncoder(byBefore);
  const prices = new Prices(encoder.probs);
  const literals = new Uint32Array(256 << BEFORE_BITS);
  const before = (at: number) => (at > 0 ? bytes[at - 1] >> (8 - BEFORE_BITS) : 0);
  const treesAt = (at: number) => LITERAL + (byBefore ? LITERAL_TREES * before(at) : 0);
  const size = Math.min(WINDOW, bytes.length) + 1;
  // For each place of the window the cheapest sequence that leads to it: its price, the length and kind of its last step,
  // and the coder's state and last four distances (less one) after it.
  const cost = new Int32Array(size);
  const lengths = new Int32Array(size);
  const steps = new Int32Array(size);
  const states = new Uint8Array(size);
  const reps = Array.from({ length: 4 }, () => new Int32Array(size));
  const [rep0, rep1, rep2, rep3] = reps;

  /** Works out the state and the distances at a place from those before the last step to it. */
  const arrive = (i: number) => {
    const step = steps[i];
    const from = i - lengths[i];
    states[i] = stateAfter(step, states[from]);
    const isSame = step === STEP_LITERAL || step === STEP_SHORT_REP;
    const distance = step >= 0 ? step : isSame ? rep0[from] : reps[step - STEP_REP][from];
    // A distance moves to the front. Those that were before it move up by one.
    const moved = step >= 0 ? 3 : isSame ? 0 : step - STEP_REP;
    rep3[i] = moved > 2 ? rep2[from] : rep3[from];
    rep2[i] = moved > 1 ? rep1[from] : rep2[from];
    rep1[i] = moved > 0 ? rep0[from] : rep1[from];
    rep0[i] = distance;
  };

  /** How long a match at each of the last four distances is. */
  const repLengths = new Int32Array(4);
  const niceRep = bytes.length > SMALL_INPUT ? NICE_REP : NICE_LEN;

  for (let start = 0; start < bytes.length; start += WINDOW) {
    yield;
    const count = Math.min(WINDOW, bytes.length - start);
    prices.refresh();
    cost.fill(NO_WAY, 1);
    cost[0] = 0;
    /** The furthest place that any sequence leads to so far. */
    let furthest = 0;
    /** Offers a step from place `i`, which is taken if no cheaper sequence leads to where it ends. */
    const offer = (i: number, length: number, price: number, step: number) => {
      if (price >= cost[i + length]) return;
      if (i + length > furthest) furthest = i + length;
      cost[i + length] = price;
      lengths[i + length] = length;
      steps[i + length] = step;
    };
    for (let i = 0; i < count; i++) {
      if (i > 0) arrive(i);
      const at = start + i;
      const state = states[i];
      const most = count - i;
      const here = cost[i];
      let longest = 0;
      for (let which = 0; which < 4; which++) {
        const distance = reps[which][i] + 1;
        repLengths[which] = at < distance ? 0 : Math.min(most, finder.match(at, distance));
        longest = Math.max(longest, repLengths[which]);
      }
      const isNice = longest >= niceRep;
      const found = isNice ? 0 : finder.find(at);
      if (found === 0 && longest === 0 && furthest === i) {
        // A literal is the only possible step, so its price does not matter.
        offer(i, 1, here, STEP_LITERAL);
        continue;
      }
      const back = rep0[i] + 1;
      const matched = state >= 7 ? bytes[at - back] : -1;
      const literalPrice = prices.literal(treesAt(at), bytes[at], matched);
      offer(i, 1, here + prices.bit(IS_MATCH + state, 0) + literalPrice, STEP_LITERAL);
      const match = here + prices.bit(IS_MATCH + state, 1);
      const rep = match + prices.bit(IS_REP + state, 1);
      if (repLengths[0] > 0) {
        const shortPrice = prices.bit(IS_REP0 + state, 0) + prices.bit(IS_REP0_LONG + state, 0);
        offer(i, 1, rep + shortPrice, STEP_SHORT_REP);
      }
      for (let which = 0; which < 4; which++) {
        const length = repLengths[which];
        if (length < MIN_MATCH) continue;
        const base = rep + repPrice(prices, which, state);
        for (let n = length >= niceRep ? length : MIN_MATCH; n <= length; n++) {
          offer(i, n, base + prices.repLen[n], STEP_REP + which);
        }
      }
      const base = match + prices.bit(IS_REP + state, 0);
      for (let m = 0, n = MIN_MATCH; m < found; m++) {
        const length = Math.min(most, finder.lengths[m]);
        const distance = finder.distances[m] - 1;
        if (length >= NICE_LEN) n = length;
        for (; n <= length; n++) offer(i, n, base + prices.matchLen[n] + prices.distance(distance, n), distance);
        longest = Math.max(longest, length);
      }
      // A match as long as this is taken: steps from the places inside of it are not looked at.
      if (isNice || longest >= NICE_LEN) i += longest - 1;
    }
    arrive(count);
    const places: number[] = [];
    for (let i = count; i > 0; i -= lengths[i]) places.push(i);
    for (const i of places.reverse()) {
      const from = i - lengths[i];
      const at = start + from;
      if (steps[i] === STEP_LITERAL) literals[256 * before(at) + bytes[at]]++;
      encodeStep(encoder, treesAt(at), bytes, at, lengths[i], steps[i], states[from], rep0[from] + 1);
    }
    states[0] = states[count];
    for (const distances of reps) distances[0] = distances[count];
  }
  return { stream: encoder.finish(), literals };
}

function stateAfter(step: number, state: number): number {
  if (step >= 0) return stateAfterMatch(state);
  if (step === STEP_LITERAL) return stateAfterLiteral(state);
  return step === STEP_SHORT_REP ? stateAfterShortRep(state) : stateAfterRep(state);
}

/** Price of saying which of the last four distances a match is at. */
function repPrice(prices: Prices, which: number, state: number): number {
  if (which === 0) return prices.bit(IS_REP0 + state, 0) + prices.bit(IS_REP0_LONG + state, 1);
  const price = prices.bit(IS_REP0 + state, 1);
  if (which === 1) return price + prices.bit(IS_REP1 + state, 0);
  return price + prices.bit(IS_REP1 + state, 1) + prices.bit(IS_REP2 + state, which - 2);
}

/**
 * @param trees - where the trees of a literal here begin
 * @param back - `rep0` before the step, as a number of bytes
 */
function encodeStep(
  encoder: RangeEncoder,
  trees: number,
  bytes: Uint8Array,
  at: number,
  length: number,
  step: number,
  state: number,
  back: number,
): void {
  encoder.bit(IS_MATCH + state, step === STEP_LITERAL ? 0 : 1);
  if (step === STEP_LITERAL) {
    encodeLiteral(encoder, trees, bytes[at], state >= 7 ? bytes[at - back] : -1);
    return;
  }
  encoder.bit(IS_REP + state, step < 0 ? 1 : 0);
  if (step >= 0) {
    encodeLength(encoder, MATCH_LEN, length);
    encodeDistance(encoder, step, length);
    return;
  }
  const which = step === STEP_SHORT_REP ? 0 : step - STEP_REP;
  encoder.bit(IS_REP0 + state, which > 0 ? 1 : 0);
  if (which === 0) encoder.bit(IS_REP0_LONG + state, step === STEP_SHORT_REP ? 0 : 1);
  else {
    encoder.bit(IS_REP1 + state, which > 1 ? 1 : 0);
    if (which > 1) encoder.bit(IS_REP2 + state, which - 2);
  }
  if (step !== STEP_SHORT_REP) encodeLength(encoder, REP_LEN, length);
}

/** @param matched - the byte at `rep0`, by which literals after a match are coded; -1 after a literal */
function encodeLiteral(encoder: RangeEncoder, trees: number, byte: number, matched: number): void {
  let node = 1;
  let isSame = matched >= 0;
  for (let i = 7; i >= 0; i--) {
    const bit = (byte >> i) & 1;
    const there = (matched >> i) & 1;
    encoder.bit(trees + (isSame ? 256 * (1 + there) : 0) + node, bit);
    isSame &&= bit === there;
    node = 2 * node + bit;
  }
}

function encodeLength(encoder: RangeEncoder, at: number, length: number): void {
  const rest = length - MIN_MATCH;
  encoder.bit(at, rest < 8 ? 0 : 1);
  if (rest >= 8) encoder.bit(at + 1, rest < 16 ? 0 : 1);
  if (rest < 8) encoder.bitTree(at + 2, 3, rest);
  else if (rest < 16) encoder.bitTree(at + 10, 3, rest - 8);
  else encoder.bitTree(at + 18, 8, rest - 16);
}

/** @param distance - less one */
function encodeDistance(encoder: RangeEncoder, distance: number, length: number): void {
  const slot = distSlotOf(distance);
  encoder.bitTree(DIST_SLOT + 64 * Math.min(length - MIN_MATCH, 3), 6, slot);
  if (slot < 4) return;
  const bits = (slot >> 1) - 1;
  const base = (2 | (slot & 1)) << bits;
  if (slot < 14) {
    encoder.reverseBitTree(DIST_SPECIAL + base - slot, bits, distance - base);
  } else {
    encoder.direct((distance - base) >> 4, bits - 4);
    encoder.reverseBitTree(DIST_ALIGN, 4, distance & 15);
  }
}
