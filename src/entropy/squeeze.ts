import {
  ALIGN,
  afterByte,
  afterMatch,
  BYTES,
  IS_LONG,
  IS_MATCH,
  IS_OLDER,
  IS_OLDEST,
  IS_OTHER,
  IS_REPEAT,
  LENGTH,
  MIN_MATCH,
  NEAR,
  REPEAT_LENGTH,
  SLOTS,
} from './lz-model.js';
import { Prices, slotOf } from './lz-prices.js';
import { Matches } from './matches.js';
import { RangeWriter } from './range-writer.js';

/** Of so many bytes at a time the cheapest way to say them is looked for, at the prices of their beginning. */
const WINDOW = 4096;

/** A match this long is taken, whatever else there is. */
const LONG = 64;

/** What a step of the way is: a byte, a byte from the last distance, a match at one of the last four distances; else at a new one. */
const BYTE = -6;
const SAME_BYTE = -5;
const REPEAT = -4;

/**
 * Makes bytes small for `expand`: by repeats of what stood before and by the probabilities of all that is left, as LZMA
 * does. Much smaller than deflate for graphs with their names and for small tensors, and slower.
 */
export function squeeze(bytes: Uint8Array): Uint8Array {
  const matches = new Matches(bytes);
  const writer = new RangeWriter();
  const prices = new Prices(writer.odds);
  const size = Math.min(WINDOW, bytes.length) + 1;
  /** The cheapest way to each place of the window: price, last step, how the coder then stands. */
  const cost = new Int32Array(size);
  const lengths = new Int32Array(size);
  const steps = new Int32Array(size);
  const states = new Uint8Array(size);
  const last = Array.from({ length: 4 }, () => new Int32Array(size));
  const [last0, last1, last2, last3] = last;

  /** How the coder stands at place `i`, by the last step of the cheapest way to it. */
  const arrive = (i: number) => {
    const step = steps[i];
    const from = i - lengths[i];
    const state = states[from];
    states[i] = step === BYTE ? afterByte(state) : afterMatch(state, step === SAME_BYTE ? 2 : step < 0 ? 1 : 0);
    const distance = step >= 0 ? step : step === BYTE || step === SAME_BYTE ? last0[from] : last[step - REPEAT][from];
    const older = step >= 0 ? 3 : step > REPEAT ? step - REPEAT : 0;
    last3[i] = older > 2 ? last2[from] : last3[from];
    last2[i] = older > 1 ? last1[from] : last2[from];
    last1[i] = older > 0 ? last0[from] : last1[from];
    last0[i] = distance;
  };

  /** Whether the byte is that of one of the last distances. */
  const isRepeated = (at: number, i: number) => {
    for (const distances of last) if (bytes[at] === bytes[at - distances[i] - 1]) return true;
    return false;
  };

  for (let start = 0; start < bytes.length; start += WINDOW) {
    const count = Math.min(WINDOW, bytes.length - start);
    prices.refresh();
    cost.fill(0x7fffffff, 1);
    cost[0] = 0;
    /** The furthest place that has been reached. */
    let furthest = 0;
    const reach = (i: number, length: number, price: number, step: number) => {
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
      const found = matches.find(at);
      const back = last0[i] + 1;
      if (found === 0 && furthest === i && !isRepeated(at, i)) {
        // There is no other way, whatever it costs.
        reach(i, 1, here, BYTE);
        continue;
      }
      const isSame = at >= back && bytes[at] === bytes[at - back];
      const isByte = here + prices.bit(IS_MATCH + state, 0);
      reach(i, 1, isByte + prices.byte(bytes[at], state >= 7 ? bytes[at - back] : -1), BYTE);
      const isMatch = here + prices.bit(IS_MATCH + state, 1);
      const isRepeat = isMatch + prices.bit(IS_REPEAT + state, 1);
      if (isSame) reach(i, 1, isRepeat + prices.bit(IS_OTHER + state, 0) + prices.bit(IS_LONG + state, 0), SAME_BYTE);

      let best = 0;
      for (let which = 0; which < 4; which++) {
        const distance = last[which][i] + 1;
        if (at < distance || bytes[at] !== bytes[at - distance] || bytes[at + 1] !== bytes[at + 1 - distance]) continue;
        const length = Math.min(most, matches.match(at, distance));
        if (length < MIN_MATCH) continue;
        const base = isRepeat + whichPrice(prices, which, state);
        for (let n = length >= LONG ? length : MIN_MATCH; n <= length; n++) {
          reach(i, n, base + prices.repeated[n], REPEAT + which);
        }
        best = Math.max(best, length);
      }
      const base = isMatch + prices.bit(IS_REPEAT + state, 0);
      for (let m = 0, n = MIN_MATCH; m < found; m++) {
        const length = Math.min(most, matches.lengths[m]);
        const distance = matches.distances[m] - 1;
        if (length >= LONG) n = length;
        for (; n <= length; n++) reach(i, n, base + prices.matched[n] + prices.distance(distance, n), distance);
        best = Math.max(best, length);
      }
      // Nothing is begun on the way.
      if (best >= LONG) i += best - 1;
    }
    arrive(count);
    const way: number[] = [];
    for (let i = count; i > 0; i -= lengths[i]) way.push(i);
    for (const i of way.reverse()) {
      const from = i - lengths[i];
      write(writer, bytes, start + from, lengths[i], steps[i], states[from], last0[from] + 1);
    }
    states[0] = states[count];
    for (const distances of last) distances[0] = distances[count];
  }
  return writer.finish();
}

