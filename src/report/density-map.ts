import type { DensityMap } from './comparison.js';

/** Most cells that a map has in a row and in a column. */
const CELLS = 64;

/**
 * Where weights are that are not zero: the tensor as a matrix of its first dimension (usually the layer's outputs) by
 * all others, averaged to at most 64 × 64 cells.
 */
export function densityMapOf(weights: Float32Array, dims: readonly number[]): DensityMap {
  const height = dims.length > 1 ? dims[0] : 1;
  const width = weights.length / height;
  const rows = Math.min(CELLS, height);
  const columns = Math.min(CELLS, width);
  const kept = new Float64Array(rows * columns);
  const all = new Float64Array(rows * columns);
  for (let y = 0; y < height; y++) {
    const row = Math.floor((y * rows) / height) * columns;
    for (let x = 0; x < width; x++) {
      const cell = row + Math.floor((x * columns) / width);
      all[cell]++;
      if (weights[y * width + x] !== 0) kept[cell]++;
    }
  }
  return { rows, columns, shares: Array.from(kept, (number, i) => Number((number / all[i]).toFixed(3))) };
}
