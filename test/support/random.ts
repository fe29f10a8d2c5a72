import { createRandom, type Random as Generator, normal } from '../../src/random.js';

/** What tests draw from the project's generator, so that every run of them sees the same weights. */
export class Random {
  readonly #random: Generator;

  constructor(seed: number) {
    this.#random = createRandom(seed);
  }

  /** An integer in [0, 2^32). */
  uint32(): number {
    return this.#random.below(2 ** 32);
  }

  /** A float in [0, 1). */
  float(): number {
    return this.#random.float();
  }

  /** An integer in [0, limit). */
  below(limit: number): number {
    return this.#random.below(limit);
  }

  /** Standard normal. */
  normal(): number {
    return normal(this.#random);
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.uint32() >>> 24);
  }

  /** `count` normal float32 weights of the given deviation. */
  floats(count: number, deviation = 0.1): Float32Array {
    return Float32Array.from({ length: count }, () => this.normal() * deviation);
  }

  /** `count` weights of at most `clusters` distinct values; each is kept with the given probability, else zero. */
  clustered(count: number, clusters: number, density = 1): Float32Array {
    const centroids = this.floats(clusters);
    return Float32Array.from({ length: count }, () => (this.float() < density ? centroids[this.below(clusters)] : 0));
  }
}
