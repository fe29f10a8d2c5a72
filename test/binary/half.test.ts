import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromBfloat16, fromHalf, toBfloat16, toHalf } from '../../src/binary/half.js';

/** A float format by its two widths, decoded from the bit fields with nothing but the definition of IEEE 754. */
function decoded(pattern: number, exponentBits: number, fractionBits: number): number {
  const fields = pattern.toString(2).padStart(1 + exponentBits + fractionBits, '0');
  const sign = fields[0] === '1' ? -1 : 1;
  const exponent = Number.parseInt(fields.slice(1, 1 + exponentBits), 2);
  const fraction = Number.parseInt(fields.slice(1 + exponentBits), 2) / 2 ** fractionBits;
  const bias = 2 ** (exponentBits - 1) - 1;
  if (exponent === 2 ** exponentBits - 1) return fraction === 0 ? sign * Infinity : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** (1 - bias) : sign * (1 + fraction) * 2 ** (exponent - bias);
}

/** The nearest finite pattern of the value's sign, by trying its two neighbours; the even one where both are as near. */
function nearest(value: number, exponentBits: number, fractionBits: number): number {
  const magnitude = Math.abs(value);
  const sign = value < 0 || Object.is(value, -0) ? 2 ** (exponentBits + fractionBits) : 0;
  // Above the largest finite value the next pattern, infinity, stands for the power of two that would follow.
  const infinity = (2 ** exponentBits - 1) * 2 ** fractionBits;
  const of = (pattern: number) =>
    pattern === infinity ? 2 ** (2 ** (exponentBits - 1)) : decoded(pattern, exponentBits, fractionBits);
  let low = 0;
  let high = infinity;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (of(middle) <= magnitude) low = middle;
    else high = middle;
  }
  const below = magnitude - of(low);
  const above = of(high) - magnitude;
  if (below === above) return sign + (low % 2 === 0 ? low : high);
  return sign + (below < above ? low : high);
}

const formats = [
  { name: 'float16', from: fromHalf, to: toHalf, exponentBits: 5, fractionBits: 10 },
  { name: 'bfloat16', from: fromBfloat16, to: toBfloat16, exponentBits: 8, fractionBits: 7 },
];

describe.each(formats)('$name', ({ from, to, exponentBits, fractionBits }) => {
  it('every bit pattern has the value of its fields, and goes back to itself', () => {
    const wrong: number[] = [];
    for (let pattern = 0; pattern < 65_536; pattern++) {
      const value = from(pattern);
      const isNotANumber = Number.isNaN(value);
      if (!Object.is(value, decoded(pattern, exponentBits, fractionBits))) wrong.push(pattern);
      // A NaN stays one, of the same sign, but need not keep its payload.
      else if (isNotANumber ? !Number.isNaN(from(to(value))) : to(value) !== pattern) wrong.push(pattern);
    }
    expect(wrong).toEqual([]);
  });

  it('rounds every halfway point to even and its neighbours to the nearer side', () => {
    const bits = new Uint32Array(1);
    const float = new Float32Array(bits.buffer);
    const wrong: number[] = [];
    const infinity = (2 ** exponentBits - 1) * 2 ** fractionBits;
    for (let pattern = 0; pattern < infinity - 1; pattern++) {
      float[0] = (from(pattern) + from(pattern + 1)) / 2;
      const tie = bits[0];
      for (const [step, expected] of [
        [-1, pattern],
        [0, pattern % 2 === 0 ? pattern : pattern + 1],
        [1, pattern + 1],
      ]) {
        bits[0] = tie + step;
        if (to(float[0]) !== expected) wrong.push(pattern);
        if (to(-float[0]) !== expected + 0x8000) wrong.push(-pattern);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('gives any float32 its nearest pattern', () => {
    const anyFloat = fc.oneof(
      fc.float({ noNaN: true, noDefaultInfinity: true }),
      fc.float({ noNaN: true, min: Math.fround(-1e-4), max: Math.fround(1e-4) }),
      fc.float({ noNaN: true, min: -70_000, max: 70_000 }),
    );
    fc.assert(
      fc.property(anyFloat, (value) => {
        expect(to(value)).toBe(nearest(value, exponentBits, fractionBits));
      }),
      { numRuns: 2000 },
    );
  });

  it('keeps infinities, NaN and the sign of zero', () => {
    const infinity = (2 ** exponentBits - 1) * 2 ** fractionBits;
    expect([to(Infinity), to(-Infinity), to(0), to(-0)]).toEqual([infinity, infinity + 0x8000, 0, 0x8000]);
    expect(from(to(Number.NaN))).toBeNaN();
  });
});

describe('toHalf', () => {
  it.each([
    ['the largest finite', 65504, 0x7bff],
    ['the last that rounds down to it', 65519.996, 0x7bff],
    ['halfway to the next power of two', 65520, 0x7c00],
    ['the largest float32', 3.4028234663852886e38, 0x7c00],
    ['the smallest normal', 2 ** -14, 0x0400],
    ['rounded up into the normals', 2 ** -14 - 2 ** -26, 0x0400],
    ['the smallest subnormal', 2 ** -24, 0x0001],
    ['half of it: a tie, to zero', 2 ** -25, 0x0000],
    ['a little more than half of it', 2 ** -25 + 2 ** -48, 0x0001],
    ['the smallest float32', 2 ** -149, 0x0000],
    ['one third', 1 / 3, 0x3555],
    ['minus two', -2, 0xc000],
  ])('%s: %d', (_, value, pattern) => {
    expect(toHalf(value)).toBe(pattern);
    expect(toHalf(-value)).toBe(pattern ^ 0x8000);
  });
});

describe('toBfloat16', () => {
  it.each([
    ['one', 1, 0x3f80],
    ['pi', Math.PI, 0x4049],
    ['a tie above an even pattern', 1 + 2 ** -8, 0x3f80],
    ['a tie above an odd pattern', 1 + 3 * 2 ** -8, 0x3f82],
    ['rounded up to the next power of two', 2 - 2 ** -9, 0x4000],
    ['the largest float32, to infinity', 3.4028234663852886e38, 0x7f80],
    ['the largest finite', 255 * 2 ** 120, 0x7f7f],
    ['a subnormal', 2 ** -133, 0x0001],
  ])('%s: %d', (_, value, pattern) => {
    expect(toBfloat16(value)).toBe(pattern);
    expect(toBfloat16(-value)).toBe(pattern ^ 0x8000);
  });

  it('never turns a NaN into an infinity by cutting its payload off', () => {
    const bits = Uint32Array.of(0x7f800001, 0xff80ffff, 0x7fffffff);
    for (const value of new Float32Array(bits.buffer)) expect(fromBfloat16(toBfloat16(value))).toBeNaN();
  });
});
