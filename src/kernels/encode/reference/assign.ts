import { bucketStarts } from '../buckets.js';
import { orderedKey } from '../kernels.js';

/** A table over the upper 16 bits of a float32 (sign, exponent, seven bits of mantissa), and a search where it has limits. */
export function assign(values: Float32Array, limits: Uint32Array): Uint16Array {
  const assignments = new Uint16Array(values.length);
  const placeOf = placer(limits);
  const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
  for (let i = 0; i < bits.length; i++) assignments[i] = placeOf(bits[i]);
  return assignments;
}

export function share(values: Float32Array, limits: Uint32Array, shared: Float32Array): void {
  const placeOf = placer(limits);
  const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
  for (let i = 0; i < bits.length; i++) values[i] = bits[i] << 1 === 0 ? 0 : shared[placeOf(bits[i])];
}

function placer(limits: Uint32Array): (bits: number) => number {
  const starts = bucketStarts(limits);
  return (bits) => {
    const key = orderedKey(bits) >>> 0;
    let low = starts[key >>> 16];
    let high = starts[(key >>> 16) + 1];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (limits[middle] < key) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}
