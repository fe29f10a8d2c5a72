import { BLOCK } from '../memory';
import { multiply } from './product';

/**
 * One panel of a Cholesky decomposition from the first row down, `BLOCK` columns from `start` on, and what it takes from
 * the columns behind it. Rows lie `stride` bytes apart; behind the last is room up to the next multiple of four.
 *
 * @returns whether all pivots were positive
 */
export function factorPanel(matrix: usize, stride: u32, size: u32, start: u32, work: usize): bool {
  const width = min(size - start, <u32>BLOCK);
  const corner = matrix + start * stride + (start << 3);
  const turned = work;
  memory.fill(turned, 0, BLOCK * BLOCK * 8);
  for (let j: u32 = 0; j < width; j++) {
    const row = corner + j * stride;
    // By the rows that are done; what the row takes from its own pivot is not among them.
    solveRow(row, turned, j, width);
    let pivot = load<f64>(row + (j << 3));
    for (let k: u32 = 0; k < j; k++) pivot -= load<f64>(row + (k << 3)) * load<f64>(row + (k << 3));
    if (!(pivot > 0)) return false;
    const root = sqrt(pivot);
    store<f64>(row + (j << 3), root);
    for (let k: u32 = 0; k <= j; k++) store<f64>(turned + ((k * BLOCK + j) << 3), load<f64>(row + (k << 3)));
  }
  const below = size - start - width;
  let row = corner + width * stride;
  for (let i: u32 = 0; i < below; i++, row += stride) solveRow(row, turned, width, width);
  row = corner + width * stride;
  if (below) {
    multiply(row + (width << 3), stride, row, stride, row, stride, below, below, width, -1, true, true, work);
  }
  return true;
}

/** row = row · (Lᵀ)⁻¹ for the first `depth` columns, the others less what those take from them; Lᵀ in rows of `BLOCK`. */
export function solveRow(row: usize, turned: usize, depth: u32, width: u32): void {
  const end = row + (width << 3);
  for (let j: u32 = 0; j < depth; j++) {
    const at = row + (j << 3);
    const line = turned + ((j * BLOCK) << 3);
    const value = load<f64>(at) / load<f64>(line + (j << 3));
    store<f64>(at, value);
    const factor = f64x2.splat(value);
    let to = at + 8;
    let from = line + ((j + 1) << 3);
    for (; to + 8 < end; to += 16, from += 16) {
      v128.store(to, f64x2.sub(v128.load(to), f64x2.mul(factor, v128.load(from))));
    }
    if (to < end) store<f64>(to, load<f64>(to) - value * load<f64>(from));
  }
}

/**
 * `BLOCK` rows from `start` on of the inverse of a lower triangle, in its place; the rows above are inverted already.
 *
 * @param fresh - room for `BLOCK` rows
 */
export function invertPanel(
  matrix: usize,
  stride: u32,
  size: u32,
  start: u32,
  fresh: usize,
  work: usize,
): void {
  const width = min(size - start, <u32>BLOCK);
  const rows = matrix + start * stride;
  memory.fill(fresh, 0, BLOCK * stride);
  // Inverted rows end at their diagonal.
  for (let k: u32 = 0; k < start; k += BLOCK) {
    const above = matrix + k * stride;
    multiply(fresh, stride, rows + (k << 3), stride, above, stride, width, k + BLOCK, BLOCK, -1, false, false, work);
  }
  for (let i: u32 = 0; i < width; i++) {
    const row = rows + i * stride;
    const sums = fresh + i * stride;
    for (let k: u32 = 0; k < i; k++) {
      const factor = load<f64>(row + ((start + k) << 3));
      subtractRow(sums, rows + k * stride, factor, start + k + 1);
    }
    const pivot = load<f64>(row + ((start + i) << 3));
    for (let j: u32 = 0; j < start + i; j++) store<f64>(row + (j << 3), load<f64>(sums + (j << 3)) / pivot);
    store<f64>(row + ((start + i) << 3), 1 / pivot);
    memory.fill(row + ((start + i + 1) << 3), 0, stride - ((start + i + 1) << 3));
  }
}

/** to += the sum of so many rows, each times its factor: `width` numbers from rows that lie `stride` bytes apart. */
export function addRows(to: usize, from: usize, stride: u32, factors: usize, count: u32, width: u32): void {
  for (; count; count--, from += stride, factors += 8) subtractRow(to, from, -load<f64>(factors), width);
}

/** to −= factor · from, `count` numbers. */
export function subtractRow(to: usize, from: usize, factor: f64, count: u32): void {
  const end = to + (count << 3);
  const factors = f64x2.splat(factor);
  for (; to + 24 < end; to += 32, from += 32) {
    v128.store(to, f64x2.sub(v128.load(to), f64x2.mul(factors, v128.load(from))));
    v128.store(to, f64x2.sub(v128.load(to, 16), f64x2.mul(factors, v128.load(from, 16))), 16);
  }
  for (; to < end; to += 8, from += 8) store<f64>(to, load<f64>(to) - factor * load<f64>(from));
}
