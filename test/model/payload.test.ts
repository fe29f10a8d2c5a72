import { describe, expect, it } from 'vitest';
import { readOwn, windowOf } from '../../src/model/payload.js';
import { memorySource } from '../support/sources.js';

const bytes = () => Uint8Array.of(1, 2, 3, 4, 5, 6);

describe('windowOf', () => {
  it('reads the bytes that stand there, once it is asked', () => {
    expect(windowOf(memorySource('m', bytes()), 2, 3).read()).toEqual(Uint8Array.of(3, 4, 5));
  });

  it('gives away what the source gives away', () => {
    const source = memorySource('m', bytes());
    expect(windowOf(source, 0, 2).isOwn).toBe(false);
    expect(windowOf({ ...source, isFresh: true }, 0, 2).isOwn).toBe(true);
  });
});

describe('readOwn', () => {
  it('copies what others may see', () => {
    const shared = bytes();
    const own = readOwn({ payload: { read: () => shared } });
    own[0] = 9;
    expect(shared[0]).toBe(1);
    expect(own).toEqual(Uint8Array.of(9, 2, 3, 4, 5, 6));
  });

  it('takes memory that nobody else has as it is', () => {
    const given = bytes();
    expect(readOwn({ payload: { read: () => given, isOwn: true } })).toBe(given);
  });

  it('copies a view, whose memory is more than the bytes', () => {
    const all = bytes();
    const own = readOwn({ payload: { read: () => all.subarray(1, 3), isOwn: true } });
    expect(own).toEqual(Uint8Array.of(2, 3));
    expect(own.buffer.byteLength).toBe(2);
  });
});
