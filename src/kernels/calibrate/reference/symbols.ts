import type { Levels, Rows } from '../kernels.js';
import { DEPTH, FIXED } from '../memory.js';
import { product } from './linear.js';

export function quantise(
  { rows, inputs }: Rows,
  targets: Float64Array,
  factor: Float64Array,
  levels: Levels,
  bits: Float32Array,
  penalty: Float64Array,
  symbols: Uint16Array,
  coupling?: Float64Array,
): void {
  const weights = new Float64Array(inputs);
  const carried = new Float64Array(inputs);
  const errors = coupling && new Float64Array(rows * inputs);
  for (let row = 0; row < rows; row++) {
    const start = row * inputs;
    weights.set(targets.subarray(start, start + inputs));
    if (coupling && errors) combine(carried, errors, coupling.subarray(row * rows, row * rows + row), inputs, 0);
    for (let j = 0; j < inputs; j++) {
      const line = j * inputs;
      const pivot = factor[line + j];
      const weight = weights[j] - carried[j] * pivot;
      const given = symbols[start + j];
      const symbol = given & FIXED ? given & ~FIXED : choose(weight, levels, bits, penalty[row] * pivot * pivot);
      if (!(given & FIXED)) symbols[start + j] = symbol;
      const error = (weight - levels[symbol]) / pivot;
      if (errors) errors[start + j] = error;
      const total = carried[j] + error;
      if (total === 0) continue;
      for (let k = j + 1; k < inputs; k++) weights[k] -= total * factor[line + k];
    }
  }
}

/** What so many rows, each times its share, add up to: columns from `start` on, as many as there is room for. */
function combine(sums: Float64Array, rows: Float64Array, shares: Float64Array, size: number, start: number): void {
  sums.fill(0);
  for (let row = 0; row < shares.length; row++) {
    const from = row * size + start;
    for (let j = 0; j < sums.length; j++) sums[j] += shares[row] * rows[from + j];
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
  coupling?: Float64Array,
): void {
  // M · (target − level): half the slope of the error, for every input.
  const gradients = product(
    targets.map((target, i) => target - levels[symbols[i] & ~FIXED]),
    moments,
    inputs,
  );
  let active = Array.from({ length: rows }, (_, row) => row);
  for (let sweep = 0; sweep < sweeps && active.length > 0; sweep++) {
    const changed = new Set<number>();
    for (let first = 0; first < inputs; first += DEPTH) {
      const width = Math.min(DEPTH, inputs - first);
      for (const row of active) if (descendRow(row, first, width)) changed.add(row);
    }
    // A row by itself of which nothing has changed is done.
    active = coupling && changed.size > 0 ? active : [...changed];
  }

  function descendRow(row: number, first: number, width: number): boolean {
    const start = row * inputs;
    const gradient = gradients.subarray(start, start + inputs);
    const slope = coupling ? new Float64Array(width) : gradient.subarray(first, first + width);
    if (coupling) combine(slope, gradients, coupling.subarray(row * rows, (row + 1) * rows), inputs, first);
    let changes = 0;
    for (let j = first; j < first + width; j++) {
      const line = j * inputs;
      const curvature = moments[line + j];
      if (!(curvature > 0)) continue;
      const now = symbols[start + j];
      if (now & FIXED) continue;
      const value = levels[now];
      // Without the others' moving, the error is a parabola with its lowest point here.
      const ideal = value + slope[j - first] / curvature;
      const price = penalty[row] / curvature;
      const next = choose(ideal, levels, bits, price);
      if (next === now) continue;
      const distance = square(ideal - value);
      const gain = distance + price * bits[now] - square(ideal - levels[next]) - price * bits[next];
      if (!(gain > 1e-12 * distance)) continue;
      const step = levels[next] - value;
      symbols[start + j] = next;
      for (let k = 0; k < inputs; k++) gradient[k] -= step * moments[line + k];
      if (coupling) for (let k = 0; k < width; k++) slope[k] -= step * moments[line + first + k];
      changes++;
    }
    return changes > 0;
  }
}
