import { fromHalf, toHalf } from '../binary/half.js';
import { present } from '../guards.js';
import type { MeasuredLayer } from './job.js';
import type { Spread } from './solve.js';

/** The bias that keeps the mean of every output where it was; float16 is enough for it. */
export function corrected(job: MeasuredLayer, weights: Float32Array, spreads: readonly Spread[]): Float32Array {
  const { rows, inputs, bias, weights: original } = job;
  return Float32Array.from(present(bias), (value, row) => {
    const { mean, originalMean } = spreads[Math.floor(row / rows)];
    let shift = 0;
    const start = row * inputs;
    for (let j = 0; j < inputs; j++) shift += original[start + j] * originalMean[j] - weights[start + j] * mean[j];
    const half = fromHalf(toHalf(value + shift));
    return Number.isFinite(half) ? half : value + shift;
  });
}
