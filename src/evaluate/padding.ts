import type { Batch } from '../data/dataset.js';

/** Whether an input of a transformer is what tells its tokens from what only fills up a line, by its name. */
export function isMask(name: string): boolean {
  return /(^|[_.])(attention_?)?mask$/i.test(name);
}

/**
 * Tells which rows of an output take part. Where a mask [N, T] of ones and zeros is among the inputs and the rows are its
 * positions, those are the real ones; otherwise all.
 */
export function realRows({ inputs }: Batch, dims: readonly number[]): (row: number) => boolean {
  const [, mask] = Object.entries(inputs).find(([name, array]) => isMask(name) && array.dims.length === 2) ?? [];
  if (!mask || dims.length < 3 || dims[0] !== mask.dims[0] || dims[1] !== mask.dims[1]) return () => true;
  const inner = dims.slice(2, -1).reduce((product, dim) => product * dim, 1);
  return (row) => Number(mask.data[Math.floor(row / inner)]) !== 0;
}
