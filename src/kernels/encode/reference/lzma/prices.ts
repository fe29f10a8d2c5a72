import {
  DIST_ALIGN,
  DIST_SLOT,
  DIST_SPECIAL,
  MATCH_LEN,
  MAX_MATCH,
  MIN_MATCH,
  PROB_BITS,
  REP_LEN,
} from '../../../../entropy/lzma-model.js';

/** Price of a decision in 64ths of a bit, by the upper seven bits of its probability. */
export const PRICES_OF_BITS = Int32Array.from({ length: 128 }, (_, i) => Math.round(-64 * Math.log2((i + 0.5) / 128)));
const SHIFT = PROB_BITS - 7;

/** The slot of a distance less one: its two highest bits and their position. */
export function distSlotOf(distance: number): number {
  if (distance < 4) return distance;
  const top = 31 - Math.clz32(distance);
  return 2 * top + ((distance >> (top - 1)) & 1);
}

/** What coding something would cost at the present probabilities. Prices of lengths and distances are tables, as of the last {@link refresh}. */
export class Prices {
  /** By length, of matches at new distances and of those at one of the last four. */
  readonly matchLen = new Int32Array(MAX_MATCH + 1);
  readonly repLen = new Int32Array(MAX_MATCH + 1);
  readonly #distSlot = new Int32Array(4 * 64);
  readonly #distSpecial = new Int32Array(128);
  readonly #distAlign = new Int32Array(16);

  constructor(readonly probs: Uint16Array) {}

  bit(at: number, bit: number): number {
    const prob = this.probs[at];
    return PRICES_OF_BITS[(bit ? (1 << PROB_BITS) - prob : prob) >> SHIFT];
  }

  bitTree(at: number, bits: number, value: number): number {
    let price = 0;
    for (let node = value | (1 << bits); node > 1; node >>= 1) price += this.bit(at + (node >> 1), node & 1);
    return price;
  }

  reverseBitTree(at: number, bits: number, value: number): number {
    let price = 0;
    for (let i = 0, node = 1; i < bits; i++) {
      const bit = (value >> i) & 1;
      price += this.bit(at + node, bit);
      node = 2 * node + bit;
    }
    return price;
  }

  /**
   * @param trees - where the trees of such a literal begin
   * @param matched - the byte at `rep0`, by which literals after a match are coded; -1 after a literal
   */
  literal(trees: number, byte: number, matched: number): number {
    if (matched < 0) return this.bitTree(trees, 8, byte);
    let price = 0;
    let node = 1;
    let isSame = true;
    for (let i = 7; i >= 0; i--) {
      const bit = (byte >> i) & 1;
      const there = (matched >> i) & 1;
      price += this.bit(trees + (isSame ? 256 * (1 + there) : 0) + node, bit);
      isSame &&= bit === there;
      node = 2 * node + bit;
    }
    return price;
  }

  /** @param distance - less one, as it is coded */
  distance(distance: number, length: number): number {
    const slot = distSlotOf(distance);
    const price = this.#distSlot[64 * Math.min(length - MIN_MATCH, 3) + slot];
    if (distance < 128) return price + this.#distSpecial[distance];
    return price + 64 * ((slot >> 1) - 5) + this.#distAlign[distance & 15];
  }

  refresh(): void {
    for (const [at, prices] of [
      [MATCH_LEN, this.matchLen],
      [REP_LEN, this.repLen],
    ] as const) {
      for (let length = MIN_MATCH; length <= MAX_MATCH; length++) {
        const rest = length - MIN_MATCH;
        if (rest < 8) prices[length] = this.bit(at, 0) + this.bitTree(at + 2, 3, rest);
        else if (rest < 16) prices[length] = this.bit(at, 1) + this.bit(at + 1, 0) + this.bitTree(at + 10, 3, rest - 8);
        else prices[length] = this.bit(at, 1) + this.bit(at + 1, 1) + this.bitTree(at + 18, 8, rest - 16);
      }
    }
    for (let i = 0; i < 256; i++) this.#distSlot[i] = this.bitTree(DIST_SLOT + (i & ~63), 6, i & 63);
    for (let distance = 4; distance < 128; distance++) {
      const slot = distSlotOf(distance);
      const open = (slot >> 1) - 1;
      const base = (2 | (slot & 1)) << open;
      this.#distSpecial[distance] = this.reverseBitTree(DIST_SPECIAL + base - slot, open, distance - base);
    }
    for (let i = 0; i < 16; i++) this.#distAlign[i] = this.reverseBitTree(DIST_ALIGN, 4, i);
  }
}
