import type { Fitted, Format, ValueSet } from './format.js';
import { powerBelow } from './power.js';
import { largestOf, leastError } from './range.js';
import { powerAbove } from './scale.js';
import { mirrored, roundEven } from './uniform.js';

/** Exponents below that of the largest weight that are tried. */
const TRIED = 5;

/**
 * Short floating point that saturates, with subnormals and without infinities; its exponent bias is the tensor's own. `e2m1` is
 * FP4.
 */
export function minifloat(exponentBits: number, mantissaBits: number): Format {
  const exponents = 2 ** exponentBits - 1;
  // In units of the least subnormal: the largest is 1.1…1 with the largest exponent.
  const set = floats({ exponents, mantissaBits, hasSubnormals: true });
  const at = (scale: number): Fitted => ({ set, scale, offset: 0 });
  return {
    name: `e${exponentBits}m${mantissaBits}`,
    bits: 1 + exponentBits + mantissaBits,
    range: 'mse',
    ranges: [],
    fit(weights, { range = 'mse' }) {
      const enough = powerAbove(largestOf(weights) / set.high);
      if (range === 'max') return at(enough);
      return leastError(
        weights,
        Array.from({ length: TRIED }, (_, i) => at(enough * 2 ** -i)),
      );
    },
  };
}

/** Ristretto's: a bias of 2^(e − 1) − 1 whatever the weights, no subnormals, and below the least value nothing. */
export function ristrettoMinifloat(exponentBits: number, mantissaBits: number): Format {
  const set = floats({ exponents: 2 ** exponentBits, mantissaBits, hasSubnormals: false });
  const bias = 2 ** (exponentBits - 1) - 1;
  return {
    name: `ristretto-e${exponentBits}m${mantissaBits}`,
    bits: 1 + exponentBits + mantissaBits,
    range: 'max',
    ranges: [],
    fit: () => ({ set, scale: 2 ** (-bias - mantissaBits), offset: 0 }),
  };
}

interface Floats {
  /** Exponents of numbers with a leading one. */
  readonly exponents: number;
  readonly mantissaBits: number;
  readonly hasSubnormals: boolean;
}

/** Numbers of so many mantissa bits, in units of the distance of the smallest ones: [2^m, 2^(m + exponents)) and below. */
function floats({ exponents, mantissaBits, hasSubnormals }: Floats): ValueSet {
  const one = 2 ** mantissaBits;
  const high = (2 * one - 1) * 2 ** (exponents - 1);
  /** The distance of numbers as large as this. */
  const quantumOf = (size: number) => (size < 2 * one ? 1 : powerBelow(size) / one);
  const rounded = (x: number, round: (x: number) => number) => {
    const size = Math.abs(x);
    if (size >= high) return Math.sign(x) * high;
    const quantum = quantumOf(size);
    return round(x / quantum) * quantum;
  };
  if (hasSubnormals) {
    return {
      low: -high,
      high,
      nearest: (x) => rounded(x, roundEven),
      below: (x) => rounded(x, Math.floor),
      above: (x) => rounded(x, Math.ceil),
      values: () => mirrored([...ordinary(exponents, one), ...Array.from({ length: one - 1 }, (_, i) => i + 1)]),
    };
  }
  return {
    low: -high,
    high,
    nearest: (x) => (Math.abs(x) < one ? 0 : rounded(x, roundEven)),
    below: (x) => (Math.abs(x) < one ? (x < 0 ? -one : 0) : rounded(x, Math.floor)),
    above: (x) => (Math.abs(x) < one ? (x > 0 ? one : 0) : rounded(x, Math.ceil)),
    values: () => mirrored(ordinary(exponents, one)),
  };
}

/** Numbers with a leading one. */
function ordinary(exponents: number, one: number): number[] {
  return Array.from({ length: exponents * one }, (_, i) => (one + (i % one)) * 2 ** Math.floor(i / one));
}
