const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);
/** Which of the words holds sign, exponent and the mantissa's upper bits. */
const UPPER = new Uint8Array(Float64Array.of(1).buffer)[7] === 0 ? 0 : 1;

/** The largest power of two that is not above a positive number that is not subnormal: the number without its mantissa. */
export function powerBelow(x: number): number {
  double[0] = x;
  words[UPPER] &= 0x7ff00000;
  words[1 - UPPER] = 0;
  return double[0];
}
