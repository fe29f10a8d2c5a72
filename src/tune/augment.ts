import { typeOf } from '../data/cast.js';
import type { InputArray } from '../data/dataset.js';
import { checkOptions } from '../options/check.js';
import { number, type OptionsOf } from '../options/option.js';
import type { Random } from '../random.js';

/** How much an image may be changed each time it is seen; every draw is uniform. Nothing by default. */
export interface Augmentation {
  /** Share of width and height that it is moved by, at most. */
  readonly shift?: number | undefined;
  /** Degrees that it is turned by, at most. */
  readonly rotate?: number | undefined;
  /** Share that it is made larger or smaller by along each axis, at most. */
  readonly scale?: number | undefined;
  /** Share of the height that the top is moved by against the bottom, at most. */
  readonly shear?: number | undefined;
  /** Chance of being mirrored left to right. */
  readonly flip?: number | undefined;
}

export const AUGMENTATIONS = {
  shift: number({ text: 'share of width and height to move by', low: 0, high: 1 }),
  rotate: number({ text: 'degrees to turn by', low: 0, high: 180 }),
  scale: number({ text: 'share to make larger or smaller by', low: 0, high: 1 }),
  shear: number({ text: 'share of the height to slant by', low: 0, high: 1 }),
  flip: number({ text: 'chance of being mirrored', low: 0, high: 1 }),
} satisfies OptionsOf<Augmentation>;

/** @throws RangeError */
export function checkAugmentation(augmentation: Augmentation): void {
  checkOptions('tune', AUGMENTATIONS, augmentation);
}

/** From a place in the copy to the place in the original that it shows, both from the centre. */
type Affine = readonly [xx: number, xy: number, yx: number, yy: number, x: number, y: number];

/**
 * Randomly moved, turned, scaled, slanted and mirrored copies of images, of the type they come in; what lies outside an image looks
 * like its border. Arrays that hold no images, [N, height, width], [N, channels, height, width] or [N, height, width, channels],
 * come back as they are.
 *
 * @example
 * augment(input, { shift: 0.07, rotate: 10 }, createRandom(0));
 */
export function augment(input: InputArray, augmentation: Augmentation, random: Random): InputArray {
  const layout = layoutOf(input);
  const type = typeOf(input);
  const { data: source } = input;
  if (!layout || (type !== 'uint8' && type !== 'float32')) return input;
  if (!(source instanceof Uint8Array || source instanceof Float32Array)) return input;
  const { width, height } = layout;
  const target = source instanceof Uint8Array ? new Uint8ClampedArray(source.length) : new Float32Array(source.length);
  const size = source.length / input.dims[0];
  for (let start = 0; start < source.length; start += size) {
    const affine = drawAffine(augmentation, width, height, random);
    warp(source.subarray(start, start + size), target.subarray(start, start + size), layout, affine);
  }
  return { ...input, data: target instanceof Uint8ClampedArray ? new Uint8Array(target.buffer) : target };
}

interface Layout {
  readonly width: number;
  readonly height: number;
  /** Planes of an image, and how far apart two pixels of a row and two planes stand. */
  readonly planes: number;
  readonly pixel: number;
  readonly plane: number;
}

function layoutOf({ dims }: InputArray): Layout | undefined {
  if (dims.length === 3) return { height: dims[1], width: dims[2], planes: 1, pixel: 1, plane: 0 };
  if (dims.length !== 4) return undefined;
  const [, first, second, third] = dims;
  const isLast = third <= 4 && first > 4;
  if (isLast) return { height: first, width: second, planes: third, pixel: third, plane: 1 };
  return { height: second, width: third, planes: first, pixel: 1, plane: second * third };
}

function drawAffine(augmentation: Augmentation, width: number, height: number, random: Random): Affine {
  const { shift = 0, rotate = 0, scale = 0, shear = 0, flip = 0 } = augmentation;
  const spread = (extent: number) => (2 * random.float() - 1) * extent;
  const angle = (spread(rotate) * Math.PI) / 180;
  const slant = spread(shear);
  const scaleX = (1 + spread(scale)) * (random.float() < flip ? -1 : 1);
  const scaleY = 1 + spread(scale);
  const [x, y] = [spread(shift * width), spread(shift * height)];
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return [cos / scaleX, (sin + slant * cos) / scaleX, -sin / scaleY, (cos - slant * sin) / scaleY, x, y];
}

function warp(
  source: Uint8Array | Float32Array,
  target: Uint8ClampedArray | Float32Array,
  { width, height, planes, pixel, plane }: Layout,
  [xx, xy, yx, yy, shiftX, shiftY]: Affine,
): void {
  const [middleX, middleY] = [(width - 1) / 2, (height - 1) / 2];
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const dx = column - middleX;
      const dy = row - middleY;
      const x = Math.min(width - 1, Math.max(0, xx * dx + xy * dy + middleX + shiftX));
      const y = Math.min(height - 1, Math.max(0, yx * dx + yy * dy + middleY + shiftY));
      const left = Math.floor(x);
      const top = Math.floor(y);
      const right = x - left;
      const down = y - top;
      const stepX = left + 1 < width ? pixel : 0;
      const stepY = top + 1 < height ? width * pixel : 0;
      for (let p = 0; p < planes; p++) {
        const at = (top * width + left) * pixel + p * plane;
        const above = (1 - right) * source[at] + right * source[at + stepX];
        const below = (1 - right) * source[at + stepY] + right * source[at + stepY + stepX];
        target[(row * width + column) * pixel + p * plane] = (1 - down) * above + down * below;
      }
    }
  }
}
