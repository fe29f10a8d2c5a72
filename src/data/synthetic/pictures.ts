import type { Random } from '../../random.js';
import { deadLeaves } from './dead-leaves.js';
import { drawing } from './drawings.js';

/** Pixels from 0 to 1 with this mean and deviation taken out: about what most models are trained with. */
const MEAN = 0.5;
const DEVIATION = 0.25;
/** Share of the pictures that are drawings. */
const DRAWINGS = 0.5;
/** More channels than this are none of a picture; a third axis that is shorter than its neighbours is of channels. */
const MOST_CHANNELS = 4;

/**
 * A picture as a model takes it: dead leaves or a drawing.
 *
 * @param dims - of one sample: [C, H, W], [H, W, C], [H, W], or one axis for a square written as a line
 * @param isBytes - whole numbers from 0 to 255, in place of floats of mean 0 and deviation 1
 */
export function picture(random: Random, dims: readonly number[], isBytes: boolean): Float32Array {
  const { channels, height, width, isLast } = layoutOf(dims);
  const draw = random.float() < DRAWINGS ? drawing : deadLeaves;
  const leaves = draw(random, channels, height, width);
  const size = height * width;
  const values = new Float32Array(leaves.length);
  for (let channel = 0; channel < channels; channel++) {
    for (let i = 0; i < size; i++) {
      const light = leaves[channel * size + i];
      values[isLast ? i * channels + channel : channel * size + i] = isBytes
        ? Math.max(0, Math.min(255, Math.round(255 * light)))
        : (light - MEAN) / DEVIATION;
    }
  }
  return values;
}

function layoutOf(dims: readonly number[]): { channels: number; height: number; width: number; isLast: boolean } {
  if (dims.length === 1) {
    const edge = Math.sqrt(dims[0]);
    return { channels: 1, height: edge, width: edge, isLast: false };
  }
  if (dims.length === 2) return { channels: 1, height: dims[0], width: dims[1], isLast: false };
  const [first, second, third] = dims;
  const isLast = third <= MOST_CHANNELS && first > MOST_CHANNELS;
  return isLast
    ? { channels: third, height: first, width: second, isLast }
    : { channels: first, height: second, width: third, isLast };
}
