import { BINARY, BINARYCONNECT } from './binary.js';
import { fixed } from './fixed.js';
import type { Format } from './format.js';
import { int } from './int.js';
import { minifloat, ristrettoMinifloat } from './minifloat.js';
import { inq, lognet, pow, ristrettoPow } from './pow.js';
import { TERNARY } from './ternary.js';
import { minmax, uint } from './uint.js';

/** The name of the format that is none: weights keep their values. */
export const FLOAT32 = 'float32';

/** A way to write formats: the pattern of a name, and what it stands for, `undefined` where its numbers are out of range. */
interface Spelling {
  readonly pattern: RegExp;
  readonly make: (first: number, second: number) => Format | undefined;
}

const within = (value: number, low: number, high: number) => value >= low && value <= high;

/** A family named by its bits. */
function byBits(name: string, low: number, high: number, make: (bits: number) => Format): Spelling {
  return {
    pattern: new RegExp(`^${name}(\\d{1,2})$`),
    make: (bits) => (within(bits, low, high) ? make(bits) : undefined),
  };
}

/** Fixed point of so many bits, those behind the point given or not. */
function fixedAt(bits: number, position: number): Format | undefined {
  const isPlaced = !Number.isNaN(position);
  if (!within(bits, 2, 32) || (isPlaced && !within(position, -32, 64))) return undefined;
  return fixed(bits, isPlaced ? position : undefined);
}

/** Exponents beyond these leave what float32 holds; codes have at most 16 bits. */
function floatAt(make: (exponent: number, mantissa: number) => Format) {
  return (exponent: number, mantissa: number) =>
    within(exponent, 1, 5) && within(mantissa, 0, 10) ? make(exponent, mantissa) : undefined;
}

/** Every spelling; the first of a family is the one that formats are printed in. */
const SPELLINGS: readonly Spelling[] = [
  byBits('int', 2, 16, int),
  byBits('uint', 1, 16, uint),
  byBits('minmax', 1, 16, minmax),
  { pattern: /^fixed(\d{1,2})(?:\.(-?\d{1,2}))?$/, make: fixedAt },
  { pattern: /^FIXED(\d{1,2})(?:_(\d{1,2}))?$/, make: fixedAt },
  // As ARM writes it: integer bits with the sign's, and bits of the fraction.
  { pattern: /^Q(\d{1,2})\.(\d{1,2})$/, make: (whole, fraction) => fixedAt(whole + fraction, fraction) },
  { pattern: /^e(\d)m(\d{1,2})$/, make: floatAt(minifloat) },
  { pattern: /^ristretto-e(\d)m(\d{1,2})$/, make: floatAt(ristrettoMinifloat) },
  byBits('pow', 2, 6, pow),
  byBits('lognet', 2, 6, lognet),
  byBits('inq', 2, 6, inq),
  byBits('ristretto-pow', 2, 6, ristrettoPow),
  { pattern: /^ternary$/, make: () => TERNARY },
  { pattern: /^(?:binary|SIGN)$/, make: () => BINARY },
  { pattern: /^binaryconnect$/, make: () => BINARYCONNECT },
];

/** What formats look like, for messages and help. */
export const FORMATS_TEXT =
  'int8, uint4, fixed8, fixed16.12, e4m3, e2m1, pow4, ternary, binary, float32; for comparison minmax8, lognet4, inq5, ristretto-e4m3, ristretto-pow4, binaryconnect';

/**
 * The format of a name; `undefined` for a name that no format has, and for `float32`, which is none.
 *
 * @example
 * formatNamed('FIXED16_12')?.name; // 'fixed16.12'
 */
export function formatNamed(name: string): Format | undefined {
  for (const { pattern, make } of SPELLINGS) {
    const found = pattern.exec(name);
    if (found) return make(Number(found[1] ?? Number.NaN), Number(found[2] ?? Number.NaN));
  }
  return undefined;
}

/** Whether a name is one of a format, `float32` among them. */
export function isFormatName(name: string): boolean {
  return name === FLOAT32 || formatNamed(name) !== undefined;
}

/** The spelling that formats are recorded and shown in. */
export function canonicalName(name: string): string {
  return formatNamed(name)?.name ?? name;
}

/** The format of the same family with so many bits; `undefined` where the family has none. Floats change their mantissas. */
export function formatOfWidth(name: string, bits: number): Format | undefined {
  const canonical = canonicalName(name);
  const float = /^(ristretto-)?e(\d)m\d+$/.exec(canonical);
  if (float) return formatNamed(`${float[1] ?? ''}e${float[2]}m${bits - 1 - Number(float[2])}`);
  return /\d$/.test(canonical) && !canonical.includes('.')
    ? formatNamed(canonical.replace(/\d+$/, `${bits}`))
    : undefined;
}

/** What a JSON schema says of names: the spellings, without the ranges of their numbers. */
export const FORMAT_PATTERN = new RegExp(`${SPELLINGS.map(({ pattern }) => pattern.source).join('|')}|^${FLOAT32}$`);
