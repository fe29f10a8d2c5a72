import { type Fitted, type Format, valueAt } from './formats/format.js';
import { formatNamed } from './formats/parse.js';
import { integers, roundEven } from './formats/uniform.js';

/** How a value is rounded while a model runs. */
export interface ValueRounding {
  /** The format's name: `uint8`, `int4`, `e4m3`. */
  readonly format: string;
  readonly fitted: Fitted;
  /** How its range was found. */
  readonly range: string;
  /** Whether the graph takes the range of each batch; the scale is then that of what was seen. */
  readonly isOnline: boolean;
}

/** How the sign of values is chosen: by the value itself; all signed; all unsigned; or with a zero point where some are negative. */
export const SIGNS = ['value', 'signed', 'unsigned', 'zero-point'] as const;
/** How the sign of values is chosen. */
export type Sign = (typeof SIGNS)[number];

/** The least and the largest number that a rounded value can be. */
export function endsOfRounding({ fitted }: ValueRounding): { low: number; high: number } {
  return { low: valueAt(fitted, fitted.set.low), high: valueAt(fitted, fitted.set.high) };
}

/** Whether a format's numbers are multiples of a step, so that a step and two integers say all of it. */
export function isUniform(format: string): boolean {
  return /^(?:u?int|minmax|fixed)\d/.test(format);
}

/** Integers whose range and sign follow from the value. */
export function isInteger(format: string): boolean {
  return /^u?int\d/.test(format);
}

/** What integers are fitted to. */
export interface IntegerRange {
  readonly bits: number;
  readonly sign: Sign;
  /** The ends of what was seen; `low` is 0 where nothing was negative. */
  readonly low: number;
  readonly high: number;
  /** Larger magnitudes are cut. */
  readonly threshold: number;
}

/**
 * Integers of so many bits that reach to a threshold. Signed ones have as many below zero as above; unsigned ones cut what is
 * negative.
 */
export function fitIntegers({ bits, sign, low, high, threshold }: IntegerRange): { format: string; fitted: Fitted } {
  const isSigned = sign === 'signed' || (sign === 'value' && low < 0);
  const name = `${isSigned ? '' : 'u'}int${bits}`;
  if (isSigned) {
    const reach = 2 ** (bits - 1) - 1;
    return { format: name, fitted: { set: integers(-reach, reach), scale: Math.fround(threshold / reach), offset: 0 } };
  }
  const steps = 2 ** bits - 1;
  const bottom = sign === 'zero-point' ? Math.max(low, -threshold) : 0;
  const top = bottom < 0 ? Math.max(0, Math.min(high, threshold)) : threshold;
  const scale = Math.fround((top - bottom) / steps);
  const zero = Math.min(steps, Math.max(0, roundEven(-bottom / scale)));
  return { format: name, fitted: { set: integers(-zero, steps - zero), scale, offset: 0 } };
}

/** A format that values can be rounded to. @throws RangeError for a name that none has */
export function valueFormat(name: string): Format {
  const format = formatNamed(name);
  if (format) return format;
  throw new RangeError(`expected a number format for values, such as uint8, got ${name}`);
}
