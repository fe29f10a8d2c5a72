import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BitReader, BitWriter } from '../../src/binary/bits.js';
import { readGolomb, unzigzag, writeGolomb, zigzag } from '../../src/entropy/golomb.js';

/** The bits of some bytes, in the order in which they are read. */
const bitsOf = (bytes: Uint8Array) =>
  Array.from(bytes, (byte) => Array.from({ length: 8 }, (_, i) => (byte >> i) & 1).join('')).join('');

function written(numbers: readonly number[], order: number): Uint8Array {
  const bits = new BitWriter();
  for (const number of numbers) writeGolomb(bits, number, order);
  return bits.finish();
}

describe('Golomb codes', () => {
  it.each([
    [0, 0, '1'],
    [1, 0, '010'],
    [2, 0, '011'],
    [3, 0, '00100'],
    [0, 2, '100'],
    [3, 2, '111'],
    [4, 2, '01000'],
    [5, 2, '01100'],
  ])('%i of order %i: %s', (number, order, bits) => {
    const text = bitsOf(written([number], order));
    expect(text.slice(0, bits.length)).toBe(bits);
    expect(text.slice(bits.length)).toMatch(/^0*$/);
  });

  it('go there and back, of any order, up to 32 bits', () => {
    const number = fc.oneof(fc.nat({ max: 40 }), fc.integer({ min: 0, max: 2 ** 32 - 1 }));
    fc.assert(
      fc.property(fc.array(number), fc.nat({ max: 31 }), (numbers, order) => {
        const bytes = written(numbers, order);
        const bits = new BitReader(bytes);
        expect(numbers.map(() => readGolomb(bits, order))).toEqual(numbers);
        expect(bits.end).toBe(bytes.length);
      }),
    );
  });

  it('of zeros only, or cut short: no number that could be meant', () => {
    for (const bytes of [new Uint8Array(), new Uint8Array(3), new Uint8Array(100)])
      expect(readGolomb(new BitReader(bytes), 0)).toBeGreaterThan(2 ** 32);
  });
});

it('differences are numbers from the smallest on', () => {
  expect([0, 1, -1, 2, -2].map(zigzag)).toEqual([0, 1, 2, 3, 4]);
  fc.assert(
    fc.property(
      fc.integer({ min: -(2 ** 30), max: 2 ** 30 }),
      (difference) => unzigzag(zigzag(difference)) === difference,
    ),
  );
});
