import { describe, expect, it } from 'vitest';
import { FILTERS, type Filter, type Pixels, resample } from '../../../src/data/images/resample.js';
import { Random } from '../../support/random.js';

const grey = (rows: number[][]): Pixels => ({
  width: rows[0].length,
  height: rows.length,
  channels: 1,
  data: Uint8Array.from(rows.flat()),
});

/** Two bright squares (225) on a diagonal and two dark ones (30). */
function squares(size: number): Pixels {
  const isBright = (x: number, y: number) => x < size / 2 === y < size / 2;
  return grey(
    Array.from({ length: size }, (_, y) => Array.from({ length: size }, (_, x) => (isBright(x, y) ? 225 : 30))),
  );
}

describe('agrees with Pillow', () => {
  // What Pillow gives for the upper left quarter, in hexadecimal, as its tests have it; the others mirror it.
  const known: [Filter, number, number, string][] = [
    ['bilinear', 8, 4, 'e1c9 c9b7'],
    ['bicubic', 12, 6, 'e1e3d4 e3e5d6 d4d6c9'],
    ['lanczos', 16, 8, 'e1e0e4d7 e0dfe3d6 e4e3e7da d7d6d9ce'],
    ['bilinear', 2, 4, 'e1b0 b098'],
    ['bicubic', 4, 8, 'e1e5eeb9 e5e9f3bc eef3fdc1 b9bcc1a2'],
    ['lanczos', 6, 12, 'e1e0dbedf5b8 e0dfdaecf3b7 dbdbd6e7eeb5 edece6fbffbf f5f4eeffffc4 b8b7b4bfc4a0'],
  ];
  it.each(known)('%s from %d to %d', (filter, from, to, hex) => {
    const { data, width, height } = resample(squares(from), to, to, filter);
    expect([width, height]).toEqual([to, to]);
    for (const [y, row] of hex.split(' ').entries()) {
      for (const [x, text] of row.match(/../g)!.entries()) {
        const value = Number.parseInt(text, 16);
        const [right, below] = [to - 1 - x, to - 1 - y];
        expect([data[y * to + x], data[below * to + right]]).toEqual([value, value]);
        expect([data[y * to + right], data[below * to + x]]).toEqual([255 - value, 255 - value]);
      }
    }
  });

  it('bilinear by hand: from 4 to 2 the weights are 3, 3, 1 sevenths', () => {
    const image = grey([[10, 20, 90, 200]]);
    const left = Math.round((3 * 10 + 3 * 20 + 90) / 7);
    const right = Math.round((20 + 3 * 90 + 3 * 200) / 7);
    expect([...resample(image, 2, 1, 'bilinear').data]).toEqual([left, right]);
  });

  it('box by hand: means, halves rounded up', () => {
    expect([...resample(grey([[1, 2, 10, 20]]), 2, 1, 'box').data]).toEqual([2, 15]);
  });

  it('nearest by hand: the pixel under the centre', () => {
    expect([...resample(grey([[0, 1, 2, 3, 4]]), 3, 1, 'nearest').data]).toEqual([0, 2, 4]);
    expect([...resample(grey([[7], [9]]), 1, 4, 'nearest').data]).toEqual([7, 7, 9, 9]);
  });
});

describe('every filter', () => {
  it.each(FILTERS)('%s treats each channel as if it were an image of its own', (filter) => {
    const random = new Random(4);
    const data = Uint8Array.from({ length: 19 * 13 * 3 }, () => random.below(256));
    const { data: result } = resample({ width: 19, height: 13, channels: 3, data }, 7, 17, filter);
    for (const channel of [0, 1, 2]) {
      const only = (values: Uint8Array) => values.filter((_, i) => i % 3 === channel);
      const alone = resample({ width: 19, height: 13, channels: 1, data: only(data) }, 7, 17, filter);
      expect(only(result)).toEqual(alone.data);
    }
  });

  it.each(FILTERS)('%s keeps even areas, the size it has, and channels apart', (filter) => {
    const colours = [0, 64, 255];
    const data = Uint8Array.from({ length: 37 * 11 * 3 }, (_, i) => colours[i % 3]);
    const image = { width: 37, height: 11, channels: 3, data };
    const { width, height, data: result } = resample(image, 5, 29, filter);
    expect([width, height, result.length]).toEqual([5, 29, 5 * 29 * 3]);
    expect(result.every((value, i) => value === colours[i % 3])).toBe(true);
    expect(resample(image, 37, 11, filter).data).toEqual(data);
  });
});
