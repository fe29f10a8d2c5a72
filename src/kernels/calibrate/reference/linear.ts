/** See `CalibrationKernels`. Sums run from the last index down, as the decomposition itself does. */
export function inverseFactor(matrix: Float64Array, size: number): boolean {
  // M = T·Tᵀ with T upper triangular, columns from the last to the first.
  for (let j = size - 1; j >= 0; j--) {
    const row = j * size;
    let pivot = matrix[row + j];
    for (let k = size - 1; k > j; k--) pivot -= matrix[row + k] * matrix[row + k];
    if (!(pivot > 0)) return false;
    pivot = Math.sqrt(pivot);
    matrix[row + j] = pivot;
    for (let i = j - 1; i >= 0; i--) {
      const other = i * size;
      let sum = matrix[other + j];
      for (let k = size - 1; k > j; k--) sum -= matrix[other + k] * matrix[row + k];
      matrix[other + j] = sum / pivot;
    }
  }
  // U = T⁻¹, row by row from the last: every row is a combination of those below it.
  const fresh = new Float64Array(size);
  for (let i = size - 1; i >= 0; i--) {
    const row = i * size;
    const pivot = matrix[row + i];
    fresh.fill(0, i);
    for (let k = size - 1; k > i; k--) {
      const factor = matrix[row + k];
      const below = k * size;
      for (let j = k; j < size; j++) fresh[j] -= factor * matrix[below + j];
    }
    matrix.fill(0, row, row + i);
    matrix[row + i] = 1 / pivot;
    for (let j = i + 1; j < size; j++) matrix[row + j] = fresh[j] / pivot;
  }
  return true;
}

export function product(rows: Float64Array, matrix: Float64Array, size: number): Float64Array {
  const sums = new Float64Array(rows.length);
  for (let at = 0; at < rows.length; at += size) {
    for (let i = 0; i < size; i++) {
      const value = rows[at + i];
      if (value === 0) continue;
      const line = i * size;
      for (let j = 0; j < size; j++) sums[at + j] += value * matrix[line + j];
    }
  }
  return sums;
}

export function timesInverse(rows: Float64Array, factor: Float64Array, size: number): void {
  const middle = new Float64Array(size);
  for (let at = 0; at < rows.length; at += size) {
    // row·Uᵀ, then that ·U.
    for (let i = 0; i < size; i++) {
      let sum = 0;
      const line = i * size;
      for (let j = i; j < size; j++) sum += rows[at + j] * factor[line + j];
      middle[i] = sum;
    }
    rows.fill(0, at, at + size);
    for (let i = 0; i < size; i++) {
      const line = i * size;
      const value = middle[i];
      for (let j = i; j < size; j++) rows[at + j] += value * factor[line + j];
    }
  }
}
