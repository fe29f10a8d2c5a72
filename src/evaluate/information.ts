import { layoutOf, type Scale } from './decisions.js';
import { readLogarithms } from './fidelity.js';
import type { MetricArray } from './metrics.js';

/**
 * How much decisions tell of the inputs, in nats: the entropy of the mean row less the mean entropy of rows. Nothing where all
 * inputs are answered alike, or all with a shrug. Rows of other lengths than the first are passed over, and those that are
 * no numbers.
 *
 * @param scale - what rows hold
 * @example
 * informationOf([{ array: { type: 'float32', dims: [2, 2], data: Float32Array.of(1, 0, 0, 1) }, samples: 2 }], 'probabilities'); // .69
 */
export function informationOf(
  batches: Iterable<{ readonly array: MetricArray; readonly samples: number }>,
  scale: Scale,
): number {
  let sum: Float64Array | undefined;
  let [entropies, count] = [0, 0];
  for (const { array, samples } of batches) {
    const layout = layoutOf(array, samples, scale);
    const { rows, classes } = layout;
    sum ??= new Float64Array(classes);
    if (classes !== sum.length) continue;
    const shares = new Float64Array(classes);
    for (let row = 0; row < rows; row++) {
      if (!readLogarithms(array, layout, row, shares)) continue;
      for (let i = 0; i < classes; i++) shares[i] = Math.exp(shares[i]);
      for (let i = 0; i < classes; i++) sum[i] += shares[i];
      entropies += entropy(shares);
      count++;
    }
  }
  return sum && count > 0 ? entropy(sum.map((each) => each / count)) - entropies / count : 0;
}

function entropy(shares: Float64Array): number {
  let sum = 0;
  for (const share of shares) if (share > 0) sum -= share * Math.log(share);
  return sum;
}
