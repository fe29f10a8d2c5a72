import { describe, expect, it } from 'vitest';
import type { InputArray } from '../../src/data/dataset.js';
import { createRandom, type Random } from '../../src/random.js';
import { AUGMENTATIONS, type Augmentation, augment, checkAugmentation } from '../../src/tune/augment.js';
import { Random as Values } from '../support/random.js';

const images = (dims: readonly number[], data?: readonly number[]): InputArray => {
  const count = dims.reduce((all, dim) => all * dim, 1);
  return { dims, data: data ? Float32Array.from(data) : new Values(count).floats(count, 1) };
};
const changed = (input: InputArray, augmentation: Augmentation, random: Random = createRandom(1)) =>
  Array.from(augment(input, augmentation, random).data as Float32Array);
/** Every draw at its end: the largest move, turn or zoom. */
const most: Random = { float: () => 1, below: (n) => n - 1 };

describe('augment', () => {
  it('without settings changes nothing', () => {
    const input = images([3, 1, 5, 4]);
    expect(augment(input, {}, createRandom(1))).toEqual(input);
    expect(augment(input, { shift: 0, rotate: 0, scale: 0, shear: 0, flip: 0 }, createRandom(1))).toEqual(input);
  });

  it('never touches what it is given', () => {
    const input = images([2, 1, 4, 4]);
    const before = input.data.slice();
    augment(input, { shift: 0.5, rotate: 90, scale: 0.5, shear: 0.5, flip: 1 }, createRandom(1));
    expect(input.data).toEqual(before);
  });

  it('shifts pixels and repeats the border', () => {
    const input = images([1, 3, 4], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    // 1/4 of the width is a pixel, and 1/4 of the height 3/4 of one: the copy shows what stood right and below.
    const between = (above: number, below: number) => above / 4 + (3 * below) / 4;
    const expected = [
      ...[between(2, 6), between(3, 7), between(4, 8), between(4, 8)],
      ...[between(6, 10), between(7, 11), between(8, 12), between(8, 12)],
      ...[10, 11, 12, 12],
    ];
    expect(changed(input, { shift: 0.25 }, most)).toEqual(expected);
  });

  it('shifts by no more than asked for, and each image by itself', () => {
    const ramp = Array.from({ length: 16 }, (_, i) => i);
    const input = images([40, 1, 16], Array.from({ length: 40 }, () => ramp).flat());
    const moves = changed(input, { shift: 0.125 }).filter((_, i) => i % 16 === 8);
    for (const value of moves) expect(Math.abs(value - 8)).toBeLessThanOrEqual(2);
    expect(new Set(moves).size).toBeGreaterThan(30);
    expect(Math.max(...moves) - Math.min(...moves)).toBeGreaterThan(3);
  });

  it('mirrors left to right', () => {
    const input = images([2, 2, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    expect(changed(input, { flip: 1 })).toEqual([3, 2, 1, 6, 5, 4, 9, 8, 7, 12, 11, 10]);
  });

  it('mirrors as often as asked for', () => {
    const data = changed(images([400, 1, 2], Array.from({ length: 400 }, () => [0, 1]).flat()), { flip: 0.25 });
    const mirrored = data.filter((value, i) => i % 2 === 0 && value === 1).length;
    expect(mirrored).toBeGreaterThan(60);
    expect(mirrored).toBeLessThan(140);
  });

  it('turns about the middle', () => {
    const turned = changed(images([1, 3, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9]), { rotate: 90 }, most);
    for (const [i, value] of [7, 4, 1, 8, 5, 2, 9, 6, 3].entries()) expect(turned[i]).toBeCloseTo(value, 4);
  });

  it('zooms about the middle', () => {
    const row = [0, 1, 2, 3, 4];
    const zoomed = changed(images([1, 5, 5], Array.from({ length: 5 }, () => row).flat()), { scale: 1 }, most);
    expect(zoomed.slice(0, 5)).toEqual([1, 1.5, 2, 2.5, 3]);
  });

  it('slants by a share of the height', () => {
    const row = [0, 1, 2, 3, 4];
    const slanted = changed(images([1, 5, 5], Array.from({ length: 5 }, () => row).flat()), { shear: 0.5 }, most);
    // Column 2 of each row: the middle stays, the ends move by half of the two rows between.
    for (const [i, value] of [1, 1.5, 2, 2.5, 3].entries()) expect(slanted[5 * i + 2]).toBeCloseTo(value, 5);
  });

  it('leaves 8-bit pixels 8-bit, rounded, with their factor', () => {
    const input: InputArray = { dims: [1, 1, 3], data: Uint8Array.of(0, 51, 255), scale: 1 / 255 };
    expect(augment(input, { flip: 1 }, createRandom(1))).toEqual({ ...input, data: Uint8Array.of(255, 51, 0) });
    const moved = augment(input, { shift: 0.3 }, createRandom(1)).data;
    const exact = augment({ ...input, data: Float32Array.of(0, 51, 255) }, { shift: 0.3 }, createRandom(1)).data;
    expect([...moved]).toEqual(Array.from(exact as Float32Array, (value) => Math.round(value)));
  });

  it('moves all channels of an image alike, first or last', () => {
    const [height, width, channels] = [6, 5, 3];
    const first = images([2, channels, height, width]);
    const last = { dims: [2, height, width, channels], data: new Float32Array(first.data.length) };
    const place = (n: number, c: number, y: number, x: number) => ((n * channels + c) * height + y) * width + x;
    const each = (visit: (of: number, to: number) => void) => {
      let at = 0;
      for (let n = 0; n < 2; n++)
        for (let y = 0; y < height; y++)
          for (let x = 0; x < width; x++) for (let c = 0; c < channels; c++) visit(place(n, c, y, x), at++);
    };
    each((of, to) => {
      last.data[to] = (first.data as Float32Array)[of];
    });
    const settings = { shift: 0.3, rotate: 20, scale: 0.2, shear: 0.2, flip: 0.5 };
    const [one, other] = [changed(first, settings), changed(last, settings)];
    each((of, to) => expect(other[to]).toBe(one[of]));
    expect(one).not.toEqual([...first.data]);
  });

  it.each([
    ['rows', images([4, 10])],
    ['five axes', images([1, 2, 2, 2, 2])],
    ['integers', { dims: [1, 2, 2], data: BigInt64Array.of(1n, 2n, 3n, 4n) }],
    ['a scalar', { dims: [], data: Float32Array.of(1) }],
  ])('leaves %s alone', (_, input) => {
    expect(augment(input, { flip: 1, shift: 1 }, createRandom(1))).toBe(input);
  });

  it('depends on the seed alone', () => {
    const input = images([3, 8, 8]);
    const settings = { shift: 0.2, rotate: 15 };
    expect(changed(input, settings, createRandom(4))).toEqual(changed(input, settings, createRandom(4)));
    expect(changed(input, settings, createRandom(4))).not.toEqual(changed(input, settings, createRandom(5)));
  });
});

it.each(Object.keys(AUGMENTATIONS))('%s has a range', (name) => {
  const end = name === 'rotate' ? 180 : 1;
  expect(() => checkAugmentation({ [name]: end })).not.toThrow();
  for (const value of [-0.1, end + 0.1, Number.NaN]) {
    expect(() => checkAugmentation({ [name]: value })).toThrow(
      new RangeError(`tune: expected a ${name} from 0 to ${end}, got ${value}`),
    );
  }
});
