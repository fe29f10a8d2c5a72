import { FxqError } from '../errors.js';
import type { InputArray } from './dataset.js';

/** Most networks on images are trained on pixels between 0 and 1. */
const PIXEL_SCALE = 1 / 255;

/** Marks uint8 arrays of images (a sample axis and at least two more) to be scaled when a model takes floats. */
export function markPixels(input: InputArray, scale: number = PIXEL_SCALE): InputArray {
  const bytes = input.data instanceof Uint8Array && (input.type ?? 'uint8') === 'uint8';
  return bytes && input.dims.length >= 3 ? { ...input, scale } : input;
}

/**
 * Labels as plain numbers, from integers of any width or floats with whole values, of shape [N] or [N, 1].
 *
 * @throws FxqError `DATASET` for one-hot rows and anything else that is not one class a sample
 */
export function toLabels(
  labels: { data: ArrayLike<number | bigint>; dims: readonly number[] },
  file: string,
): number[] {
  const { data, dims } = labels;
  if (dims.length === 0 || data.length !== dims[0]) {
    const got = `[${dims.join(', ')}]`;
    const message = `${file}: expected one label a sample, got labels of shape ${got}; for one-hot rows save argmax(axis=1)`;
    throw new FxqError('DATASET', message, { file, tensor: 'labels', expected: '[N]', actual: got });
  }
  return Array.from(data, (value, index) => {
    const label = Number(value);
    if (Number.isSafeInteger(label)) return label;
    const message = `${file}: expected a whole number as label, got ${value} (sample ${index})`;
    throw new FxqError('DATASET', message, { file, tensor: 'labels', actual: value });
  });
}
