import { MAX_MATCH } from './lz-model.js';

/** Places with the same three bytes that are looked at, from the nearest on. */
const DEPTH = 48;

const HASH_BITS = 16;

/** Matches of a text with what stands before, for each place the longest at every distance that pays. */
export class Matches {
  /** The last place of each hash, and for each place the one before with the same. */
  readonly #heads = new Int32Array(1 << HASH_BITS).fill(-1);
  readonly #chain: Int32Array;
  readonly #pairs = new Int32Array(1 << 16).fill(-1);
  #indexed = 0;

  /** What {@link find} has found: lengths, ascending, and for each the least distance. */
  readonly lengths = new Int32Array(MAX_MATCH);
  readonly distances = new Int32Array(MAX_MATCH);

  constructor(readonly bytes: Uint8Array) {
    this.#chain = new Int32Array(bytes.length);
  }

  /** How many bytes from `at` on are those `back` bytes before. */
  match(at: number, back: number, from = 0): number {
    const { bytes } = this;
    const most = Math.min(MAX_MATCH, bytes.length - at);
    let length = from;
    while (length < most && bytes[at + length] === bytes[at + length - back]) length++;
    return length;
  }

  /**
   * Fills `lengths` and `distances` for `at`. Places have to be asked for in order; those between are taken along.
   *
   * @returns how many there are
   */
  find(at: number): number {
    const { bytes, lengths, distances } = this;
    for (; this.#indexed < at; this.#indexed++) this.#index(this.#indexed);
    let count = 0;
    let longest = 1;
    const keep = (length: number, distance: number) => {
      lengths[count] = length;
      distances[count++] = distance;
      longest = length;
    };
    if (at + 2 > bytes.length) return 0;
    const pair = this.#pairs[bytes[at] | (bytes[at + 1] << 8)];
    if (pair >= 0) keep(this.match(at, at - pair, 2), at - pair);
    if (at + 3 > bytes.length) return count;
    let place = this.#heads[this.#hash(at)];
    for (let tries = DEPTH; place >= 0 && tries; tries--, place = this.#chain[place]) {
      if (bytes[place + longest] !== bytes[at + longest] || bytes[place] !== bytes[at]) continue;
      const length = this.match(at, at - place);
      if (length > longest && length > 2) keep(length, at - place);
      if (length === MAX_MATCH || at + length === bytes.length) break;
    }
    return count;
  }

  #hash(at: number): number {
    const { bytes } = this;
    const word = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16);
    return Math.imul(word, 0x9e3779b1) >>> (32 - HASH_BITS);
  }

  #index(at: number): void {
    const { bytes } = this;
    if (at + 2 > bytes.length) return;
    this.#pairs[bytes[at] | (bytes[at + 1] << 8)] = at;
    if (at + 3 > bytes.length) return;
    const hash = this.#hash(at);
    this.#chain[at] = this.#heads[hash];
    this.#heads[hash] = at;
  }
}
