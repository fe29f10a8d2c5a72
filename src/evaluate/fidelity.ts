import { type Layout, layoutOf, readScores, type Scale } from './decisions.js';
import type { MetricArray } from './metrics.js';

/** How near an output is to the reference's, over all of its elements. `null` where nothing could be compared. */
export interface Similarity {
  /** Of the two as vectors: 1 for the same direction, 0 where one is all zeros. */
  readonly cosine: number | null;
  /** Signal-to-noise ratio in decibels, {@link decibels}; `Infinity` where nothing differs. */
  readonly snr: number | null;
}

/**
 * Kullback-Leibler divergence of a model's decisions from the reference's, in nats, as the mean over all rows: how many
 * more it takes, on average, to tell the reference's choice by the model's probabilities. Rows are those of
 * {@link agreementMeter}. A row in which only the model has a NaN differs by `Infinity`; one in which the reference has
 * is left out. `null` where there is nothing to decide on.
 *
 * @param scale - what rows hold: logits, of which the softmax is taken, probabilities, or shares, each of a yes against a no
 * @param options.axis - of the classes, where it is not the last
 * @param options.temperature - logarithms are divided by this before the softmax is taken: above 1, what is decided clearly counts
 *   as well as what is in the balance (Hinton, Vinyals, Dean, 2015). Default 1
 * @example
 * const divergence = divergenceMeter('logits');
 * divergence.add(output, reference, 64); // of a batch of 64 samples
 * divergence.result(); // 0.0021
 */
export function divergenceMeter(
  scale: Scale,
  { axis, temperature = 1 }: { readonly axis?: number | undefined; readonly temperature?: number | undefined } = {},
): {
  /**
   * Returns false, and counts nothing, where the shapes differ.
   *
   * @param isReal - which rows take part, where some are padding
   */
  add(output: MetricArray, reference: MetricArray, samples: number, isReal?: (row: number) => boolean): boolean;
  result(): number | null;
} {
  const softened = (array: MetricArray, layout: Layout, row: number, into: Float64Array) => {
    if (!readLogarithms(array, layout, row, into)) return false;
    if (temperature === 1) return true;
    for (let i = 0; i < into.length; i++) into[i] /= temperature;
    return logSoftmax(into);
  };
  let count = 0;
  let sum = 0;
  return {
    add(output, reference, samples, isReal = () => true) {
      if (`${output.dims}` !== `${reference.dims}`) return false;
      const layout = layoutOf(reference, samples, scale, axis);
      const { rows, classes } = layout;
      if (classes < 2) return true;
      const wanted = new Float64Array(classes);
      const got = new Float64Array(classes);
      for (let row = 0; row < rows; row++) {
        if (!isReal(row) || !softened(reference, layout, row, wanted)) continue;
        const divergence = softened(output, layout, row, got) ? divergenceOf(wanted, got) : Number.NaN;
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

/** A row as logarithms of the probabilities of its classes; false where a score is no number, or none is finite. */
export function readLogarithms(array: MetricArray, layout: Layout, row: number, into: Float64Array): boolean {
  return readScores(array, layout, row, into) && (layout.scale === 'probabilities' || logSoftmax(into));
}

/** Makes scores the logarithms of their softmax; false where none is finite. */
function logSoftmax(scores: Float64Array): boolean {
  let max = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < scores.length; i++) max = Math.max(max, scores[i]);
  let sum = 0;
  for (let i = 0; i < scores.length; i++) sum += Math.exp(scores[i] - max);
  const logarithm = max + Math.log(sum);
  for (let i = 0; i < scores.length; i++) scores[i] -= logarithm;
  return Number.isFinite(logarithm);
}
