import {
  ALIGN,
  afterByte,
  afterMatch,
  BYTES,
  DECISIONS,
  EVEN,
  FIRST_RANGE,
  IS_LONG,
  IS_MATCH,
  IS_OLDER,
  IS_OLDEST,
  IS_OTHER,
  IS_REPEAT,
  LEAST_RANGE,
  LENGTH,
  MIN_MATCH,
  MOVE,
  NEAR,
  REPEAT_LENGTH,
  SCALE_BITS,
  SLOTS,
  SPARED,
} from './lz-model.js';

/**
 * Gives back what `squeeze` has made small: matches and bytes, each decision coded by its probability, as in LZMA.
 *
 * @param size - the bytes that come out, exactly: that much memory is taken and no byte is written beyond it
 * @throws RangeError for bytes that are no such stream or one of another length; for any but zeros behind its end
 */
export function expand(squeezed: Uint8Array, size: number): Uint8Array {
  const out = new Uint8Array(size);
  const odds = new Uint16Array(DECISIONS).fill(EVEN);
  let from = 0;
  let range = FIRST_RANGE;
  let code = 0;
  const fail = (isBad: boolean) => {
    if (isBad) throw new RangeError(`no squeezed stream of ${size} bytes`);
  };
  /** Bytes beyond the end are zeros. */
  const shift = () => {
    code = (code << 8) | squeezed[from++];
  };
  for (let i = 3; i; i--) shift();
  // Below the range it stays there.
  fail(code >= range);
  /** The half of the range in which the code lies. */
  const narrow = (bound: number, isUpper: number) => {
    if (isUpper) {
      code -= bound;
      range -= bound;
    } else range = bound;
    if (range < LEAST_RANGE) {
      range <<= 8;
      shift();
    }
    return isUpper;
  };
  const decide = (at: number) => {
    const odd = odds[at];
    const bound = (range >> SCALE_BITS) * odd;
    if (code < bound) {
      odds[at] += ((1 << SCALE_BITS) - odd) >> MOVE;
      return narrow(bound, 0);
    }
    odds[at] -= odd >> MOVE;
    return narrow(bound, 1);
  };
  const tree = (at: number, bits: number) => {
    let node = 1;
    for (let i = bits; i; i--) node = 2 * node + decide(at + node);
    return node - (1 << bits);
  };
  /** A tree whose lowest bit comes first. */
  const reversed = (at: number, bits: number) => {
    let node = 1;
    let value = 0;
    for (let i = 0; i < bits; i++) {
      const bit = decide(at + node);
      node = 2 * node + bit;
      value |= bit << i;
    }
    return value;
  };
  const length = (at: number) => {
    if (!decide(at)) return MIN_MATCH + tree(at + 2, 3);
    return decide(at + 1) ? MIN_MATCH + 16 + tree(at + 18, 8) : MIN_MATCH + 8 + tree(at + 10, 3);
  };
  const distance = (slots: number) => {
    const slot = tree(slots, 6);
    if (slot < 4) return slot;
    const open = (slot >> 1) - 1;
    // Up to 3 · 2^30: no small integer.
    const base = (2 | (slot & 1)) * 2 ** open;
    if (slot < 14) return base + reversed(NEAR + base - slot, open);
    let value = 0;
    for (let i = open - 4; i; i--) {
      const bound = range >> 1;
      value = 2 * value + narrow(bound, code < bound ? 0 : 1);
    }
    return base + value * 16 + reversed(ALIGN, 4);
  };

  let state = 0;
  let last = [0, 0, 0, 0];
  for (let to = 0; to < size; ) {
    if (!decide(IS_MATCH + state)) {
      let node = 1;
      if (state >= 7) {
        for (let match = out[to - last[0] - 1]; node < 256; match <<= 1) {
          const bit = (match >> 7) & 1;
          node = 2 * node + decide(BYTES + 256 * (1 + bit) + node);
          if ((node & 1) !== bit) break;
        }
      }
      while (node < 256) node = 2 * node + decide(BYTES + node);
      out[to++] = node;
      state = afterByte(state);
      continue;
    }
    let count = 1;
    if (decide(IS_REPEAT + state)) {
      let which = 0;
      if (decide(IS_OTHER + state)) which = decide(IS_OLDER + state) ? 2 + decide(IS_OLDEST + state) : 1;
      else if (!decide(IS_LONG + state)) which = -1;
      if (which > 0) last.unshift(...last.splice(which, 1));
      if (which >= 0) count = length(REPEAT_LENGTH);
      state = afterMatch(state, which < 0 ? 2 : 1);
    } else {
      count = length(LENGTH);
      last = [distance(SLOTS + 64 * (Math.min(count, 5) - MIN_MATCH)), last[0], last[1], last[2]];
      state = afterMatch(state, 0);
    }
    const back = last[0] + 1;
    fail(!(back <= to) || count > size - to);
    for (const end = to + count; to < end; to++) out[to] = out[to - back];
  }
  fail(from > squeezed.length + SPARED || squeezed.subarray(from).some(Boolean));
  return out;
}
