/** float16 and bfloat16 by hand: Node 20 has neither Float16Array nor DataView.getFloat16. */
const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** The float32 with the value of this IEEE 754 binary16 bit pattern (every one is exact). */
export function fromHalf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The binary16 bit pattern nearest to the float32 `value`, ties to even; what is too large becomes infinity, as IEEE 754 has it. */
export function toHalf(value: number): number {
  float[0] = value;
  const x = bits[0];
  const sign = (x >>> 16) & 0x8000;
  const magnitude = x & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude >= 0x38800000) return sign | roundedShift(magnitude - 0x38000000, 13);
  if (magnitude < 0x33000000) return sign;
  // A subnormal half: shift the significand, hidden bit included, to the place of 2^-24.
  return sign | roundedShift((magnitude & 0x7fffff) | 0x800000, 126 - (magnitude >>> 23));
}

/** The float32 with the value of this bfloat16 bit pattern. */
export function fromBfloat16(pattern: number): number {
  bits[0] = pattern << 16;
  return float[0];
}

/** The bfloat16 bit pattern nearest to the float32 `value`, ties to even. */
export function toBfloat16(value: number): number {
  float[0] = value;
  const x = bits[0];
  if ((x & 0x7fffffff) > 0x7f800000) return (x >>> 16) | 0x40;
  return roundedShift(x, 16) & 0xffff;
}

/** `x / 2^by` rounded to the nearest integer, ties to even; `by` from 1 to 31. */
function roundedShift(x: number, by: number): number {
  const quotient = x >>> by;
  const rest = x & ((1 << by) - 1);
  const half = 2 ** (by - 1);
  const up = rest > half || (rest === half && (quotient & 1) === 1);
  return quotient + (up ? 1 : 0);
}
