import type { InputArray } from './dataset.js';

/** Most networks on images are trained on pixels between 0 and 1. */
const PIXEL_SCALE = 1 / 255;

/** Marks uint8 arrays of images (a sample axis and at least two more) to be scaled when a model takes floats. */
export function markPixels(input: InputArray, scale: number = PIXEL_SCALE): InputArray {
  const bytes = input.data instanceof Uint8Array && (input.type ?? 'uint8') === 'uint8';
  return bytes && input.dims.length >= 3 ? { ...input, scale } : input;
}
