import type { Fitted, Format, ValueSet } from './format.js';
import { powerBelow } from './power.js';
import { largestOf, leastError } from './range.js';
import { mirrored } from './uniform.js';

/** Largest exponents below that of the largest weight that are tried. */
const TRIED = 4;

/** Zero and powers of two of either sign, rounded by the exponent; the largest exponent is the tensor's own (LogNet, nnabla). */
export function pow(bits: number): Format {
  const exponents = 2 ** (bits - 1) - 1;
  return shifted(`pow${bits}`, bits, powers(exponents, { hasZero: true, isByRatio: true }), exponents);
}

/** The same without a code for zero, which is for exact zeros alone (LogNet). */
export function lognet(bits: number): Format {
  const exponents = 2 ** (bits - 1);
  return shifted(`lognet${bits}`, bits, powers(exponents, { hasZero: false, isByRatio: true }), exponents);
}

/** Incremental network quantisation's: the nearest of zero and a quarter as many powers of two a sign as there are codes. */
export function inq(bits: number): Format {
  const exponents = 2 ** (bits - 2);
  const set = powers(exponents, { hasZero: true, isByRatio: false });
  return {
    name: `inq${bits}`,
    bits,
    range: 'max',
    ranges: [],
    fit: (weights) => topped(set, exponents, Math.floor(Math.log2((4 * largestOf(weights)) / 3))),
  };
}

/** Ristretto's integer powers of two: 2^−8 to 2^−1 at four bits, whatever the weights. */
export function ristrettoPow(bits: number): Format {
  const exponents = 2 ** (bits - 1);
  const set = powers(exponents, { hasZero: false, isByRatio: true });
  return {
    name: `ristretto-pow${bits}`,
    bits,
    range: 'max',
    ranges: [],
    fit: () => topped(set, exponents, -1),
  };
}

/** A format of powers of two whose largest exponent is found. */
function shifted(name: string, bits: number, set: ValueSet, exponents: number): Format {
  return {
    name,
    bits,
    range: 'mse',
    ranges: [],
    fit(weights, { range = 'mse' }) {
      const top = Math.round(Math.log2(largestOf(weights)));
      if (range === 'max') return topped(set, exponents, top);
      return leastError(
        weights,
        Array.from({ length: TRIED }, (_, i) => topped(set, exponents, top - i)),
      );
    },
  };
}

/** The set with this largest exponent. */
function topped(set: ValueSet, exponents: number, top: number): Fitted {
  return { set, scale: 2 ** (top - exponents + 1), offset: 0 };
}

interface Rules {
  /** Whether small numbers become zero; exact zeros always stay. */
  readonly hasZero: boolean;
  /** Whether the border of two powers is where the ratio to both is the same, or halfway. */
  readonly isByRatio: boolean;
}

/** ±1, ±2, ±4 … so many of them. */
function powers(exponents: number, { hasZero, isByRatio }: Rules): ValueSet {
  const high = 2 ** (exponents - 1);
  /** The power of two below a size, within those of the set. */
  const lowerOf = (size: number) => (size < 1 ? 1 : Math.min(high, powerBelow(size)));
  const signed = (x: number, size: number) => (x < 0 ? -size : size);
  const nearest = (x: number) => {
    const size = Math.abs(x);
    if (size === 0) return 0;
    if (isByRatio) {
      if (hasZero && size < Math.SQRT1_2) return 0;
      const lower = lowerOf(size);
      return signed(x, size >= 1 && size >= Math.SQRT2 * lower ? Math.min(high, 2 * lower) : lower);
    }
    if (hasZero && size < 0.5) return 0;
    const lower = lowerOf(size);
    return signed(x, size < lower ? lower : Math.min(high, size >= 1.5 * lower ? 2 * lower : lower));
  };
  /** The powers next to a positive size. */
  const under = (size: number) => (size < 1 ? (hasZero ? 0 : 1) : lowerOf(size));
  const over = (size: number) => (size <= 1 ? 1 : Math.min(high, 2 ** Math.ceil(Math.log2(size))));
  return {
    low: -high,
    high,
    nearest,
    below: (x) => (x === 0 ? 0 : x > 0 ? under(x) : -over(-x)),
    above: (x) => (x === 0 ? 0 : x > 0 ? over(x) : -under(-x) + 0),
    values: () =>
      mirrored(
        Array.from({ length: exponents }, (_, i) => 2 ** i),
        hasZero,
      ),
  };
}
