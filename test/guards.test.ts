import { describe, expect, it } from 'vitest';
import { copyInto, emptyLike } from '../src/data/dataset.js';
import { fieldOf, messageOf, present } from '../src/guards.js';

describe('guards', () => {
  it('find a field of whatever has some', () => {
    expect(fieldOf({ a: 1 }, 'a')).toBe(1);
    expect(fieldOf([5], '0')).toBe(5);
    for (const value of [undefined, null, 3, 'text', {}]) expect(fieldOf(value, 'a')).toBeUndefined();
  });

  it('find the message of whatever was thrown', () => {
    expect(messageOf(new RangeError('too far'))).toBe('too far');
    expect(messageOf({ message: 'of another realm' })).toBe('of another realm');
    expect(messageOf('a text')).toBe('a text');
    expect(messageOf(null)).toBe('null');
  });

  it('refuse what is not there, and nothing else', () => {
    for (const value of [0, '', null, false]) expect(present(value)).toBe(value);
    expect(() => present(undefined)).toThrow('expected a value');
  });
});

describe('arrays of one class', () => {
  it.each([Float64Array.of(1.5, -2), BigInt64Array.of(1n, -2n), Uint8Array.of(1, 255), Uint16Array.of(7, 0x7c01)])(
    'are made and copied into: %o',
    (array) => {
      const target = emptyLike(array, 5);
      expect(target.constructor).toBe(array.constructor);
      copyInto(target.subarray(1), array, 1);
      expect([...target.subarray(2, 4)]).toEqual([...array]);
      expect([...target.subarray(0, 2), ...target.subarray(4)].every((value) => Number(value) === 0)).toBe(true);
    },
  );
});
