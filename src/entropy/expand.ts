import { atOnce, type Steps } from '../breather.js';
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
  MOVE_BITS,
  PROB_BITS,
  PROB_INIT,
  PROBS,
  RANGE_INIT,
  REP_LEN,
  SPARED,
  stateAfterLiteral,
  stateAfterMatch,
  stateAfterRep,
  stateAfterShortRep,
  TOP_VALUE,
} from './lzma-model.js';

/** Bytes of a step. */
const STEP_BYTES = 1 << 15;

/**
 * Decodes what `squeeze` has written: literals and matches in the code of LZMA (see lzma-model.ts).
 *
 * @param size - the bytes that come out, exactly: that much memory is taken and no byte is written beyond it
 * @throws RangeError for bytes that are no such stream or one of another length; for any but zeros behind its end
 */
export function expand(squeezed: Uint8Array, size: number): Uint8Array {
  return atOnce(expandInSteps(squeezed, size));
}

/** The same step by step. */
export function* expandInSteps(squeezed: Uint8Array, size: number): Steps<Uint8Array> {
  const out = new Uint8Array(size);
  const probs = new Uint16Array(PROBS).fill(PROB_INIT);
  let from = 0;
  let range = RANGE_INIT;
  let code = 0;
  const fail = (isBad: boolean) => {
    if (isBad) throw new RangeError(`no squeezed stream of ${size} bytes`);
  };
  /** Takes the next byte. Beyond the end there are zeros. */
  const fill = () => {
    code = (code << 8) | squeezed[from++];
  };
  for (let i = 3; i; i--) fill();
  // Once the code is below the range, every further step keeps it there.
  fail(code >= range);
  /** Goes on with the part of the range in which the code lies. */
  const narrow = (bound: number, isUpper: number) => {
    if (isUpper) {
      code -= bound;
      range -= bound;
    } else range = bound;
    if (range < TOP_VALUE) {
      range <<= 8;
      fill();
    }
    return isUpper;
  };
  const bit = (at: number) => {
    const prob = probs[at];
    const bound = (range >> PROB_BITS) * prob;
    if (code < bound) {
      probs[at] += ((1 << PROB_BITS) - prob) >> MOVE_BITS;
      return narrow(bound, 0);
    }
    probs[at] -= prob >> MOVE_BITS;
    return narrow(bound, 1);
  };
  const direct = () => {
    const bound = range >> 1;
    return narrow(bound, code < bound ? 0 : 1);
  };
  const bitTree = (at: number, bits: number) => {
    let node = 1;
    for (let i = bits; i; i--) node = 2 * node + bit(at + node);
    return node - (1 << bits);
  };
  /** A tree in which the lowest bit comes first. */
  const reverseBitTree = (at: number, bits: number) => {
    let node = 1;
    let value = 0;
    for (let i = 0; i < bits; i++) {
      const next = bit(at + node);
      node = 2 * node + next;
      value |= next << i;
    }
    return value;
  };
  const length = (at: number) => {
    if (!bit(at)) return MIN_MATCH + bitTree(at + 2, 3);
    return bit(at + 1) ? MIN_MATCH + 16 + bitTree(at + 18, 8) : MIN_MATCH + 8 + bitTree(at + 10, 3);
  };
  const distance = (slots: number) => {
    const slot = bitTree(slots, 6);
    if (slot < 4) return slot;
    const open = (slot >> 1) - 1;
    // No shift, which would overflow: this is up to 3 · 2^30.
    const base = (2 | (slot & 1)) * 2 ** open;
    if (slot < 14) return base + reverseBitTree(DIST_SPECIAL + base - slot, open);
    let value = 0;
    for (let i = open - 4; i; i--) value = 2 * value + direct();
    return base + value * 16 + reverseBitTree(DIST_ALIGN, 4);
  };

  // Eight bits are none: all literals have the same trees.
  const shift = direct() ? 8 - BEFORE_BITS : 8;
  let state = 0;
  let [rep0, rep1, rep2, rep3] = [0, 0, 0, 0];
  for (let to = 0, stop = STEP_BYTES; to < size; ) {
    if (to > stop) {
      stop += STEP_BYTES;
      yield;
    }
    if (!bit(IS_MATCH + state)) {
      const trees = LITERAL + LITERAL_TREES * (out[to - 1] >> shift);
      let node = 1;
      if (state >= 7) {
        for (let match = out[to - rep0 - 1]; node < 256; match <<= 1) {
          const there = (match >> 7) & 1;
          node = 2 * node + bit(trees + 256 * (1 + there) + node);
          if ((node & 1) !== there) break;
        }
      }
      while (node < 256) node = 2 * node + bit(trees + node);
      out[to++] = node;
      state = stateAfterLiteral(state);
      continue;
    }
    let count = 1;
    if (!bit(IS_REP + state)) {
      count = length(MATCH_LEN);
      [rep3, rep2, rep1] = [rep2, rep1, rep0];
      rep0 = distance(DIST_SLOT + 64 * (Math.min(count, 5) - MIN_MATCH));
      state = stateAfterMatch(state);
    } else {
      let isShort = false;
      if (bit(IS_REP0 + state)) {
        let moved = rep1;
        if (bit(IS_REP1 + state)) {
          moved = rep2;
          if (bit(IS_REP2 + state)) {
            moved = rep3;
            rep3 = rep2;
          }
          rep2 = rep1;
        }
        rep1 = rep0;
        rep0 = moved;
      } else isShort = !bit(IS_REP0_LONG + state);
      if (!isShort) count = length(REP_LEN);
      state = isShort ? stateAfterShortRep(state) : stateAfterRep(state);
    }
    const back = rep0 + 1;
    fail(!(back <= to) || count > size - to);
    for (const end = to + count; to < end; to++) out[to] = out[to - back];
  }
  fail(from > squeezed.length + SPARED || squeezed.subarray(from).some(Boolean));
  return out;
}
