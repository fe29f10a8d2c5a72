import { MAX_MATCH } from './lzma-model.js';

/**
 * How many earlier places with the same four bytes are compared, the nearest first. Above 2 MiB it is fewer, so that the
 * comparisons of a whole input do not exceed {@link MAX_TRIES}.
 */
const DEPTH = 32;
const MAX_TRIES = 2 ** 26;

const HASH_BITS = 16;

/** A match of two bytes costs more than two literals if it is further back than this. */
const NEAR_ENOUGH = 1 << 11;

/** Finds matches of a place with earlier bytes: ever longer ones at ever larger distances. */
export class MatchFinder {
  /** The last place of every two bytes, and of every hash of three and of four bytes; then for each place the one before it with its hash of four. */
  readonly #pairs = new Int32Array(1 << 16).fill(-1);
  readonly #triples = new Int32Array(1 << HASH_BITS).fill(-1);
  readonly #heads = new Int32Array(1 << HASH_BITS).fill(-1);
  readonly #chain: Int32Array;
  readonly #depth: number;
  #indexed = 0;

  /** The matches that {@link find} has found: their lengths, ascending, and the smallest distance of each. */
  readonly lengths = new Int32Array(MAX_MATCH);
  readonly distances = new Int32Array(MAX_MATCH);

  constructor(readonly bytes: Uint8Array) {
    this.#chain = new Int32Array(bytes.length);
    this.#depth = Math.max(1, Math.min(DEPTH, Math.floor(MAX_TRIES / bytes.length)));
  }

  /** How many bytes from `at` on are equal to those `back` bytes earlier. */
  match(at: number, back: number): number {
    const { bytes } = this;
    const most = Math.min(MAX_MATCH, bytes.length - at);
    let length = 0;
    while (length < most && bytes[at + length] === bytes[at + length - back]) length++;
    return length;
  }

  /**
   * Fills `lengths` and `distances` with the matches at a place. Calls have to go forwards through the bytes; places that
   * are passed over are entered into the tables, too.
   *
   * @returns the number of matches
   */
  find(at: number): number {
    const { bytes, lengths, distances } = this;
    for (; this.#indexed < at; this.#indexed++) this.#index(this.#indexed);
    // Three bytes at the end of the input are left to literals: the hashes read four.
    if (at + 4 > bytes.length) return 0;
    const word = this.#word(at);
    let count = 0;
    let longest = 1;
    let place = this.#pairs[word & 0xffff];
    if (place < 0) return 0;
    let length = this.match(at, at - place);
    if (length > 2 || at - place <= NEAR_ENOUGH) {
      lengths[count] = length;
      distances[count++] = at - place;
      longest = length;
    }
    place = this.#triples[hashOf(word << 8)];
    if (place >= 0 && longest < 3) {
      length = this.match(at, at - place);
      if (length > 2) {
        lengths[count] = length;
        distances[count++] = at - place;
        longest = length;
      }
    }
    place = this.#heads[hashOf(word)];
    for (let tries = this.#depth; place >= 0 && tries; tries--, place = this.#chain[place]) {
      if (bytes[place + longest] !== bytes[at + longest] || bytes[place] !== bytes[at]) continue;
      length = this.match(at, at - place);
      if (length <= longest) continue;
      lengths[count] = length;
      distances[count++] = at - place;
      longest = length;
      if (length === MAX_MATCH || at + length === bytes.length) break;
    }
    return count;
  }

  #word(at: number): number {
    const { bytes } = this;
    return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
  }

  #index(at: number): void {
    if (at + 4 > this.bytes.length) return;
    const word = this.#word(at);
    this.#pairs[word & 0xffff] = at;
    this.#triples[hashOf(word << 8)] = at;
    const hash = hashOf(word);
    this.#chain[at] = this.#heads[hash];
    this.#heads[hash] = at;
  }
}

function hashOf(word: number): number {
  return Math.imul(word, 0x9e3779b1) >>> (32 - HASH_BITS);
}
