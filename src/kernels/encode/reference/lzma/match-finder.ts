import { MAX_MATCH } from '../../../../entropy/lzma-model.js';
import { BUCKET_BITS, BUCKET_PLACES, NEAR_PAIR, NEAR_TRIPLE, NICE_LEN, PAIR_BITS, TRIPLE_BITS } from './limits.js';

/** Finds matches of a place with earlier bytes: ever longer ones. All its tables stay in the second-level cache. */
export class MatchFinder {
  /** The last place of every hash of two and of three bytes, one higher; 0 is none. */
  readonly #pairs = new Int32Array(1 << PAIR_BITS);
  readonly #triples = new Int32Array(1 << TRIPLE_BITS);
  /** For every hash of four bytes the last places, the latest first: the four bytes, and the place, one higher. */
  readonly #buckets = new Int32Array((2 * BUCKET_PLACES) << BUCKET_BITS);
  #indexed = 0;

  /** The matches that {@link find} has found: their lengths, ascending, and distances. */
  readonly lengths = new Int32Array(BUCKET_PLACES + 2);
  readonly distances = new Int32Array(BUCKET_PLACES + 2);

  constructor(readonly bytes: Uint8Array) {}

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
    const buckets = this.#buckets;
    for (; this.#indexed < at; this.#indexed++) this.#index(this.#indexed);
    // Three bytes at the end of the input are left to literals: the hashes read four.
    if (at + 4 > bytes.length) return 0;
    const word = this.#word(at);
    let count = 0;
    let longest = 1;
    const offer = (place: number) => {
      const length = this.match(at, at - place);
      if (length <= longest) return;
      lengths[count] = length;
      distances[count++] = at - place;
      longest = length;
    };
    let place = this.#pairs[hashOf(word << 16, PAIR_BITS)] - 1;
    if (place >= 0 && at - place <= NEAR_PAIR) offer(place);
    place = this.#triples[hashOf(word << 8, TRIPLE_BITS)] - 1;
    if (place >= 0 && at - place <= NEAR_TRIPLE && longest < 3) offer(place);
    const bucket = hashOf(word, BUCKET_BITS) * 2 * BUCKET_PLACES;
    for (let i = bucket; i < bucket + 2 * BUCKET_PLACES && longest < NICE_LEN; i += 2) {
      if (buckets[i] === word && buckets[i + 1] > 0) offer(buckets[i + 1] - 1);
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
    this.#pairs[hashOf(word << 16, PAIR_BITS)] = at + 1;
    this.#triples[hashOf(word << 8, TRIPLE_BITS)] = at + 1;
    const bucket = hashOf(word, BUCKET_BITS) * 2 * BUCKET_PLACES;
    this.#buckets.copyWithin(bucket + 2, bucket, bucket + 2 * BUCKET_PLACES - 2);
    this.#buckets[bucket] = word;
    this.#buckets[bucket + 1] = at + 1;
  }
}

function hashOf(word: number, bits: number): number {
  return Math.imul(word, 0x9e3779b1) >>> (32 - bits);
}
