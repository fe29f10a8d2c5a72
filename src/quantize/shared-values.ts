import { encodeKernels } from '../kernels/encode/index.js';

/** More values than these are not looked for. A byte a weight tells so many apart, zero among them. */
const MOST_VALUES = 256;

/** A value has so many weights at least, on average, where values are shared and do not only coincide. */
export const WEIGHTS_A_VALUE = 2;

/**
 * How many values besides zero a layer's weights share, if they are few: as after clustering or rounding, by whatever tool.
 *
 * @returns `undefined` for weights that have values of their own
 */
export function sharedValuesOf(weights: Float32Array): number | undefined {
  const bits = new Uint32Array(weights.buffer, weights.byteOffset, weights.length);
  const found = encodeKernels().findValues(bits, MOST_VALUES);
  if (!found) return undefined;
  // Without its sign a zero is a zero.
  const isZero = Array.from(found.values, (value) => value << 1 === 0);
  const zeros = isZero.reduce((sum, is, i) => sum + (is ? found.counts[i] : 0), 0);
  const distinct = isZero.filter((is) => !is).length;
  return weights.length - zeros >= WEIGHTS_A_VALUE * distinct ? distinct : undefined;
}
