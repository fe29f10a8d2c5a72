import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalCodes, isCompleteCode } from '../../src/entropy/canonical.js';
import { codedBits, codeLengths } from '../../src/entropy/lengths.js';
import { Random } from '../support/random.js';

/** Kraft's sum in units of 2^-limit: exactly 2^limit for a code that wastes nothing. */
const kraft = (lengths: Uint8Array, limit: number) =>
  lengths.reduce((sum, length) => sum + (length > 0 ? 2 ** (limit - length) : 0), 0);

/** Bits of Huffman's code without a limit: the sum of all inner nodes of his tree. */
function huffmanBits(counts: readonly number[]): number {
  const open = counts.filter((count) => count > 0);
  if (open.length === 1) return open[0];
  let bits = 0;
  while (open.length > 1) {
    open.sort((a, b) => b - a);
    const merged = open.pop()! + open.pop()!;
    bits += merged;
    open.push(merged);
  }
  return bits;
}

/** Fewest bits over every assignment of lengths up to the limit that Kraft's inequality allows. */
function bruteForceBits(counts: readonly number[], limit: number): number {
  const used = counts.filter((count) => count > 0);
  const search = (at: number, space: number): number => {
    if (at === used.length) return 0;
    let best = Infinity;
    for (let length = 1; length <= limit; length++) {
      const cost = 2 ** (limit - length);
      if (cost <= space) best = Math.min(best, used[at] * length + search(at + 1, space - cost));
    }
    return best;
  };
  return search(0, 2 ** limit);
}

const fibonacci = (count: number) => {
  const numbers = [1, 1];
  while (numbers.length < count) numbers.push(numbers[numbers.length - 1] + numbers[numbers.length - 2]);
  return numbers;
};

describe('codeLengths', () => {
  it.each([
    ['no symbols', [], []],
    ['none that occur', [0, 0, 0], [0, 0, 0]],
    ['one', [7], [1]],
    ['one among others', [0, 0, 3], [0, 0, 1]],
    ['two', [1, 1000], [1, 1]],
    ['three', [5, 1, 1, 0], [1, 2, 2, 0]],
    ['four alike', [3, 3, 3, 3], [2, 2, 2, 2]],
    ['powers of two', [8, 4, 2, 1, 1], [1, 2, 3, 4, 4]],
  ])('%s', (_, counts, lengths) => {
    expect([...codeLengths(counts, 11)]).toEqual(lengths);
  });

  it('is optimal under its limit: no assignment of lengths takes fewer bits', () => {
    const counts = fc.array(fc.oneof(fc.nat({ max: 8 }), fc.nat({ max: 1000 })), { minLength: 2, maxLength: 6 });
    fc.assert(
      fc.property(counts, fc.integer({ min: 3, max: 6 }), (some, limit) => {
        if (some.every((count) => count === 0)) return;
        expect(codedBits(some, codeLengths(some, limit))).toBe(bruteForceBits(some, limit));
      }),
      { numRuns: 150 },
    );
  });

  it('is Huffman’s code where the limit does not bind', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 50 }), { minLength: 1, maxLength: 16 }), (counts) => {
        if (counts.every((count) => count === 0)) return;
        expect(codedBits(counts, codeLengths(counts, 15))).toBe(huffmanBits(counts));
      }),
      { numRuns: 300 },
    );
  });

  it('fills the code space exactly, within the limit, longer for rarer', () => {
    const counts = fc.array(fc.oneof(fc.constant(0), fc.nat({ max: 2 ** 40 })), { minLength: 2, maxLength: 200 });
    fc.assert(
      fc.property(counts, fc.integer({ min: 8, max: 12 }), (some, limit) => {
        const lengths = codeLengths(some, limit);
        const used = some.filter((count) => count > 0).length;
        for (const [i, count] of some.entries()) {
          expect(lengths[i] > 0).toBe(count > 0);
          expect(lengths[i]).toBeLessThanOrEqual(limit);
          for (const [k, other] of some.entries())
            if (count > other && other > 0 && lengths[i] > lengths[k]) expect.fail();
        }
        expect(kraft(lengths, limit)).toBe(used === 0 ? 0 : used === 1 ? 2 ** (limit - 1) : 2 ** limit);
        expect(isCompleteCode(lengths, limit)).toBe(used > 0);
      }),
    );
  });

  it('respects the limit on Fibonacci counts, where Huffman’s code is as deep as can be', () => {
    const counts = fibonacci(40);
    expect(Math.max(...codeLengths(fibonacci(12), 15))).toBe(11);
    for (const limit of [6, 8, 11, 12, 15]) {
      const lengths = codeLengths(counts, limit);
      expect(Math.max(...lengths)).toBe(limit);
      expect(kraft(lengths, limit)).toBe(2 ** limit);
      expect(codedBits(counts, lengths)).toBeGreaterThan(huffmanBits(counts));
    }
    // Each bit more can only help.
    const bits = [6, 7, 8, 9, 10, 11, 12].map((limit) => codedBits(counts, codeLengths(counts, limit)));
    expect(bits).toEqual([...bits].sort((a, b) => b - a));
  });

  it('codes 1024 symbols in 12 bits, even or skewed, and quickly', () => {
    const random = new Random(1);
    for (const counts of [
      Array.from({ length: 1024 }, () => 1),
      Array.from({ length: 1024 }, (_, i) => Math.ceil(1.2 ** Math.min(i, 180))),
      Array.from({ length: 1024 }, () => 1 + random.below(100_000)),
    ]) {
      const lengths = codeLengths(counts, 12);
      expect(Math.max(...lengths)).toBeLessThanOrEqual(12);
      expect(kraft(lengths, 12)).toBe(4096);
    }
    expect([...new Set(codeLengths(new Array(1024).fill(9), 12))]).toEqual([10]);
  });

  it('takes exactly as many symbols as the limit has room for, not one more', () => {
    expect([
      ...new Set(
        codeLengths(
          new Array(8).fill(0).map((_, i) => i ** 9 + 1),
          3,
        ),
      ),
    ]).toEqual([3]);
    expect(() => codeLengths(new Array(9).fill(1), 3)).toThrow('9 symbols do not fit codes of 3 bits');
  });

  it('is the same for the same counts, in whatever array they come', () => {
    const counts = Array.from({ length: 300 }, (_, i) => (i * 7919) % 13);
    expect(codeLengths(Uint32Array.from(counts), 12)).toEqual(codeLengths(counts, 12));
    expect(codeLengths(Float64Array.from(counts), 12)).toEqual(codeLengths(counts, 12));
  });
});

