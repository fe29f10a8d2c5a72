import { type MetricArray, rowsOf } from './metrics.js';

/**
 * How much decisions tell of the inputs, in nats: the entropy of the mean row less the mean entropy of rows. Nothing where all
 * inputs are answered alike, or all with a shrug. Rows of other lengths than the first are passed over.
 *
 * @param isShare - rows hold probabilities, and not logits
 * @example
 * informationOf([{ array: { type: 'float32', dims: [2, 2], data: Float32Array.of(1, 0, 0, 1) }, samples: 2 }], true); // .69
 */
export function informationOf(
  batches: Iterable<{ readonly array: MetricArray; readonly samples: number }>,
  isShare: boolean,
): number {
  let sum: Float64Array | undefined;
  let [entropies, count] = [0, 0];
  for (const { array, samples } of batches) {
    const { rows, classes } = rowsOf(array, samples);
    sum ??= new Float64Array(classes);
    if (classes !== sum.length) continue;
    for (let row = 0; row < rows; row++) {
      const scores = Float64Array.from(array.data.subarray(row * classes, (row + 1) * classes), Number);
      const shares = isShare ? scores : softmax(scores);
      for (let i = 0; i < classes; i++) sum[i] += shares[i];
      entropies += entropy(shares);
      count++;
    }
  }
  return sum && count > 0 ? entropy(sum.map((each) => each / count)) - entropies / count : 0;
}

function softmax(scores: Float64Array): Float64Array {
  const most = scores.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const powers = scores.map((score) => Math.exp(score - most));
  const total = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / total);
}

function entropy(shares: Float64Array): number {
  let sum = 0;
  for (const share of shares) if (share > 0) sum -= share * Math.log(share);
  return sum;
}
