import { ALIGN, BYTES, LENGTH, MAX_MATCH, MIN_MATCH, NEAR, REPEAT_LENGTH, SCALE_BITS, SLOTS } from './lz-model.js';

/** In 64ths of a bit, by the upper seven bits of the probability. */
const PRICES = Int32Array.from({ length: 128 }, (_, i) => Math.round(-64 * Math.log2((i + 0.5) / 128)));
const SHIFT = SCALE_BITS - 7;

/** Slot of a distance less one: its two highest bits and where they stand. */
export function slotOf(distance: number): number {
  if (distance < 4) return distance;
  const top = 31 - Math.clz32(distance);
  return 2 * top + ((distance >> (top - 1)) & 1);
}

/** What decisions would cost now. Those about lengths and distances are looked up: of the last {@link refresh}. */
export class Prices {
  /** By length; at new distances, at earlier ones. */
  readonly matched = new Int32Array(MAX_MATCH + 1);
  readonly repeated = new Int32Array(MAX_MATCH + 1);
  readonly #slots = new Int32Array(4 * 64);
  readonly #near = new Int32Array(128);
  readonly #align = new Int32Array(16);

  constructor(readonly odds: Uint16Array) {}

  bit(at: number, bit: number): number {
    const odd = this.odds[at];
    return PRICES[(bit ? (1 << SCALE_BITS) - odd : odd) >> SHIFT];
  }

  tree(at: number, bits: number, value: number): number {
    let price = 0;
    for (let node = value | (1 << bits); node > 1; node >>= 1) price += this.bit(at + (node >> 1), node & 1);
    return price;
  }

  reversed(at: number, bits: number, value: number): number {
    let price = 0;
    for (let i = 0, node = 1; i < bits; i++) {
      const bit = (value >> i) & 1;
      price += this.bit(at + node, bit);
      node = 2 * node + bit;
    }
    return price;
  }

  /** A byte; `matched` is the one at the last distance, if that is to be looked at. */
  byte(byte: number, matched = -1): number {
    if (matched < 0) return this.tree(BYTES, 8, byte);
    let price = 0;
    let node = 1;
    let isSame = true;
    for (let i = 7; i >= 0; i--) {
      const bit = (byte >> i) & 1;
      const there = (matched >> i) & 1;
      price += this.bit(BYTES + (isSame ? 256 * (1 + there) : 0) + node, bit);
      isSame &&= bit === there;
      node = 2 * node + bit;
    }
    return price;
  }

  /** @param distance - less one */
  distance(distance: number, length: number): number {
    const slot = slotOf(distance);
    const price = this.#slots[64 * Math.min(length - MIN_MATCH, 3) + slot];
    if (distance < 128) return price + this.#near[distance];
    return price + 64 * ((slot >> 1) - 5) + this.#align[distance & 15];
  }

  refresh(): void {
    for (const [at, prices] of [
      [LENGTH, this.matched],
      [REPEAT_LENGTH, this.repeated],
    ] as const) {
      for (let length = MIN_MATCH; length <= MAX_MATCH; length++) {
        const rest = length - MIN_MATCH;
        if (rest < 8) prices[length] = this.bit(at, 0) + this.tree(at + 2, 3, rest);
        else if (rest < 16) prices[length] = this.bit(at, 1) + this.bit(at + 1, 0) + this.tree(at + 10, 3, rest - 8);
        else prices[length] = this.bit(at, 1) + this.bit(at + 1, 1) + this.tree(at + 18, 8, rest - 16);
      }
    }
    for (let i = 0; i < 256; i++) this.#slots[i] = this.tree(SLOTS + (i & ~63), 6, i & 63);
    for (let distance = 4; distance < 128; distance++) {
      const slot = slotOf(distance);
      const open = (slot >> 1) - 1;
      const base = (2 | (slot & 1)) << open;
      this.#near[distance] = this.reversed(NEAR + base - slot, open, distance - base);
    }
    for (let i = 0; i < 16; i++) this.#align[i] = this.reversed(ALIGN, 4, i);
  }
}
