import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';
import { deflateSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { inflate } from '../../src/entropy/inflate.js';
import { Random } from '../support/random.js';

const random = new Random(41);
const text = Buffer.from('So long as men can breathe or eyes can see, '.repeat(900));
const noise = Uint8Array.from({ length: 70_000 }, () => random.below(256));
const few = Uint8Array.from({ length: 70_000 }, () => random.below(3) ** 2);
const contents = { nothing: new Uint8Array(), one: Uint8Array.of(7), zeros: new Uint8Array(300_000), text, noise, few };

const writers: Record<string, (bytes: Uint8Array) => Uint8Array> = {
  'fflate 9': (bytes) => deflateSync(bytes, { level: 9 }),
  'fflate 0': (bytes) => deflateSync(bytes, { level: 0 }),
  'zlib 9': (bytes) => deflateRawSync(bytes, { level: 9 }),
  'zlib 1': (bytes) => deflateRawSync(bytes, { level: 1 }),
  'zlib 0': (bytes) => deflateRawSync(bytes, { level: 0 }),
  'zlib fixed': (bytes) => deflateRawSync(bytes, { strategy: constants.Z_FIXED }),
  'zlib runs': (bytes) => deflateRawSync(bytes, { strategy: constants.Z_RLE }),
  'zlib codes only': (bytes) => deflateRawSync(bytes, { strategy: constants.Z_HUFFMAN_ONLY }),
};

/** What zlib makes of it, under the same rules. */
function byZlib(deflated: Uint8Array, size: number): Uint8Array | undefined {
  try {
    const options = { info: true, maxOutputLength: Math.max(1, size) };
    const { buffer, engine } = inflateRawSync(deflated, options) as unknown as {
      buffer: Buffer;
      engine: { bytesWritten: number };
    };
    return engine.bytesWritten === deflated.length && buffer.length === size ? buffer : undefined;
  } catch {
    return undefined;
  }
}

function byOurs(deflated: Uint8Array, size: number): Uint8Array | undefined {
  try {
    return inflate(deflated, size);
  } catch (error) {
    expect(error).toBeInstanceOf(RangeError);
    return undefined;
  }
}

describe('inflate', () => {
  for (const [name, write] of Object.entries(writers))
    it(`gives back what ${name} has deflated`, () => {
      for (const bytes of Object.values(contents)) {
        const deflated = write(bytes);
        expect(Buffer.compare(inflate(deflated, bytes.length), bytes)).toBe(0);
      }
    });

  it('refuses streams of another length, cut short at every byte, and bytes behind the end', () => {
    const bytes = text.subarray(0, 300);
    for (const write of Object.values(writers)) {
      const deflated = write(bytes);
      for (const size of [0, 1, 299, 301, 5000]) expect(() => inflate(deflated, size)).toThrow(RangeError);
      for (let end = 0; end < deflated.length; end++)
        expect(() => inflate(deflated.subarray(0, end), 300)).toThrow(RangeError);
      expect(() => inflate(Buffer.concat([deflated, Buffer.of(0)]), 300)).toThrow(RangeError);
    }
  });

  it('makes of damaged streams what zlib makes of them', () => {
    let whole = 0;
    for (let round = 0; round < 20_000; round++) {
      const names = Object.keys(writers);
      const source = [text, noise, few][round % 3];
      const length = random.below(400);
      const deflated = Uint8Array.from(writers[names[round % names.length]](source.subarray(0, length)));
      for (let i = random.below(3); i >= 0; i--) deflated[random.below(deflated.length)] ^= 1 << random.below(8);
      const size = random.below(3) ? length : random.below(600);
      const ours = byOurs(deflated, size);
      const theirs = byZlib(deflated, size);
      expect(ours && Buffer.from(ours), Buffer.from(deflated).toString('hex')).toEqual(theirs && Buffer.from(theirs));
      if (ours) whole++;
    }
    expect(whole).toBeGreaterThan(500);
  });

  it('makes of any bytes what zlib makes of them', () => {
    for (let round = 0; round < 20_000; round++) {
      const bytes = Uint8Array.from({ length: 1 + random.below(60) }, () => random.below(256));
      const size = random.below(100);
      const ours = byOurs(bytes, size);
      const theirs = byZlib(bytes, size);
      expect(ours && Buffer.from(ours), Buffer.from(bytes).toString('hex')).toEqual(theirs && Buffer.from(theirs));
    }
  });
});
