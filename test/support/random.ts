/** A small seeded generator (mulberry32), so that every run of the tests sees the same weights. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** An integer in [0, 2^32). */
  uint32(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  }

  /** A float in [0, 1). */
  float(): number {
    return this.uint32() / 2 ** 32;
  }

  /** An integer in [0, limit). */
  below(limit: number): number {
    return Math.floor(this.float() * limit);
  }

  /** Standard normal, by Box and Muller. */
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.float())) * Math.cos(2 * Math.PI * this.float());
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
