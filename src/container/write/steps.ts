import { BitWriter } from '../../binary/bits.js';
import { concat } from '../../binary/bytes.js';
import { writeGolomb, zigzag } from '../../entropy/golomb.js';
import { ESCAPES, MANTISSA_BITS, MINUS_ZERO } from '../constants.js';
import type { Escapes } from './escapes.js';

/** The grid that values lie on. */
export interface Grid {
  /** Its step; or with an axis the steps of grids, one for each line along it, and values are what they multiply. */
  readonly steps: Float32Array;
  readonly axis?: number;
  /** Whether −0 is among the values: then it is the second. */
  readonly hasMinusZero: boolean;
}

/** Low bits of a pattern that are zero, of those that tell no power of two from another. */
export function zerosOf(pattern: number): number {
  return pattern === 0 ? MANTISSA_BITS : Math.min(MANTISSA_BITS, 31 - Math.clz32(pattern & -pattern));
}

/**
 * A grid, or those of all lines, as they stand in a section: steps without the low bits that are zero in all, the exponent
 * of each as its difference to the one before.
 */
export function writeGrid({ steps, hasMinusZero }: Grid, escapes: Escapes | undefined): Uint8Array {
  const patterns = new Uint32Array(steps.buffer, steps.byteOffset, steps.length);
  const zeros = patterns.reduce((least, pattern) => Math.min(least, zerosOf(pattern)), MANTISSA_BITS);
  const used = MANTISSA_BITS - zeros;
  const flags = used | (hasMinusZero ? MINUS_ZERO : 0) | (escapes ? ESCAPES : 0);
  const bits = new BitWriter();
  let before = 127;
  for (const pattern of patterns) {
    const exponent = pattern >>> MANTISSA_BITS;
    writeGolomb(bits, zigzag(exponent - before), 0);
    bits.write((pattern >>> zeros) & (2 ** used - 1), used);
    before = exponent;
  }
  return concat([Uint8Array.of(flags, ...(escapes ? [escapes.apart, escapes.beyond] : [])), bits.finish()]);
}
