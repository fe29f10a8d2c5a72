/**
 * The upper triangle U with UᵀU = M⁻¹, in place of M: the inverse of the factor that a Cholesky decomposition from the
 * last row up gives. A third of the work of an inverse and a decomposition after it.
 *
 * @param matrix - symmetric, [size, size], row by row; overwritten, its lower triangle with zeros
 * @returns whether the matrix was positive definite; if not, what is in it is of no use
 */
export function inverseFactor(matrix: Float64Array, size: number): boolean {
  // M = T·Tᵀ with T upper triangular, columns from the last to the first.
  for (let j = size - 1; j >= 0; j--) {
    const row = j * size;
    let pivot = matrix[row + j];
    for (let k = j + 1; k < size; k++) pivot -= matrix[row + k] ** 2;
    if (!(pivot > 0)) return false;
    pivot = Math.sqrt(pivot);
    matrix[row + j] = pivot;
    for (let i = j - 1; i >= 0; i--) {
      const other = i * size;
      let sum = matrix[other + j];
      for (let k = j + 1; k < size; k++) sum -= matrix[other + k] * matrix[row + k];
      matrix[other + j] = sum / pivot;
    }
  }
  // U = T⁻¹, row by row from the last: every row is a combination of those below it.
  const fresh = new Float64Array(size);
  for (let i = size - 1; i >= 0; i--) {
    const row = i * size;
    const scale = 1 / matrix[row + i];
    fresh.fill(0, i);
    for (let k = i + 1; k < size; k++) {
      const factor = -matrix[row + k] * scale;
      if (factor === 0) continue;
      const below = k * size;
      for (let j = k; j < size; j++) fresh[j] += factor * matrix[below + j];
    }
    fresh[i] = scale;
    matrix.fill(0, row, row + i);
    matrix.set(fresh.subarray(i), row + i);
  }
  return true;
}

/** Rows times (UᵀU), the inverse that {@link inverseFactor} has factored: rows · M⁻¹. In place. */
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
