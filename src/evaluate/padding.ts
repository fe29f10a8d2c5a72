import type { Batch } from '../data/dataset.js';

/**
 * Whether an input of a transformer is what tells its tokens from what only fills up a line, by its name. (Masks of padding
 * have the opposite meaning in some frameworks, and are not gone by.)
 */
export function isMask(name: string): boolean {
  return !/pad(ding)?_?mask$/i.test(name) && /(^|[_.])(attention_?)?mask$/i.test(name);
}

/**
 * Tells which rows of an output take part. Where a mask [N, T] of ones and zeros is among the inputs and the output has
 * rows for each of its positions, as many for one as for another, those of real positions; otherwise all.
 *
 * @param dims - of the output
 * @param rows - of it; of [N, T] they may also be one an input, whose T scores are of classes
 */
export function realRows({ inputs }: Batch, dims: readonly number[], rows: number): (row: number) => boolean {
  const [, mask] = Object.entries(inputs).find(([name, array]) => isMask(name) && array.dims.length === 2) ?? [];
  if (!mask || dims[0] !== mask.dims[0] || dims[1] !== mask.dims[1]) return () => true;
  const { length } = mask.data;
  if (rows % length !== 0) return () => true;
  return (row) => Number(mask.data[Math.floor((row * length) / rows)]) !== 0;
}
