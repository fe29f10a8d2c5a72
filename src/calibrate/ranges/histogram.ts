/** Bins that ranges are looked for in. */
const BINS = 2048;
/** Finer ones that are counted while the range grows: each of the bins above has at least eight of them. */
const COUNTED = 16 * BINS;

/** How many numbers of each magnitude there are, from zero to a limit. */
export interface Histogram {
  readonly bins: Float64Array;
  readonly limit: number;
}

/**
 * Counts magnitudes in one pass, whatever the largest will be: where one lies beyond the range, the range doubles and
 * neighbouring bins become one. Zeros are not counted: every format has them.
 */
export class GrowingHistogram {
  #range = 0;
  readonly #positive = new Float64Array(COUNTED);
  readonly #negative = new Float64Array(COUNTED);
  /** The ends of what was seen, zero among them. */
  low = 0;
  high = 0;
  /** How many numbers were seen. */
  total = 0;
  zeros = 0;

  /** @param stride - every so many numbers are counted; the ends are those of all */
  add(values: ArrayLike<number>, stride = 1): void {
    for (let i = 0; i < values.length; i++) {
      const value = values[i];
      if (value < this.low) this.low = value;
      else if (value > this.high) this.high = value;
    }
    this.#grow(Math.max(this.high, -this.low));
    const scale = COUNTED / this.#range;
    for (let i = 0; i < values.length; i += stride) {
      const value = values[i];
      this.total++;
      if (value > 0) this.#positive[Math.min(COUNTED - 1, Math.floor(value * scale))]++;
      else if (value < 0) this.#negative[Math.min(COUNTED - 1, Math.floor(-value * scale))]++;
      else this.zeros++;
    }
  }

  /** The largest magnitude. */
  get most(): number {
    return Math.max(this.high, -this.low);
  }

  /** The magnitudes of either sign, or of one, in bins from zero to the largest of all. */
  read(which: 'all' | 'positive' | 'negative' = 'all'): Histogram {
    const bins = new Float64Array(BINS);
    const limit = this.most;
    const width = this.#range / COUNTED;
    for (let i = 0; i < COUNTED; i++) {
      const count = (which === 'negative' ? 0 : this.#positive[i]) + (which === 'positive' ? 0 : this.#negative[i]);
      if (count > 0) bins[Math.min(BINS - 1, Math.floor((((i + 0.5) * width) / limit) * BINS))] += count;
    }
    return { bins, limit };
  }

  #grow(most: number): void {
    if (this.#range === 0) this.#range = most;
    while (most > this.#range) {
      for (const counts of [this.#positive, this.#negative]) {
        for (let i = 0; i < COUNTED / 2; i++) counts[i] = counts[2 * i] + counts[2 * i + 1];
        counts.fill(0, COUNTED / 2);
      }
      this.#range *= 2;
    }
  }
}
