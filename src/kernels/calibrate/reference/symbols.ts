import type { Levels, Rows } from '../kernels.js';
import { FIXED } from '../memory.js';
import { product } from './linear.js';

export function quantise(
  { rows, inputs }: Rows,
  targets: Float64Array,
  factor: Float64Array,
  levels: Levels,
  bits: Float32Array,
  penalty: Float64Array,
  symbols: Uint16Array,
): void {
  const weights = new Float64Array(inputs);
  for (let row = 0; row < rows; row++) {
    const start = row * inputs;
    weights.set(targets.subarray(start, start + inputs));
    for (let j = 0; j < inputs; j++) {
      const line = j * inputs;
      const pivot = factor[line + j];
      const weight = weights[j];
      const given = symbols[start + j];
      const symbol = given & FIXED ? given & ~FIXED : choose(weight, levels, bits, penalty[row] * pivot * pivot);
      if (!(given & FIXED)) symbols[start + j] = symbol;
      const error = (weight - levels[symbol]) / pivot;
      if (error === 0) continue;
      for (let k = j + 1; k < inputs; k++) weights[k] -= error * factor[line + k];
    }
  }
}

/** The level of least squared distance plus its price. Of levels as good, the lowest. */
function choose(weight: number, levels: Levels, bits: Float32Array, price: number): number {
  let low = 0;
  let high = levels.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (levels[middle] < weight) low = middle + 1;
    else high = middle;
  }
  let best = low;
  let least = square(weight - levels[low]) + price * bits[low];
  // Outwards, until the distance alone costs more than the best: bits are never negative.
  for (let i = low - 1; i >= 0 && square(weight - levels[i]) < least; i--) consider(i);
  for (let i = low + 1; i < levels.length && square(weight - levels[i]) <= least; i++) consider(i);
  return best;

  function consider(i: number): void {
    const value = square(weight - levels[i]) + price * bits[i];
    if (value < least) {
      least = value;
      best = i;
    }
  }
}

/** `x ** 2` may differ from it in the last bit, depending on what the engine has compiled so far. */
function square(x: number): number {
  return x * x;
}

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
  // M · (target − level): half the slope of the error, for every input.
  const gradients = product(
    targets.map((target, i) => target - levels[symbols[i] & ~FIXED]),
    moments,
    inputs,
  );
  for (let row = 0; row < rows; row++) {
    const start = row * inputs;
    const gradient = gradients.subarray(start, start + inputs);
    for (let sweep = 0; sweep < sweeps; sweep++) {
      let changes = 0;
      for (let j = 0; j < inputs; j++) {
        const line = j * inputs;
        const curvature = moments[line + j];
        if (!(curvature > 0)) continue;
        const now = symbols[start + j];
        if (now & FIXED) continue;
        const value = levels[now];
        // Without the others' moving, the error is a parabola with its lowest point here.
        const ideal = value + gradient[j] / curvature;
        const price = penalty[row] / curvature;
        const next = choose(ideal, levels, bits, price);
        if (next === now) continue;
        const distance = square(ideal - value);
        const gain = distance + price * bits[now] - square(ideal - levels[next]) - price * bits[next];
        if (!(gain > 1e-12 * distance)) continue;
        const step = levels[next] - value;
        symbols[start + j] = next;
        for (let k = 0; k < inputs; k++) gradient[k] -= step * moments[line + k];
        changes++;
      }
      if (changes === 0) break;
    }
  }
}
