import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BitWriter } from '../../src/binary/bits.js';
import { canonicalCodes } from '../../src/entropy/canonical.js';
import { codedBits, codeLengths } from '../../src/entropy/lengths.js';
import { decodingTable } from '../../src/entropy/table.js';
import { decodePairs, decodeSymbols } from '../../src/kernels/decode/reference/streams.js';
import { Random } from '../support/random.js';

const IDENTITY = Uint16Array.from({ length: 4096 }, (_, i) => i);

/** Symbols as a stream of their codes, with the padding bytes before and after that a section would have. */
function write(symbols: readonly number[], lengths: Uint8Array): { bytes: Uint8Array; start: number; end: number } {
  const codes = canonicalCodes(lengths);
  const writer = new BitWriter();
  for (const symbol of symbols) writer.write(codes[symbol], lengths[symbol]);
  const stream = writer.finish();
  const bytes = new Uint8Array(stream.length + 8).fill(0xff);
  bytes.set(stream, 5);
  return { bytes, start: 5, end: 5 + stream.length };
}

function countsOf(symbols: readonly number[], alphabet: number): number[] {
  const counts = new Array<number>(alphabet).fill(0);
  for (const symbol of symbols) counts[symbol]++;
  return counts;
}

/** Decodes a stream, into the middle of an array that may not be touched elsewhere. */
function read({ bytes, start, end }: ReturnType<typeof write>, lengths: Uint8Array, count: number) {
  const out = new Uint16Array(count + 4).fill(0xaaaa);
  const isWhole = decodeSymbols(bytes, start, end, decodingTable(lengths), IDENTITY, out, 2, count);
  expect([out[0], out[1], out[count + 2], out[count + 3]]).toEqual(new Array(4).fill(0xaaaa));
  return { symbols: [...out.subarray(2, count + 2)], isWhole };
}

describe('decodingTable', () => {
  it('gives every value of the next bits the symbol whose code they begin with', () => {
    const lengths = Uint8Array.of(2, 0, 1, 3, 3);
    const { entries, bits } = decodingTable(lengths);
    expect(bits).toBe(3);
    // By symbol: 2 is "0", 0 is "10", 3 is "110", 4 is "111"; the first bit is the lowest.
    const symbols = Array.from(entries, (entry) => entry >> 4);
    expect(symbols).toEqual([2, 0, 2, 3, 2, 0, 2, 4]);
    expect(Array.from(entries, (entry) => entry & 15)).toEqual([1, 2, 1, 3, 1, 2, 1, 3]);
  });

  it('means its only symbol by either bit', () => {
    const { entries, bits } = decodingTable(Uint8Array.of(0, 0, 1));
    expect(bits).toBe(1);
    expect([...entries]).toEqual([0x21, 0x21]);
  });

  it('is full for every complete code, each symbol in the share that its length says', () => {
    const random = new Random(1);
    for (const alphabet of [2, 3, 17, 64, 256, 1024]) {
      const lengths = codeLengths(
        Array.from({ length: alphabet }, () => Math.ceil(1 / (random.float() + 1e-6))),
        12,
      );
      const { entries, bits } = decodingTable(lengths);
      const shares = countsOf(
        Array.from(entries, (entry) => entry >> 4),
        alphabet,
      );
      expect(shares).toEqual(Array.from(lengths, (length) => 2 ** (bits - length)));
    }
  });
});

