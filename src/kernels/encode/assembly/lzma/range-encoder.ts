import { MOVE_BITS, PROB_BITS, PROB_INIT, PROBS, RANGE_INIT, TOP_VALUE } from '../../../../entropy/lzma-model';
import { CODER_PROBS, DIGITS } from '../../memory';

// The range encoder of ../../reference/lzma/range-encoder.ts.

let low: u64 = 0;
let range: u32 = 0;
/** Where the next digit goes. */
let digit: usize = DIGITS;

export function startCoder(): void {
  low = 0;
  range = RANGE_INIT;
  digit = DIGITS;
  for (let at: usize = 0; at < <usize>PROBS; at++) store<u16>(<usize>CODER_PROBS + (at << 1), PROB_INIT);
}

/** Tells how many digits there are, and begins anew with the next. */
export function takeDigits(): u32 {
  const count = <u32>((digit - DIGITS) >> 1);
  digit = DIGITS;
  return count;
}

export function endCoder(): void {
  low = (low + TOP_VALUE - 1) & ~(<u64>TOP_VALUE - 1);
  for (let i = 0; i < 4; i++) {
    store<u16>(digit, <u16>(low >> 24));
    digit += 2;
    low = (low & 0xffffff) << 8;
  }
}

// @ts-ignore: decorator
@inline
function narrow(bound: u32, bit: i32): void {
  low += bit ? <u64>bound : 0;
  range = bit ? range - bound : bound;
  if (range < <u32>TOP_VALUE) {
    range <<= 8;
    store<u16>(digit, <u16>(low >> 24));
    digit += 2;
    low = (low & 0xffffff) << 8;
  }
}

// @ts-ignore: decorator
@inline
function code(at: i32, bit: i32): void {
  const place = <usize>CODER_PROBS + (<usize>at << 1);
  const prob = <u32>load<u16>(place);
  const moved = bit ? prob - (prob >> MOVE_BITS) : prob + (((1 << PROB_BITS) - prob) >> MOVE_BITS);
  store<u16>(place, <u16>moved);
  narrow((range >> PROB_BITS) * prob, bit);
}

export function codeBit(at: i32, bit: i32): void {
  code(at, bit);
}

export function codeDirect(value: i32, bits: i32): void {
  for (let i = bits - 1; i >= 0; i--) narrow(range >> 1, (value >> i) & 1);
}

export function codeTree(at: i32, bits: i32, value: i32): void {
  // What changes with every decision stays in registers.
  let ownLow = low;
  let ownRange = range;
  let ownDigit = digit;
  const probs = <usize>CODER_PROBS + (<usize>at << 1);
  let node = 1;
  for (let i = bits - 1; i >= 0; i--) {
    const bit = (value >> i) & 1;
    const place = probs + (<usize>node << 1);
    const prob = <u32>load<u16>(place);
    const bound = (ownRange >> PROB_BITS) * prob;
    const lower = prob - (prob >> MOVE_BITS);
    const upper = prob + (((1 << PROB_BITS) - prob) >> MOVE_BITS);
    store<u16>(place, <u16>select<u32>(lower, upper, bit != 0));
    ownLow += <u64>(bound & -bit);
    ownRange = select<u32>(ownRange - bound, bound, bit != 0);
    if (ownRange < <u32>TOP_VALUE) {
      ownRange <<= 8;
      store<u16>(ownDigit, <u16>(ownLow >> 24));
      ownDigit += 2;
      ownLow = (ownLow & 0xffffff) << 8;
    }
    node = 2 * node + bit;
  }
  low = ownLow;
  range = ownRange;
  digit = ownDigit;
}

export function codeReverseTree(at: i32, bits: i32, value: i32): void {
  for (let i = 0, node = 1; i < bits; i++) {
    const bit = (value >> i) & 1;
    code(at + node, bit);
    node = 2 * node + bit;
  }
}
