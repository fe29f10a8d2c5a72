import { readFileSync } from 'node:fs';
import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expand } from '../../../src/entropy/expand.js';
import {
  DIST_ALIGN,
  DIST_SLOT,
  DIST_SPECIAL,
  IS_MATCH,
  IS_REP,
  LITERAL,
  MATCH_LEN,
  SPARED,
} from '../../../src/entropy/lzma-model.js';
import { squeeze } from '../../../src/kernels/encode/index.js';
import { RangeEncoder } from '../../../src/kernels/encode/reference/lzma/range-encoder.js';
import { Random } from '../../support/random.js';

const random = new Random(41);
const text = Buffer.from('So long as men can breathe or eyes can see, '.repeat(900));
const noise = Uint8Array.from({ length: 70_000 }, () => random.below(256));
const few = Uint8Array.from({ length: 70_000 }, () => random.below(3) ** 2);
/** MatchFinder at every distance and of every length, in turns with bytes that break them. */
const far = Uint8Array.from({ length: 200_000 }, (_, i) => (random.below(90) ? (i >> 8) ^ i : random.below(256)));
/** Bytes that make carries run through many bytes of the coder's. */
const skewed = Uint8Array.from({ length: 70_000 }, () => (random.below(400) ? 255 : random.below(256)));
const source = readFileSync(new URL('../../../src/container/README.md', import.meta.url));
const contents = {
  nothing: new Uint8Array(),
  one: Uint8Array.of(7),
  two: Uint8Array.of(0, 0),
  zeros: new Uint8Array(300_000),
  text,
  noise,
  few,
  far,
  skewed,
  source,
};

const isRangeError = (make: () => unknown) => {
  try {
    make();
  } catch (error) {
    expect(error).toBeInstanceOf(RangeError);
    return true;
  }
  return false;
};

describe('squeeze', () => {
  for (const [name, bytes] of Object.entries(contents))
    it(`is undone by expand: ${name}`, () => {
      const squeezed = squeeze(bytes);
      expect(Buffer.compare(expand(squeezed, bytes.length), bytes)).toBe(0);
      expect(Buffer.compare(squeeze(bytes), squeezed), 'twice the same').toBe(0);
    });

  it('is undone by expand, whatever the bytes', () => {
    const values = fc.oneof(fc.nat(255), fc.nat(1), fc.constant(255));
    const bytes = fc.array(fc.array(values, { maxLength: 40 }), { maxLength: 40 }).map((runs) => {
      return Uint8Array.from([...runs, ...runs.slice(0, 20), ...runs.reverse()].flat());
    });
    fc.assert(
      fc.property(bytes, (some) => {
        expect(Buffer.compare(expand(squeeze(some), some.length), some)).toBe(0);
      }),
      { numRuns: 500, seed: 3 },
    );
  });

  it('makes less of text than deflate, and hardly more of noise than there is', () => {
    expect(squeeze(source).length).toBeLessThan(deflateRawSync(source, { level: 9 }).length);
    expect(squeeze(noise).length).toBeLessThan(1.02 * noise.length);
    expect(squeeze(contents.zeros).length).toBeLessThan(200);
  });
});

describe('expand', () => {
  const bytes = source.subarray(0, 2000);
  const squeezed = squeeze(bytes);

  it('passes over zeros behind the end, and nothing else', () => {
    for (const zeros of [1, 2, 1000])
      expect(Buffer.compare(expand(Buffer.concat([squeezed, Buffer.alloc(zeros)]), bytes.length), bytes)).toBe(0);
    for (const zeros of [SPARED, 2 * SPARED, 1000])
      expect(() => expand(Buffer.concat([squeezed, Buffer.alloc(zeros), Buffer.of(1)]), bytes.length)).toThrow(
        RangeError,
      );
  });

  it('refuses streams that begin beyond the range', () => {
    for (const size of [0, 1, 5]) expect(() => expand(Uint8Array.of(255, 255, 255), size)).toThrow(RangeError);
  });

  it('refuses streams that are cut short', () => {
    for (let end = 0; end < squeezed.length - SPARED; end++)
      expect(() => expand(squeezed.subarray(0, end), bytes.length), `${end} bytes`).toThrow(RangeError);
  });

  it('refuses matches with what is not there, at every distance up to 2^32', () => {
    for (let slot = 0; slot < 64; slot++) {
      for (const isHighest of [0, 1]) {
        const encoder = new RangeEncoder(0);
        encoder.bit(IS_MATCH, 0);
        encoder.bitTree(LITERAL, 8, 7);
        encoder.bit(IS_MATCH, 1);
        encoder.bit(IS_REP, 0);
        encoder.bit(MATCH_LEN, 0);
        encoder.bitTree(MATCH_LEN + 2, 3, 0);
        encoder.bitTree(DIST_SLOT, 6, slot);
        const open = (slot >> 1) - 1;
        if (slot >= 14) {
          for (let i = open - 4; i; i--) encoder.direct(isHighest, 1);
          encoder.reverseBitTree(DIST_ALIGN, 4, 15 * isHighest);
        } else if (slot >= 4)
          encoder.reverseBitTree(DIST_SPECIAL + (2 | (slot & 1)) * 2 ** open - slot, open, isHighest && 2 ** open - 1);
        const expanding = () => expand(encoder.finish(), 3);
        if (slot === 0) expect(expanding()).toEqual(Uint8Array.of(7, 7, 7));
        else expect(expanding, `slot ${slot}`).toThrow(RangeError);
      }
    }
  });

  it('gives as many bytes as it should, or an error, whatever the bytes are', () => {
    let refused = 0;
    for (let round = 0; round < 2_000; round++) {
      const length = random.below(300);
      const damaged = Uint8Array.from(
        round % 2 ? squeeze(bytes.subarray(0, length)) : random.bytes(1 + random.below(60)),
      );
      for (let i = random.below(3); i >= 0; i--) damaged[random.below(damaged.length)] ^= 1 << random.below(8);
      if (isRangeError(() => expect(expand(damaged, length).length).toBe(length))) refused++;
    }
    expect(refused).toBeGreaterThan(500);
  });
});
