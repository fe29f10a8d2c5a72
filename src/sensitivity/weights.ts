import { decibels } from '../evaluate/fidelity.js';

/** Weights in figures, beside those they stand for. */
export interface WeightFigures {
  readonly density: number;
  readonly clusters: number;
  readonly bits: number;
  readonly weightSnr: number;
}

/** Compares a layer's weights with the original's, and counts what is left to code. */
export function weightFigures(original: Float32Array, compressed: Float32Array): WeightFigures {
  const { length } = compressed;
  const { signal, noise } = energies(original, compressed);
  // In order, equal values are neighbours; −0 equals 0, and NaNs stand at the end, each a value of its own.
  const sorted = compressed.slice().sort();
  let bits = 0;
  let zeros = 0;
  let values = 0;
  for (let start = 0; start < length; ) {
    let end = start + 1;
    while (end < length && sorted[end] === sorted[start]) end++;
    const share = (end - start) / length;
    bits -= share * Math.log2(share);
    if (sorted[start] === 0) zeros += end - start;
    else values++;
    start = end;
  }
  // The logarithm of one is zero, and minus zero is nothing to print.
  return { density: 1 - zeros / length, clusters: values, bits: bits + 0, weightSnr: decibels(signal, noise) };
}

/** Sums of squares: of the original's weights, and of what others are off them. */
export function energies(original: Float32Array, other: Float32Array): { signal: number; noise: number } {
  let signal = 0;
  let noise = 0;
  for (let i = 0; i < original.length; i++) {
    signal += original[i] ** 2;
    noise += (original[i] - other[i]) ** 2;
  }
  return { signal, noise };
}
