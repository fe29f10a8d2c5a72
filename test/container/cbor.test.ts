import { Encoder } from 'cbor-x';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readCbor } from '../../src/container/read/cbor.js';
import { FxqError } from '../../src/errors.js';

const encoder = new Encoder({ useRecords: false, mapsAsObjects: true, variableMapSize: true });
const read = (...bytes: number[]) => readCbor(Uint8Array.from(bytes), 20);

describe('readCbor', () => {
  it('reads what cbor-x writes', () => {
    const leaf = fc.oneof(
      fc.integer(),
      fc.maxSafeNat(),
      fc.double({ noNaN: true }),
      fc.string(),
      fc.boolean(),
      fc.constant(null),
    );
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        leaf,
        fc.array(tie('value')),
        fc.dictionary(
          fc.string().filter((key) => key !== '__proto__'),
          tie('value'),
        ),
      ),
    }));
    fc.assert(
      fc.property(value, (written) => {
        const back = JSON.stringify(readCbor(Uint8Array.from(encoder.encode(written)), 0));
        expect(JSON.parse(back)).toEqual(JSON.parse(JSON.stringify(written)));
      }),
      { numRuns: 500 },
    );
  });

  it('reads the examples of RFC 8949, appendix A', () => {
    expect(read(0x17)).toBe(23);
    expect(read(0x18, 0x64)).toBe(100);
    expect(read(0x19, 0x03, 0xe8)).toBe(1000);
    expect(read(0x1a, 0x00, 0x0f, 0x42, 0x40)).toBe(1_000_000);
    expect(read(0x1b, 0, 0, 0, 0xe8, 0xd4, 0xa5, 0x10, 0)).toBe(1_000_000_000_000);
    expect(read(0x38, 0x63)).toBe(-100);
    expect(read(0xfb, 0x3f, 0xf1, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9a)).toBe(1.1);
    expect(read(0x64, 0x49, 0x45, 0x54, 0x46)).toBe('IETF');
    expect(read(0x83, 0x01, 0x02, 0x03)).toEqual([1, 2, 3]);
    expect(read(0xa1, 0x61, 0x61, 0x01)).toEqual({ a: 1 });
    expect(read(0xc1, 0x1a, 0x51, 0x4b, 0x67, 0xb0)).toEqual({ tag: 1, item: 1_363_896_240 });
  });

  it('leaves no way into prototypes', () => {
    const map = read(0xa1, 0x69, ...new TextEncoder().encode('__proto__'), 0xa1, 0x61, 0x78, 0x01);
    expect(map).toEqual({});
    expect(Object.getPrototypeOf(map)).toBe(Object.prototype);
    expect(({} as Record<string, unknown>).x).toBe(undefined);
  });

  it('refuses what ends too early, is nested too deeply, endless, or followed by more', () => {
    const bad = [
      [],
      [0x18],
      [0x1b, 0, 0],
      [0x62, 0x61],
      [0x82, 0x01],
      [0xa1, 0x61, 0x61],
      [0xa1, 0x01, 0x02],
      [0x9f, 0x01, 0xff],
      [0x9b, 0, 0, 0, 1, 0, 0, 0, 0],
      [0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
      new Array(40).fill(0x81),
      new Array(40).fill(0xc1),
      [0xf7],
      [0xf9, 0, 0],
      [0x01, 0x02],
    ];
    for (const bytes of bad) {
      expect(() => read(...bytes), String(bytes)).toThrow(FxqError);
      expect(() => read(...bytes)).toThrow(expect.objectContaining({ code: 'CONTAINER_MALFORMED', offset: 20 }));
    }
  });

  it('takes any bytes, or refuses them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          readCbor(bytes, 0);
        } catch (error) {
          expect(error).toBeInstanceOf(FxqError);
        }
      }),
      { numRuns: 3000 },
    );
  });
});