/** Which of the last distances. */
function whichPrice(prices: Prices, which: number, state: number): number {
  if (which === 0) return prices.bit(IS_OTHER + state, 0) + prices.bit(IS_LONG + state, 1);
  const other = prices.bit(IS_OTHER + state, 1);
  if (which === 1) return other + prices.bit(IS_OLDER + state, 0);
  return other + prices.bit(IS_OLDER + state, 1) + prices.bit(IS_OLDEST + state, which - 2);
}

/** @param back - the last distance before the step */
function write(
  writer: RangeWriter,
  bytes: Uint8Array,
  at: number,
  length: number,
  step: number,
  state: number,
  back: number,
): void {
  writer.decide(IS_MATCH + state, step === BYTE ? 0 : 1);
  if (step === BYTE) {
    const byte = bytes[at];
    const matched = state >= 7 ? bytes[at - back] : -1;
    let node = 1;
    let isSame = matched >= 0;
    for (let i = 7; i >= 0; i--) {
      const bit = (byte >> i) & 1;
      const there = (matched >> i) & 1;
      writer.decide(BYTES + (isSame ? 256 * (1 + there) : 0) + node, bit);
      isSame &&= bit === there;
      node = 2 * node + bit;
    }
    return;
  }
  writer.decide(IS_REPEAT + state, step < 0 ? 1 : 0);
  if (step >= 0) {
    writeLength(writer, LENGTH, length);
    writeDistance(writer, step, length);
    return;
  }
  const which = step === SAME_BYTE ? 0 : step - REPEAT;
  writer.decide(IS_OTHER + state, which > 0 ? 1 : 0);
  if (which === 0) writer.decide(IS_LONG + state, step === SAME_BYTE ? 0 : 1);
  else {
    writer.decide(IS_OLDER + state, which > 1 ? 1 : 0);
    if (which > 1) writer.decide(IS_OLDEST + state, which - 2);
  }
  if (step !== SAME_BYTE) writeLength(writer, REPEAT_LENGTH, length);
}

function writeLength(writer: RangeWriter, at: number, length: number): void {
  const rest = length - MIN_MATCH;
  writer.decide(at, rest < 8 ? 0 : 1);
  if (rest >= 8) writer.decide(at + 1, rest < 16 ? 0 : 1);
  if (rest < 8) writer.tree(at + 2, 3, rest);
  else if (rest < 16) writer.tree(at + 10, 3, rest - 8);
  else writer.tree(at + 18, 8, rest - 16);
}

function writeDistance(writer: RangeWriter, distance: number, length: number): void {
  const slot = slotOf(distance);
  writer.tree(SLOTS + 64 * Math.min(length - MIN_MATCH, 3), 6, slot);
  if (slot < 4) return;
  const open = (slot >> 1) - 1;
  const base = (2 | (slot & 1)) << open;
  if (slot < 14) {
    writer.reversed(NEAR + base - slot, open, distance - base);
  } else {
    writer.plain((distance - base) >> 4, open - 4);
    writer.reversed(ALIGN, 4, distance & 15);
  }
}
