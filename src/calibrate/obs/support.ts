/**
 * The least-squares weights of a row when only some may differ from zero: those that bring its outputs nearest to what
 * the targets give. Solved for the weights that stay or for those that go, whichever are fewer.
 *
 * @param targets - the weights that would leave no error
 * @param kept - 1 for each weight that stays
 * @param moments - of the inputs, positive definite, [size, size]
 * @param inverse - its inverse
 */
export function solveOnSupport(
  targets: Float64Array,
  kept: Uint8Array,
  moments: Float64Array,
  inverse: Float64Array,
): Float64Array {
  const size = targets.length;
  const places: [number[], number[]] = [[], []];
  for (let j = 0; j < size; j++) places[kept[j] ? 1 : 0].push(j);
  const [gone, left] = places;
  if (gone.length === 0) return targets.slice();
  const solved = new Float64Array(size);
  if (left.length <= gone.length) {
    // M_SS w_S = (M t)_S
    const right = Float64Array.from(left, (i) => {
      let sum = 0;
      for (let j = 0; j < size; j++) sum += moments[i * size + j] * targets[j];
      return sum;
    });
    solvePart(moments, size, left, right);
    for (const [i, j] of left.entries()) solved[j] = right[i];
    return solved;
  }
  // w = t − M⁻¹_·P (M⁻¹_PP)⁻¹ t_P
  const right = Float64Array.from(gone, (j) => targets[j]);
  solvePart(inverse, size, gone, right);
  solved.set(targets);
  for (const [i, p] of gone.entries()) {
    const factor = right[i];
    for (const j of left) solved[j] -= factor * inverse[p * size + j];
  }
  for (const j of gone) solved[j] = 0;
  return solved;
}

/** Multiplications that {@link solveOnSupport} takes, about. */
export function supportWork(size: number, kept: number): number {
  return Math.min(kept, size - kept) ** 3 / 6;
}

/** Solves for a part of a positive definite matrix, by Cholesky decomposition; the right side becomes the result. */
export function solvePart(matrix: Float64Array, size: number, part: readonly number[], right: Float64Array): void {
  const count = part.length;
  const lower = new Float64Array(count * count);
  for (let i = 0; i < count; i++) {
    const row = i * count;
    const line = part[i] * size;
    for (let j = 0; j <= i; j++) {
      const other = j * count;
      let sum = matrix[line + part[j]];
      for (let k = 0; k < j; k++) sum -= lower[row + k] * lower[other + k];
      lower[row + j] = i === j ? Math.sqrt(sum) : sum / lower[other + j];
    }
    let sum = right[i];
    for (let k = 0; k < i; k++) sum -= lower[row + k] * right[k];
    right[i] = sum / lower[row + i];
  }
  for (let i = count - 1; i >= 0; i--) {
    const value = right[i] / lower[i * count + i];
    right[i] = value;
    for (let k = 0; k < i; k++) right[k] -= value * lower[i * count + k];
  }
}
