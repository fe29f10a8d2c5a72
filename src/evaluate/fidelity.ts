import { type MetricArray, rowsOf } from './metrics.js';

/** How near an output is to the reference's, over all of its elements. `null` where nothing could be compared. */
export interface Similarity {
  /** Of the two as vectors: 1 for the same direction, 0 where one is all zeros. */
  readonly cosine: number | null;
  /** Signal-to-noise ratio in decibels, {@link decibels}; `Infinity` where nothing differs. */
  readonly snr: number | null;
}

/** The least that a probability is taken for: what float32 rounds to zero says nothing of its logarithm. */
const LEAST = 2 ** -126;

/**
 * Kullback-Leibler divergence of a model's decisions from the reference's, in nats, as the mean over all rows: how many
 * more it takes, on average, to tell the reference's choice by the model's probabilities. Rows are those of
 * {@link agreementMeter}. A row in which only the model has a NaN differs by `Infinity`; one in which the reference has
 * is left out. `null` where there is nothing to decide on.
 *
 * @param scores - what rows hold: logits, of which the softmax is taken, or probabilities
 * @param temperature - logarithms are divided by this before the softmax is taken: above 1, what is decided clearly counts
 *   as well as what is in the balance (Hinton, Vinyals, Dean, 2015). Default 1
 * @example
 * const divergence = divergenceMeter('logits');
 * divergence.add(output, reference, 64); // of a batch of 64 samples
 * divergence.result(); // 0.0021
 */
export function divergenceMeter(
  scores: 'logits' | 'probabilities',
  temperature = 1,
): {
  /**
   * Returns false, and counts nothing, where the shapes differ.
   *
   * @param isReal - which rows take part, where some are padding
   */
  add(output: MetricArray, reference: MetricArray, samples: number, isReal?: (row: number) => boolean): boolean;
  result(): number | null;
} {
  const logarithms = scores === 'logits' ? logSoftmax : logsOf;
  const softened = (data: ArrayLike<number>, start: number, into: Float64Array) => {
    if (!logarithms(data, start, into)) return false;
    if (temperature === 1) return true;
    for (let i = 0; i < into.length; i++) into[i] /= temperature;
    return logSoftmax(into, 0, into);
  };
  let count = 0;
  let sum = 0;
  return {
    add(output, reference, samples, isReal = () => true) {
      if (`${output.dims}` !== `${reference.dims}`) return false;
      const { rows, classes } = rowsOf(reference, samples);
      if (classes < 2) return true;
      const wanted = new Float64Array(classes);
      const got = new Float64Array(classes);
      for (let row = 0; row < rows; row++) {
        if (!isReal(row) || !softened(reference.data, row * classes, wanted)) continue;
        const divergence = softened(output.data, row * classes, got) ? divergenceOf(wanted, got) : Number.NaN;
        // Rounding may leave a little less than nothing.
        sum += Number.isNaN(divergence) ? Number.POSITIVE_INFINITY : Math.max(0, divergence);
        count++;
      }
      return true;
    },
    result: () => (count > 0 ? sum / count : null),
  };
}

/**
 * Cosine and signal-to-noise ratio of a float output, over all elements of all batches. A value that is not a number, or
 * infinite, on one side only is infinite noise; elements in which both are equal, or both no numbers, are left out then.
 *
 * @example
 * const similarity = similarityMeter();
 * similarity.add(output, reference);
 * similarity.result(); // { cosine: 0.9998, snr: 34.1 }
 */
export function similarityMeter(): {
  /** Returns false, and counts nothing, where the shapes differ. */
  add(output: MetricArray, reference: MetricArray): boolean;
  result(): Similarity & { readonly noise: number };
} {
  let count = 0;
  let product = 0;
  let own = 0;
  let signal = 0;
  let noise = 0;
  return {
    add({ data, dims }, reference) {
      if (`${dims}` !== `${reference.dims}`) return false;
      // A plain loop: this runs over every element of every output.
      for (let i = 0; i < data.length; i++) {
        const a = data[i];
        const b = reference.data[i];
        const difference = a - b;
        if (Number.isFinite(difference)) {
          product += a * b;
          own += a * a;
          signal += b * b;
          noise += difference * difference;
        } else if (Number.isNaN(a) && Number.isNaN(b)) count--;
        else if (a !== b) noise = Number.POSITIVE_INFINITY;
      }
      count += data.length;
      return true;
    },
    result() {
      if (count === 0) return { cosine: null, snr: null, noise: 0 };
      // One root after the other: the product of two sums may be beyond what a number holds.
      const cosine = noise === 0 ? 1 : own === 0 || signal === 0 ? 0 : product / (Math.sqrt(own) * Math.sqrt(signal));
      return {
        cosine: Math.max(-1, Math.min(1, cosine)),
        snr: decibels(signal, noise),
        noise: noiseShare(signal, noise),
      };
    },
  };
}

/** Signal by noise, both as sums of squares, in decibels: `Infinity` without noise, `-Infinity` without signal. */
export function decibels(signal: number, noise: number): number {
  return noise === 0 ? Number.POSITIVE_INFINITY : 10 * Math.log10(signal / noise);
}

/** Noise by signal: the ratio's inverse, 0 without noise. */
function noiseShare(signal: number, noise: number): number {
  return noise === 0 ? 0 : noise / signal;
}

/** Σ p · (log p − log q); what the reference rules out adds nothing. */
function divergenceOf(wanted: Float64Array, got: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < wanted.length; i++) {
    const share = Math.exp(wanted[i]);
    if (share > 0) sum += share * (wanted[i] - got[i]);
  }
  return sum;
}

/** Logarithms of the softmax of a row; false where a score is no number, or none is finite. */
function logSoftmax(data: ArrayLike<number>, start: number, into: Float64Array): boolean {
  let max = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < into.length; i++) {
    if (Number.isNaN(data[start + i])) return false;
    max = Math.max(max, data[start + i]);
  }
  let sum = 0;
  for (let i = 0; i < into.length; i++) sum += Math.exp(data[start + i] - max);
  const logarithm = max + Math.log(sum);
  for (let i = 0; i < into.length; i++) into[i] = data[start + i] - logarithm;
  return Number.isFinite(logarithm);
}

/** Logarithms of probabilities; false where one is no number. */
function logsOf(data: ArrayLike<number>, start: number, into: Float64Array): boolean {
  for (let i = 0; i < into.length; i++) {
    const value = data[start + i];
    if (Number.isNaN(value)) return false;
    into[i] = Math.log(Math.max(LEAST, value));
  }
  return true;
}
