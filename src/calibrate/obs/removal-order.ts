/** Memory that the rows of a layer use one after the other. */
export interface Workspace {
  readonly size: number;
  readonly columns: Float64Array;
  readonly weights: Float64Array;
  readonly diagonal: Float64Array;
  readonly active: Int32Array;
}

export function workspaceFor(size: number): Workspace {
  return {
    size,
    columns: new Float64Array(size * size),
    weights: new Float64Array(size),
    diagonal: new Float64Array(size),
    active: new Int32Array(size),
  };
}

/**
 * The order in which a row of weights is best removed: always the one whose removal costs least, w² / [M⁻¹]ⱼⱼ, while
 * those that are left make up for it (optimal brain surgery, one weight at a time: Hassibi & Stork 1993; Frantar &
 * Alistarh 2022, "Optimal Brain Compression", algorithm 1).
 *
 * A removal takes a rank-one matrix off the inverse. These are kept as columns, and only what is looked at is ever
 * worked out, the diagonal and the next column: the inverse itself is shared by all rows, and a row of K weights costs
 * K³/6 multiplications. One function, since everything in it is the hot loop.
 *
 * @param targets - the weights that would leave no error, `workspace.size` of them
 * @param inverse - of the moments, [size, size]
 * @param leading - how many of `order` are given, and removed first
 * @param order - gets the weights in the order of their removal
 * @param losses - gets what each removal adds to the squared error, at least what the ones before it did
 */
export function removalOrder(
  { size, columns, weights, diagonal, active }: Workspace,
  targets: Float64Array,
  inverse: Float64Array,
  leading: number,
  order: Int32Array,
  losses: Float64Array,
): void {
  const forced = order.slice(0, leading);
  weights.set(targets);
  for (let j = 0; j < size; j++) {
    diagonal[j] = inverse[j * size + j];
    active[j] = j;
  }
  let highest = 0;
  for (let step = 0, left = size; step < size; step++) {
    let next = 0;
    if (step < leading) {
      next = active.indexOf(forced[step]);
    } else {
      let least = Number.POSITIVE_INFINITY;
      for (let j = 0; j < left; j++) {
        const loss = (weights[j] * weights[j]) / diagonal[j];
        if (loss < least) {
          least = loss;
          next = j;
        }
      }
    }
    const pivot = diagonal[next];
    if (step >= leading) highest = Math.max(highest, (weights[next] * weights[next]) / pivot);
    order[step] = active[next];
    losses[step] = highest;
    if (--left === 0) return;
    // The column of the inverse as it is now, less what has been taken off before; four at a time.
    const column = step * size;
    const line = active[next] * size;
    for (let j = 0; j <= left; j++) columns[column + j] = inverse[line + active[j]];
    let at = 0;
    for (; at + 3 < step; at += 4) {
      const a = at * size;
      const b = a + size;
      const c = b + size;
      const d = c + size;
      const [p, q, r, s] = [columns[a + next], columns[b + next], columns[c + next], columns[d + next]];
      for (let j = 0; j <= left; j++) {
        columns[column + j] -= p * columns[a + j] + q * columns[b + j] + r * columns[c + j] + s * columns[d + j];
      }
    }
    for (; at < step; at++) {
      const a = at * size;
      const p = columns[a + next];
      for (let j = 0; j <= left; j++) columns[column + j] -= p * columns[a + j];
    }
    const scale = 1 / Math.sqrt(pivot);
    const share = weights[next] * scale;
    for (let j = 0; j <= left; j++) {
      const value = columns[column + j] * scale;
      columns[column + j] = value;
      weights[j] -= value * share;
      diagonal[j] -= value * value;
    }
    // The last one takes the place of what has gone.
    active[next] = active[left];
    weights[next] = weights[left];
    diagonal[next] = diagonal[left];
    for (let row = next; row <= column + next; row += size) columns[row] = columns[row + left - next];
  }
}
