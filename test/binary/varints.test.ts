import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromVarints } from '../../src/binary/varints.js';

/** As protobuf writes an int64. */
function varint(value: bigint): number[] {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return [...bytes, Number(rest)];
}

describe('fromVarints', () => {
  const values = fc.array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), { maxLength: 20 });

  it('reads numbers of 64 bits, and cuts them to narrower types', () => {
    fc.assert(
      fc.property(values, (list) => {
        const bytes = Uint8Array.from(list.flatMap(varint));
        const wide = new BigInt64Array(list.length);
        const narrow = new Int16Array(list.length);
        expect([fromVarints(bytes, wide), fromVarints(bytes, narrow)]).toEqual([true, true]);
        expect([...wide]).toEqual(list);
        expect([...narrow]).toEqual(list.map((value) => Number(BigInt.asIntN(16, value))));
      }),
    );
  });

  it.each([
    ['too few', [1, 2], 3],
    ['too many', [1, 2, 3], 2],
    ['one that does not end', [1, 130], 2],
    ['one of eleven bytes', [...Array(10).fill(128), 0], 1],
    ['none', [], 1],
  ])('says that there are %s', (_, bytes, count) => {
    expect(fromVarints(Uint8Array.from(bytes), new Int32Array(count))).toBe(false);
    expect(fromVarints(Uint8Array.from(bytes), new BigInt64Array(count))).toBe(false);
  });
});
