import { GrowingHistogram, type Histogram } from './histogram.js';

/** By so much the newest batch moves the average. */
const RATE = 0.1;
/** Of a value in one run, so many numbers are counted at most. */
const COUNTED = 1 << 20;
/** Numbers that stand for all, for formats whose parameters are found from numbers. */
const SAMPLE = 4096;

/** What one pass over the data tells of a value. */
export class ValueStatistics {
  readonly histogram = new GrowingHistogram();
  /** How many numbers a sample has, at most. */
  size = 0;
  #average: number | undefined;

  /** @param samples - how many of them the numbers are of, one behind the other */
  add(values: ArrayLike<number>, samples: number): void {
    if (values.length === 0) return;
    // An odd stride comes by all columns of whatever the numbers are.
    const stride = Math.ceil(values.length / COUNTED) | 1;
    this.histogram.add(values, values.length > COUNTED ? stride : 1);
    const size = Math.max(1, Math.floor(values.length / samples));
    this.size = Math.max(this.size, size);
    let sum = 0;
    let count = 0;
    for (let start = 0; start + size <= values.length; start += size) {
      let most = 0;
      for (let i = start; i < start + size; i++) most = Math.max(most, Math.abs(values[i]));
      sum += most;
      count++;
    }
    const mean = sum / count;
    this.#average = this.#average === undefined ? mean : this.#average + RATE * (mean - this.#average);
  }

  /** The moving average of what samples have as their largest magnitude, on average over a batch. */
  get average(): number {
    return this.#average ?? 0;
  }

  /** Numbers that are spread as all of them are, zeros left out; those beyond a threshold are at it. */
  sample(threshold: number): Float32Array {
    const values: number[] = [];
    const sides: [Histogram, number][] = [
      [this.histogram.read('positive'), 1],
      [this.histogram.read('negative'), -1],
    ];
    const total = sides.reduce((all, [{ bins }]) => all + bins.reduce((sum, count) => sum + count, 0), 0);
    for (const [{ bins, limit }, sign] of sides) {
      for (const [i, count] of bins.entries()) {
        const share = count > 0 ? Math.max(1, Math.round((count / total) * SAMPLE)) : 0;
        const value = sign * Math.min(threshold, (limit * (i + 0.5)) / bins.length);
        for (let k = 0; k < share; k++) values.push(value);
      }
    }
    return Float32Array.from(values.length > 0 ? values : [threshold || 1]);
  }
}