describe('canonicalCodes', () => {
  it('numbers codes by length, then by symbol, as RFC 1951 does', () => {
    // The example of §3.2.2: lengths of A … H, and their codes as they are written, first bit first.
    const lengths = Uint8Array.of(3, 3, 3, 3, 3, 2, 4, 4);
    const written = ['010', '011', '100', '101', '110', '00', '1110', '1111'];
    const codes = canonicalCodes(lengths);
    const bits = Array.from(codes, (code, i) =>
      code.toString(2).padStart(lengths[i], '0').split('').reverse().join(''),
    );
    expect(bits).toEqual(written);
  });

  it('gives prefix-free codes: none begins another', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 500 }), { minLength: 2, maxLength: 64 }), (counts) => {
        const lengths = codeLengths(counts, 11);
        const codes = canonicalCodes(lengths);
        for (let a = 0; a < counts.length; a++) {
          for (let b = 0; b < counts.length; b++) {
            if (a === b || lengths[a] === 0 || lengths[b] < lengths[a]) continue;
            if ((codes[b] & (2 ** lengths[a] - 1)) === codes[a]) expect.fail(`code ${a} begins code ${b}`);
          }
        }
      }),
    );
  });
});

describe('isCompleteCode', () => {
  it.each([
    ['two of one bit', [1, 1], true],
    ['a single symbol of one bit', [0, 1, 0], true],
    ['a single symbol of two bits', [2], false],
    ['nothing', [0, 0], false],
    ['space left', [1, 2], false],
    ['too much', [1, 1, 1], false],
    ['far too much', [1, 1, 1, 1, 2, 2], false],
    ['beyond the limit', [1, 2, 3, 4, 5, 5], false],
    ['up to the limit', [1, 2, 3, 4, 4], true],
  ])('%s', (_, lengths, complete) => {
    expect(isCompleteCode(Uint8Array.from(lengths), 4)).toBe(complete);
  });
});
