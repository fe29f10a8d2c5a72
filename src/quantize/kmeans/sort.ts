import { encodeKernels } from '../../kernels/encode/index.js';

/**
 * Sorts values ascending into a new array; the input is not changed.
 *
 * Radix sort on the bit patterns, O(n). The order is that of the native sort for all finite values and infinities (-0
 * stands before +0). NaNs land at one end or the other, by their sign bit.
 *
 * @example
 * sortFloats(Float32Array.of(3, -1, 2)); // Float32Array [-1, 2, 3]
 */
export function sortFloats(values: Float32Array): Float32Array {
  return encodeKernels().sort(values, false);
}

/** As {@link sortFloats}, without zeros of either sign. */
export function sortNonZeros(values: Float32Array): Float32Array {
  return encodeKernels().sort(values, true);
}
