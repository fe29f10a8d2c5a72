import type { Levels } from './levels.js';

/** Rows of weights that take values from a few levels. */
export interface Rows {
  readonly rows: number;
  readonly inputs: number;
}

/**
 * Gives every weight a level, row by row from the first input to the last; what a choice does to the layer's output is
 * made up for by the weights after it (optimal brain surgery by columns: Hassibi & Stork 1993; Frantar et al. 2022).
 *
 * @param weights - [rows, inputs]; overwritten
 * @param factor - U with UᵀU the inverse of the columns' second moments, [inputs, inputs]
 * @param bits - what each level costs
 * @param penalty - by row: how much squared error of the output a bit is worth
 * @param symbols - gets the index of each weight's level
 */
export function quantise(
  { rows, inputs }: Rows,
  weights: Float64Array,
  factor: Float64Array,
  levels: Levels,
  bits: Float32Array,
  penalty: Float64Array,
  symbols: Uint16Array,
): void {
  for (let row = 0; row < rows; row++) {
    const start = row * inputs;
    for (let j = 0; j < inputs; j++) {
      const line = j * inputs;
      const pivot = factor[line + j];
      const weight = weights[start + j];
      const symbol = choose(weight, levels, bits, penalty[row] * pivot * pivot);
      symbols[start + j] = symbol;
      const error = (weight - levels[symbol]) / pivot;
      if (error === 0) continue;
      for (let k = j + 1; k < inputs; k++) weights[start + k] -= error * factor[line + k];
    }
  }
}

/** The level of least squared distance plus its price. Of levels as good, the lowest. */
export function choose(weight: number, levels: Levels, bits: Float32Array, price: number): number {
  let low = 0;
  let high = levels.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (levels[middle] < weight) low = middle + 1;
    else high = middle;
  }
  let best = low;
  let least = cost(low);
  // Outwards, until the distance alone costs more than the best: bits are never negative.
  for (let i = low - 1; i >= 0 && (weight - levels[i]) ** 2 < least; i--) consider(i);
  for (let i = low + 1; i < levels.length && (weight - levels[i]) ** 2 <= least; i++) consider(i);
  return best;

  function cost(i: number): number {
    return (weight - levels[i]) ** 2 + price * bits[i];
  }
  function consider(i: number): void {
    const value = cost(i);
    if (value < least) {
      least = value;
      best = i;
    }
  }
}

/**
 * Coordinate descent on the exact objective: gives single weights other levels as long as that pays, up to `sweeps`
 * times through every row.
 *
 * @param targets - [rows, inputs]: the weights that would leave no error
 * @param moments - of the columns, [inputs, inputs]
 */
export function descend(
  { rows, inputs }: Rows,
  targets: Float64Array,
  moments: Float64Array,
  levels: Levels,
  bits: Float32Array,
  penalty: Float64Array,
  symbols: Uint16Array,
  sweeps: number,
): void {
  const gradient = new Float64Array(inputs);
  for (let row = 0; row < rows; row++) {
    const start = row * inputs;
    // gradient = M · (target − level): half the slope of the error, for every input.
    gradient.fill(0);
    for (let j = 0; j < inputs; j++) {
      const difference = targets[start + j] - levels[symbols[start + j]];
      if (difference !== 0) {
        for (let k = 0, line = j * inputs; k < inputs; k++) gradient[k] += difference * moments[line + k];
      }
    }
    for (let sweep = 0; sweep < sweeps; sweep++) {
      let changes = 0;
      for (let j = 0; j < inputs; j++) {
        const line = j * inputs;
        const curvature = moments[line + j];
        if (!(curvature > 0)) continue;
        const now = symbols[start + j];
        const value = levels[now];
        // Without the others' moving, the error is a parabola with its lowest point here.
        const ideal = value + gradient[j] / curvature;
        const price = penalty[row] / curvature;
        const next = choose(ideal, levels, bits, price);
        if (next === now) continue;
        const gain = (ideal - value) ** 2 + price * bits[now] - (ideal - levels[next]) ** 2 - price * bits[next];
        if (!(gain > 1e-12 * (ideal - value) ** 2)) continue;
        const step = levels[next] - value;
        symbols[start + j] = next;
        for (let k = 0; k < inputs; k++) gradient[k] -= step * moments[line + k];
        changes++;
      }
      if (changes === 0) break;
    }
  }
}
