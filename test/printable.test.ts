import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FxqError } from '../src/errors.js';
import { printable, printableJson, printableLines } from '../src/printable.js';

const BELL = '\u0007';
const CSI = '\u009b';
const OVERRIDE = '\u202e';

describe('printable', () => {
  it('leaves the scripts of the world and their joiners alone', () => {
    for (const text of ['conv1.weight', 'Größe – 10 µs', '重み', 'وزن', 'می‌خواهم', '👩‍🔬'])
      expect(printable(text)).toBe(text);
  });

  it('replaces what a terminal obeys, one character for one', () => {
    expect(printable(`a\u001b[2J${BELL}${CSI}31m\r\n\tb${OVERRIDE}c\u2066d\u007f`)).toBe('a�[2J��31m���b�c�d�');
    expect(printableLines('a\nb\tc')).toBe('a\nb�c');
  });

  it('lets no byte below 0x20, and none of 0x7f to 0x9f, through', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(printable(text)).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
      }),
      { seed: 5 },
    );
  });
});

describe('printableJson', () => {
  it('is safe to show, and reads as what it was', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
        const text = printableJson(value, 2);
        expect(text).not.toMatch(/(?!\n)[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
      { seed: 6 },
    );
    expect(printableJson({ name: `w${CSI}${OVERRIDE}`, count: 2n })).toBe('{"name":"w\\u009b\\u202e","count":"2"}');
  });
});

describe('an error', () => {
  it('has a message that is safe to show, and the name as it is beside it', () => {
    const name = `w\u001b[31m${CSI}\n`;
    const error = new FxqError('WEIGHTS', `${name}: expected finite weights`, { tensor: name });
    expect(error.message).toBe('w�[31m��: expected finite weights');
    expect(error.tensor).toBe(name);
  });
});
