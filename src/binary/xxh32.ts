import type { Steps } from '../breather.js';

/**
 * XXH32 (Collet's 32-bit xxHash, public specification), the checksum of the container: four independent lanes of
 * multiply and rotate, so it runs at several bytes a cycle even without native instructions, and a change confined to
 * one aligned 32-bit word always changes the result.
 */
const PRIME1 = 0x9e3779b1;
const PRIME2 = 0x85ebca77;
const PRIME3 = 0xc2b2ae3d;
const PRIME4 = 0x27d4eb2f;
const PRIME5 = 0x165667b1;

/** Advances the four lanes over bytes, a multiple of sixteen: the inner loop, of which there are faster forms. */
export type Stripes = (lanes: Int32Array, bytes: Uint8Array) => void;

/** An XXH32 of bytes that arrive in pieces. */
export class Xxh32 {
  readonly #lanes: Int32Array;
  #total = 0;
  readonly #rest = new Uint8Array(16);
  #held = 0;

  constructor(
    private readonly seed = 0,
    private readonly advance: Stripes = stripes,
  ) {
    this.#lanes = Int32Array.of(seed + PRIME1 + PRIME2, seed + PRIME2, seed, seed - PRIME1);
  }

  update(bytes: Uint8Array): this {
    this.#total += bytes.length;
    let at = 0;
    if (this.#held > 0) {
      const take = Math.min(16 - this.#held, bytes.length);
      this.#rest.set(bytes.subarray(0, take), this.#held);
      this.#held += take;
      at = take;
      if (this.#held < 16) return this;
      this.advance(this.#lanes, this.#rest);
      this.#held = 0;
    }
    // Not by masks: a tensor may be larger than 2 GiB.
    const stop = bytes.length - ((bytes.length - at) % 16);
    this.advance(this.#lanes, bytes.subarray(at, stop));
    this.#rest.set(bytes.subarray(stop), 0);
    this.#held = bytes.length - stop;
    return this;
  }

  /** The hash of everything so far, as an unsigned 32-bit number. More bytes may follow. */
  digest(): number {
    const [a, b, c, d] = this.#lanes;
    let h = this.#total >= 16 ? rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18) : this.seed + PRIME5;
    h = (h + this.#total) | 0;
    const rest = this.#rest;
    let at = 0;
    for (; at + 4 <= this.#held; at += 4) h = Math.imul(rotate(h + Math.imul(word(rest, at), PRIME3), 17), PRIME4);
    for (; at < this.#held; at++) h = Math.imul(rotate(h + Math.imul(rest[at], PRIME5), 11), PRIME1);
    h = Math.imul(h ^ (h >>> 15), PRIME2);
    h = Math.imul(h ^ (h >>> 13), PRIME3);
    return (h ^ (h >>> 16)) >>> 0;
  }
}

/** Bytes of a step. */
const STEP_BYTES = 1 << 20;

/** Adds bytes to a hash, however many, step by step. */
export function* hashInSteps(hash: Xxh32, bytes: Uint8Array): Steps<void> {
  for (let at = 0; at < bytes.length; at += STEP_BYTES) {
    hash.update(bytes.subarray(at, at + STEP_BYTES));
    yield;
  }
}

/** The lanes of {@link Xxh32} in plain TypeScript. */
export function stripes(lanes: Int32Array, bytes: Uint8Array): void {
  let [a, b, c, d] = lanes;
  for (let at = 0; at < bytes.length; at += 16) {
    a = round(a, word(bytes, at));
    b = round(b, word(bytes, at + 4));
    c = round(c, word(bytes, at + 8));
    d = round(d, word(bytes, at + 12));
  }
  lanes.set([a, b, c, d]);
}

/**
 * The XXH32 of `bytes` with seed 0.
 *
 * @example
 * xxh32(new TextEncoder().encode('abc')); // 0x32d153ff
 */
export function xxh32(bytes: Uint8Array): number {
  return new Xxh32().update(bytes).digest();
}

function rotate(value: number, by: number): number {
  return (value << by) | (value >>> (32 - by));
}

function word(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
}

function round(lane: number, input: number): number {
  return Math.imul(rotate(lane + Math.imul(input, PRIME2), 13), PRIME1);
}
