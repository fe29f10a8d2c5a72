import { BITS, FIXED, LEVELS } from '../memory';
import { subtractRow } from './factor';

/**
 * Gives a row's weights from `start` on their levels, `width` of them, and makes up for it within these; what the weights
 * behind them have to make up for comes out as errors.
 *
 * @param weights - where the first of these weights is
 * @param errors - what the rows above leave these weights to make up for; the row's own errors are added
 * @param own - gets the row's own errors
 * @param factor - the row of U with the first weight's pivot, at this pivot
 * @param table - slope, then levels, then their bits: see ../memory.ts
 */
export function quantiseRow(
  weights: usize,
  symbols: usize,
  errors: usize,
  own: usize,
  factor: usize,
  stride: u32,
  width: u32,
  penalty: f64,
  table: usize,
  top: i32,
): void {
  for (; width; width--) {
    const pivot = load<f64>(factor);
    const carried = load<f64>(errors);
    const weight = load<f64>(weights) - carried * pivot;
    const given: i32 = load<u16>(symbols);
    const symbol = given & FIXED ? given & ~FIXED : choose(weight, table, top, penalty * pivot * pivot);
    if (!(given & FIXED)) store<u16>(symbols, symbol);
    const error = (weight - load<f64>(table + (symbol << 3), LEVELS)) / pivot;
    const total = carried + error;
    store<f64>(own, error);
    store<f64>(errors, total);
    if (total != 0) subtractRow(weights + 8, factor + 8, total, width - 1);
    weights += 8;
    symbols += 2;
    errors += 8;
    own += 8;
    factor += stride + 8;
  }
}

/**
 * Goes once through `width` weights of a row from `start` on and gives them other levels where that pays.
 *
 * @param gradient - of the whole row
 * @param slope - of these weights, where it is not the row's gradient: what other rows' errors add is in it
 * @param moments - the rows of these weights
 * @returns how many have changed
 */
export function descendRow(
  gradient: usize,
  slope: usize,
  symbols: usize,
  moments: usize,
  stride: u32,
  inputs: u32,
  start: u32,
  width: u32,
  penalty: f64,
  table: usize,
  top: i32,
): u32 {
  let changes: u32 = 0;
  const first = start << 3;
  const isApart = slope != gradient + first;
  for (let j = start; j < start + width; j++, moments += stride) {
    const curvature = load<f64>(moments + (j << 3));
    if (!(curvature > 0)) continue;
    const now: i32 = load<u16>(symbols + (j << 1));
    if (now & FIXED) continue;
    const value = level(table, now);
    const ideal = value + load<f64>(slope + (j << 3) - first) / curvature;
    const price = penalty / curvature;
    const next = choose(ideal, table, top, price);
    if (next == now) continue;
    const fresh = level(table, next);
    const distance = square(ideal - value);
    const gain = distance + price * bits(table, now) - square(ideal - fresh) - price * bits(table, next);
    if (!(gain > 1e-12 * distance)) continue;
    store<u16>(symbols + (j << 1), next);
    subtractRow(gradient, moments, fresh - value, inputs);
    if (isApart) subtractRow(slope, moments + first, fresh - value, width);
    changes++;
  }
  return changes;
}

/** The level of least squared distance plus its price. Among equals the order of the search decides, as in the reference. */
function choose(weight: f64, table: usize, top: i32, price: f64): i32 {
  // The first level that is not below the weight: guessed, then put right.
  const guess = (weight - level(table, 0)) * load<f64>(table);
  let low = <i32>min(max(guess, 0), <f64>top);
  while (low < top && level(table, low) < weight) low++;
  while (low > 0 && !(level(table, low - 1) < weight)) low--;
  let best = low;
  let least = square(weight - level(table, low)) + price * bits(table, low);
  for (let i = low - 1; i >= 0; i--) {
    const distance = square(weight - level(table, i));
    if (!(distance < least)) break;
    const value = distance + price * bits(table, i);
    if (value < least) {
      least = value;
      best = i;
    }
  }
  for (let i = low + 1; i <= top; i++) {
    const distance = square(weight - level(table, i));
    if (!(distance <= least)) break;
    const value = distance + price * bits(table, i);
    if (value < least) {
      least = value;
      best = i;
    }
  }
  return best;
}

// @ts-ignore: decorator
@inline
function level(table: usize, symbol: i32): f64 {
  return load<f64>(table + (symbol << 3), LEVELS);
}

// @ts-ignore: decorator
@inline
function bits(table: usize, symbol: i32): f64 {
  return load<f64>(table + (symbol << 3), BITS);
}

// @ts-ignore: decorator
@inline
function square(x: f64): f64 {
  return x * x;
}
