import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Xxh32, xxh32 } from '../../src/binary/xxh32.js';
import { Random } from '../support/random.js';
import { atOddOffset } from '../support/sources.js';

const text = (value: string) => new TextEncoder().encode(value);

/** XXH32 as the specification states it, step by step in big integers: slow, and shares no line with the library. */
function specification(bytes: Uint8Array, seed = 0n): number {
  const [p1, p2, p3, p4, p5] = [2654435761n, 2246822519n, 3266489917n, 668265263n, 374761393n];
  const u32 = (value: bigint) => BigInt.asUintN(32, value);
  const rotate = (value: bigint, by: bigint) => u32((u32(value) << by) | (u32(value) >> (32n - by)));
  const lane = (at: number) =>
    BigInt(bytes[at]) + 256n * (BigInt(bytes[at + 1]) + 256n * (BigInt(bytes[at + 2]) + 256n * BigInt(bytes[at + 3])));
  let at = 0;
  let hash = u32(seed + p5);
  if (bytes.length >= 16) {
    const lanes = [seed + p1 + p2, seed + p2, seed, seed - p1];
    for (; at + 16 <= bytes.length; at += 16)
      for (let i = 0; i < 4; i++) lanes[i] = u32(rotate(lanes[i] + lane(at + 4 * i) * p2, 13n) * p1);
    hash = u32(rotate(lanes[0], 1n) + rotate(lanes[1], 7n) + rotate(lanes[2], 12n) + rotate(lanes[3], 18n));
  }
  hash = u32(hash + BigInt(bytes.length));
  for (; at + 4 <= bytes.length; at += 4) hash = u32(rotate(hash + lane(at) * p3, 17n) * p4);
  for (; at < bytes.length; at++) hash = u32(rotate(hash + BigInt(bytes[at]) * p5, 11n) * p1);
  hash = u32((hash ^ (hash >> 15n)) * p2);
  hash = u32((hash ^ (hash >> 13n)) * p3);
  return Number(hash ^ (hash >> 16n));
}

describe('xxh32', () => {
  it.each([
    ['', 0x02cc5d05],
    ['a', 0x550d7456],
    ['abc', 0x32d153ff],
    ['Nobody inspects the spammish repetition', 0xe2293b2f],
  ])('published value of "%s"', (input, expected) => {
    expect(xxh32(text(input))).toBe(expected);
    expect(specification(text(input))).toBe(expected);
  });

  it('published value of no bytes with a seed', () => {
    expect(new Xxh32(2654435761).digest()).toBe(0x36b78ae7);
    expect(specification(new Uint8Array(), 2654435761n)).toBe(0x36b78ae7);
  });

  it('is what the specification says, for every length up to 100 and any seed', () => {
    const bytes = new Random(1).bytes(100);
    for (let length = 0; length <= 100; length++) {
      const part = bytes.subarray(0, length);
      expect(xxh32(part)).toBe(specification(part));
      expect(new Xxh32(length * 77_777_777).update(part).digest()).toBe(
        specification(part, BigInt(length * 77_777_777) & 0xffffffffn),
      );
    }
  });

  it('does not depend on how the bytes are cut', () => {
    const bytes = new Random(2).bytes(70);
    const whole = xxh32(bytes);
    for (let first = 0; first <= bytes.length; first++) {
      for (let second = first; second <= bytes.length; second++) {
        const hash = new Xxh32();
        hash.update(bytes.subarray(0, first)).update(bytes.subarray(first, second)).update(bytes.subarray(second));
        if (hash.digest() !== whole) expect.fail(`cut at ${first} and ${second}`);
      }
    }
  });

  it('takes any number of pieces of any size', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 12 }), (pieces) => {
        const hash = new Xxh32();
        for (const piece of pieces) hash.update(piece);
        expect(hash.digest()).toBe(specification(Uint8Array.from(pieces.flatMap((piece) => [...piece]))));
      }),
    );
  });

  it('can be asked in between, and goes on', () => {
    const bytes = new Random(3).bytes(50);
    const hash = new Xxh32().update(bytes.subarray(0, 21));
    expect(hash.digest()).toBe(specification(bytes.subarray(0, 21)));
    expect(hash.digest()).toBe(hash.digest());
    expect(hash.update(bytes.subarray(21)).digest()).toBe(specification(bytes));
  });

  it('keeps none of its input and does not mind where it stands', () => {
    const bytes = new Random(4).bytes(45);
    const copy = bytes.slice();
    const hash = new Xxh32().update(copy.subarray(0, 20));
    copy.fill(0);
    expect(hash.update(bytes.subarray(20)).digest()).toBe(xxh32(bytes));
    expect(xxh32(atOddOffset(bytes))).toBe(xxh32(bytes));
  });

  it('changes with every single bit of an input', () => {
    const bytes = new Random(5).bytes(37);
    const seen = new Set([xxh32(bytes)]);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = bytes.slice();
      changed[bit >> 3] ^= 1 << (bit & 7);
      seen.add(xxh32(changed));
    }
    expect(seen.size).toBe(1 + 37 * 8);
  });
});
