export function firstNotFinite(values: Float32Array): number {
  // What is not finite is no zero when it is taken from itself.
  for (let i = 0; i < values.length; i++) if (values[i] - values[i] !== 0) return i;
  return -1;
}

export function countMagnitudes(values: Float32Array, counts: Float64Array): void {
  const bits = bitsOf(values);
  for (let i = 0; i < bits.length; i++) counts[(bits[i] >>> 16) & 0x7fff]++;
}

export function countWithin(values: Float32Array, upper: number, counts: Float64Array): void {
  const bits = bitsOf(values);
  for (let i = 0; i < bits.length; i++) if (((bits[i] >>> 16) & 0x7fff) === upper) counts[bits[i] & 0xffff]++;
}

export function zeroBelow(values: Float32Array, threshold: number, ties: number): number {
  let left = ties;
  for (let i = 0; i < values.length; i++) {
    const magnitude = Math.abs(values[i]);
    // The other way round, so that what is no number stays.
    if (!(magnitude <= threshold) || magnitude === 0) continue;
    if (magnitude === threshold && left > 0) left--;
    else values[i] = 0;
  }
  return left;
}

function bitsOf(values: Float32Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length);
}