describe('decodeSymbols', () => {
  it('reads what was written, to the last bit', () => {
    const alphabetAndText = fc
      .integer({ min: 1, max: 300 })
      .chain((alphabet) =>
        fc.tuple(fc.constant(alphabet), fc.array(fc.nat({ max: alphabet - 1 }), { minLength: 1, maxLength: 400 })),
      );
    fc.assert(
      fc.property(alphabetAndText, ([alphabet, text]) => {
        const counts = countsOf(text, alphabet);
        const lengths = codeLengths(counts, 12);
        const stream = write(text, lengths);
        expect(stream.end - stream.start).toBe(Math.ceil(codedBits(counts, lengths) / 8));
        expect(read(stream, lengths, text.length)).toEqual({ symbols: text, isWhole: true });
      }),
    );
  });

  it('reads the deepest code there is', () => {
    const lengths = Uint8Array.from({ length: 13 }, (_, i) => Math.min(i + 1, 12));
    const text = [12, 0, 11, 12, 12, 5, 0, 0, 11];
    expect(read(write(text, lengths), lengths, text.length)).toEqual({ symbols: text, isWhole: true });
  });

  it('notices a stream that is too long, too short, or has a bit set behind its last code', () => {
    const lengths = Uint8Array.of(2, 2, 2, 2);
    const text = [1, 2, 3, 0, 2];
    const stream = write(text, lengths);
    expect(read(stream, lengths, 5).isWhole).toBe(true);
    expect(read({ ...stream, end: stream.end + 1 }, lengths, 5).isWhole).toBe(false);
    expect(read({ ...stream, end: stream.end - 1 }, lengths, 5).isWhole).toBe(false);
    expect(read(stream, lengths, 9).isWhole).toBe(false);
    expect(read(stream, lengths, 4).isWhole).toBe(false);
    stream.bytes[stream.end - 1] |= 0x80;
    expect(read(stream, lengths, 5).isWhole).toBe(false);
  });

  it('takes no symbols from no bytes', () => {
    const lengths = Uint8Array.of(1, 1);
    expect(read({ bytes: new Uint8Array(), start: 0, end: 0 }, lengths, 0)).toEqual({ symbols: [], isWhole: true });
    expect(read({ bytes: new Uint8Array(1), start: 0, end: 1 }, lengths, 0).isWhole).toBe(false);
  });
});

describe('decodePairs', () => {
  const values = Uint32Array.of(0, 111, 222, 333);
  const gaps = decodingTable(Uint8Array.from({ length: 16 }, () => 4));
  const weights = decodingTable(Uint8Array.of(0, 1, 2, 2));
  const code = { gaps, weights, values, filler: 15 };

  /** Gap and weight symbols in turn; a filler has no weight. */
  function pairs(list: readonly (readonly [gap: number, weight?: number])[]): Uint8Array {
    const gapCodes = canonicalCodes(Uint8Array.from({ length: 16 }, () => 4));
    const weightCodes = canonicalCodes(Uint8Array.of(0, 1, 2, 2));
    const writer = new BitWriter();
    for (const [gap, weight] of list) {
      writer.write(gapCodes[gap], 4);
      if (weight !== undefined) writer.write(weightCodes[weight], weight === 1 ? 1 : 2);
    }
    return writer.finish();
  }

  it('skips zeros, places weights, and goes on behind a filler', () => {
    const bytes = pairs([[0, 1], [2, 3], [15], [1, 2]]);
    const out = new Uint32Array(30);
    expect(decodePairs(bytes, 0, bytes.length, code, out, 0, 30, 4)).toBe(21);
    const expected = new Uint32Array(30);
    expected.set([111, 0, 0, 333]);
    expected[20] = 222;
    expect(out).toEqual(expected);
  });

  it('writes nothing at or beyond its limit', () => {
    const bytes = pairs([[4, 1]]);
    const out = new Uint32Array(8);
    expect(decodePairs(bytes, 0, bytes.length, code, out, 0, 4, 1)).toBe(-1);
    expect(decodePairs(bytes, 0, bytes.length, code, out, 4, 8, 1)).toBe(-1);
    expect(out).toEqual(new Uint32Array(8));
    expect(decodePairs(bytes, 0, bytes.length, code, out, 3, 8, 1)).toBe(8);
    expect(out[7]).toBe(111);
  });

  it('lets a filler end at the limit, not behind it', () => {
    const bytes = pairs([[15]]);
    const out = new Uint32Array(20);
    expect(decodePairs(bytes, 0, bytes.length, code, out, 5, 20, 1)).toBe(20);
    expect(decodePairs(bytes, 0, bytes.length, code, out, 6, 20, 1)).toBe(-1);
  });

  it('notices where its codes do not end with the stream', () => {
    const bytes = pairs([
      [0, 1],
      [0, 2],
    ]);
    const out = new Uint32Array(20);
    const end = (to: number, count: number) => decodePairs(bytes, 0, to, code, out, 0, 20, count);
    expect(end(bytes.length, 2)).toBe(2);
    expect(end(bytes.length - 1, 2)).toBe(-1);
    expect(end(bytes.length, 1)).toBe(-1);
    expect(end(bytes.length, 9)).toBe(-1);
  });
});
