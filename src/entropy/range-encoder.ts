import { ByteWriter } from '../binary/bytes.js';
import { MOVE_BITS, PROB_BITS, PROB_INIT, PROBS, RANGE_INIT, SPARED, TOP_VALUE } from './lzma-model.js';

/** A range encoder: writes decisions, each in as many bits as its present probability says. */
export class RangeEncoder {
  readonly probs = new Uint16Array(PROBS).fill(PROB_INIT);
  readonly #writer = new ByteWriter();
  #low = 0;
  #range = RANGE_INIT;
  /** The byte that a carry may still change, and the number of bytes of 255 behind it; the first two bytes are always 0 and left out. */
  #cache = 0;
  #pending = 0;
  #leading = 2;

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

  /** Ends the stream with that number of the range that has the most zeros at its end, and leaves these out. */
  finish(): Uint8Array {
    const step = TOP_VALUE;
    this.#low = Math.ceil(this.#low / step) * step;
    for (let i = 0; i < 5; i++) this.#shiftLow();
    const bytes = this.#writer.finish();
    let end = bytes.length;
    while (end > 0 && bytes.length - end < SPARED && bytes[end - 1] === 0) end--;
    return bytes.subarray(0, end);
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
    const low = this.#low;
    const carry = low >= 2 ** 32 ? 1 : 0;
    if (carry || low < 0xff000000) {
      this.#put(this.#cache + carry);
      for (; this.#pending; this.#pending--) this.#put(255 + carry);
      this.#cache = Math.floor(low / 2 ** 24) & 255;
    } else this.#pending++;
    this.#low = (low % 2 ** 24) * 256;
  }

  #put(byte: number): void {
    if (this.#leading) this.#leading--;
    else this.#writer.byte(byte & 255);
  }
}
