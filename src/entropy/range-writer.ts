import { ByteWriter } from '../binary/bytes.js';
import { DECISIONS, EVEN, FIRST_RANGE, LEAST_RANGE, MOVE, SCALE_BITS, SPARED } from './lz-model.js';

/** Writes decisions, each with its probability of the moment, as a number in an ever smaller range (a range coder). */
export class RangeWriter {
  readonly odds = new Uint16Array(DECISIONS).fill(EVEN);
  readonly #writer = new ByteWriter();
  #low = 0;
  #range = FIRST_RANGE;
  /** The byte that a carry may still change, and how many of 255 stand behind it; the first two are always 0. */
  #cache = 0;
  #pending = 0;
  #leading = 2;

  decide(at: number, bit: number): void {
    const odd = this.odds[at];
    this.#narrow((this.#range >> SCALE_BITS) * odd, bit);
    this.odds[at] += bit ? -(odd >> MOVE) : ((1 << SCALE_BITS) - odd) >> MOVE;
  }

  /** Bits of no known probability, the highest first. */
  plain(value: number, bits: number): void {
    for (let i = bits - 1; i >= 0; i--) this.#narrow(this.#range >> 1, (value >> i) & 1);
  }

  tree(at: number, bits: number, value: number): void {
    for (let i = bits - 1, node = 1; i >= 0; i--) {
      const bit = (value >> i) & 1;
      this.decide(at + node, bit);
      node = 2 * node + bit;
    }
  }

  reversed(at: number, bits: number, value: number): void {
    for (let i = 0, node = 1; i < bits; i++) {
      const bit = (value >> i) & 1;
      this.decide(at + node, bit);
      node = 2 * node + bit;
    }
  }

  /** Ends the stream: with the number in the range that has the most zeros at its end, which are left out. */
  finish(): Uint8Array {
    const step = LEAST_RANGE;
    this.#low = Math.ceil(this.#low / step) * step;
    for (let i = 0; i < 5; i++) this.#shift();
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
    if (this.#range < LEAST_RANGE) {
      this.#range <<= 8;
      this.#shift();
    }
  }

  #shift(): void {
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
