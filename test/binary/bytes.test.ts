import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BitWriter } from '../../src/binary/bits.js';
import { ByteWriter, concat } from '../../src/binary/bytes.js';
import { varint } from '../support/protobuf.js';
import { Random } from '../support/random.js';
import { atOddOffset } from '../support/sources.js';

describe('ByteWriter', () => {
  it('writes one thing after the other', () => {
    const writer = new ByteWriter().byte(1).bytes(Uint8Array.of(7, 8)).varint(300);
    expect([...writer.finish()]).toEqual([1, 7, 8, 0xac, 0x02]);
    expect(writer.length).toBe(5);
  });

  it('is empty at first, and takes nothing as nothing', () => {
    expect(new ByteWriter().finish()).toEqual(new Uint8Array());
    expect(new ByteWriter().bytes(new Uint8Array()).length).toBe(0);
  });

  it('writes varints as protobuf has them, at every change of width', () => {
    const edges = [0, 1, ...Array.from({ length: 7 }, (_, i) => 2 ** (7 * (i + 1)))];
    const values = edges.flatMap((edge) => [edge, edge + 1, Math.max(0, edge - 1)]);
    for (const value of [...values, 2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER]) {
      const written = new ByteWriter().varint(value).finish();
      expect([...written], String(value)).toEqual([...varint(value)]);
    }
    fc.assert(
      fc.property(fc.maxSafeNat(), (value) => {
        expect([...new ByteWriter().varint(value).finish()]).toEqual([...varint(value)]);
      }),
    );
  });

  it('grows over its first memory at any step, by bytes and by blocks', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 10 }), (blocks) => {
        const writer = new ByteWriter();
        const expected: number[] = [];
        for (const [i, block] of blocks.entries()) {
          if (i % 2 === 0) writer.bytes(atOddOffset(block));
          else for (const byte of block) writer.byte(byte);
          expected.push(...block);
        }
        expect([...writer.finish()]).toEqual(expected);
      }),
    );
  });

  it('gives a copy: writing on changes nothing that was given', () => {
    const writer = new ByteWriter().byte(1);
    const first = writer.finish();
    expect([...writer.byte(2).finish()]).toEqual([1, 2]);
    expect([...first]).toEqual([1]);
  });
});

describe('concat', () => {
  it('joins pieces in fresh memory', () => {
    const piece = atOddOffset(Uint8Array.of(1, 2));
    const whole = concat([piece, new Uint8Array(), Uint8Array.of(3)]);
    piece[0] = 9;
    expect([...whole]).toEqual([1, 2, 3]);
    expect(concat([])).toEqual(new Uint8Array());
  });
});

describe('BitWriter', () => {
  it('fills bytes from the least significant bit', () => {
    const writer = new BitWriter();
    writer.write(0b1, 1);
    writer.write(0b01, 2);
    writer.write(0b11111, 5);
    writer.write(0b10, 2);
    expect([...writer.finish()]).toEqual([0b11111_01_1, 0b10]);
  });

  it('writes bits as a string of them would have it, past its first memory', () => {
    const random = new Random(6);
    const writer = new BitWriter();
    let bits = '';
    for (let i = 0; i < 2000; i++) {
      const width = random.below(25);
      const value = random.below(2 ** width);
      writer.write(value, width);
      bits += width === 0 ? '' : value.toString(2).padStart(width, '0').split('').reverse().join('');
    }
    const expected = bits.match(/.{1,8}/g)?.map((byte) => Number.parseInt(byte.split('').reverse().join(''), 2));
    expect([...writer.finish()]).toEqual(expected);
  });

  it('ends without a byte where nothing was written', () => {
    expect(new BitWriter().finish().length).toBe(0);
  });
});
