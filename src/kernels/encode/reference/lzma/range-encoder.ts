import {
  MOVE_BITS,
  PROB_BITS,
  PROB_INIT,
  PROBS,
  RANGE_INIT,
  SPARED,
  TOP_VALUE,
} from '../../../../entropy/lzma-model.js';

/** A range encoder: writes decisions, each in as many bits as its present probability says. */
export class RangeEncoder {
  readonly probs = new Uint16Array(PROBS).fill(PROB_INIT);
  readonly #digits: number[] = [];
  #low = 0;
  #range = RANGE_INIT;

  /** @param byBefore - 1: literals are coded by the upper bits of the byte before, which the first decision says */
  constructor(byBefore: 0 | 1) {
    this.direct(byBefore, 1);
  }

  bit(at: number, bit: number): void {
    const prob = this.probs[at];
    this.#narrow((this.#range >> PROB_BITS) * prob, bit);
    this.probs[at] += bit ? -(prob >> MOVE_BITS) : ((1 << PROB_BITS) - prob) >> MOVE_BITS;
  }

  /** Bits without a probability, the highest first. */
  direct(value: number, bits: number): void {
    for (let i = bits - 1; i >= 0; i--) this.#narrow(this.#range >> 1, (value >> i) & 1);
  }

  bitTree(at: number, bits: number, value: number): void {
    for (let i = bits - 1, node = 1; i >= 0; i--) {
      const bit = (value >> i) & 1;
      this.bit(at + node, bit);
      node = 2 * node + bit;
    }
  }

  reverseBitTree(at: number, bits: number, value: number): void {
    for (let i = 0, node = 1; i < bits; i++) {
      const bit = (value >> i) & 1;
      this.bit(at + node, bit);
      node = 2 * node + bit;
    }
  }

  /** Ends the stream with that number of the range that has the most zeros at its end. */
  finish(): Uint8Array {
    this.#low = Math.ceil(this.#low / TOP_VALUE) * TOP_VALUE;
    for (let i = 0; i < 4; i++) this.#shiftLow();
    return bytesOfDigits(this.#digits);
  }

  #narrow(bound: number, bit: number): void {
    if (bit) {
      this.#low += bound;
      this.#range -= bound;
    } else this.#range = bound;
    if (this.#range < TOP_VALUE) {
      this.#range <<= 8;
      this.#shiftLow();
    }
  }

  #shiftLow(): void {
    this.#digits.push(Math.floor(this.#low / 2 ** 24));
    this.#low = (this.#low % 2 ** 24) * 256;
  }
}

/**
 * The bytes of a stream.
 *
 * @param digits - bytes, each with what a carry adds to the one before above its eight bits. The first comes to 0, and is left
 *   out as are zeros at the end
 */
export function bytesOfDigits(digits: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8Array(digits.length);
  for (let i = digits.length - 1, carry = 0; i >= 0; i--) {
    const digit = digits[i] + carry;
    bytes[i] = digit;
    carry = digit >> 8;
  }
  let end = bytes.length;
  while (end > 1 && bytes.length - end < SPARED && bytes[end - 1] === 0) end--;
  return bytes.subarray(1, end);
}
