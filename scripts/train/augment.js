import { PIXELS, SIDE } from './mnist.js';

/** How far a training image is moved, at most; every draw is uniform. Written for digits of 20 × 20 in 28 × 28. */
export const AUGMENTATION = {
  /** Pixels, along each axis. */
  shift: 2,
  /** Radians. */
  rotation: 0.2,
  /** Share of the size, up or down, along each axis. */
  scale: 0.12,
  /** Share of the height by which the top moves against the bottom. */
  shear: 0.15,
};

/**
 * Writes a randomly shifted, turned, scaled and slanted copy of one image, as floats from 0 to 1.
 *
 * @param {Uint8Array} images rows of 784 bytes
 * @param {number} index which row
 * @param {Float32Array} target
 * @param {number} offset where in `target` the copy goes
 * @param {() => number} next the generator
 */
export function augment(images, index, target, offset, next) {
  const spread = (extent) => (2 * next() - 1) * extent;
  const angle = spread(AUGMENTATION.rotation);
  const shear = spread(AUGMENTATION.shear);
  const scaleX = 1 + spread(AUGMENTATION.scale);
  const scaleY = 1 + spread(AUGMENTATION.scale);
  const cos = Math.cos(angle);
  const sin = Math.sin(angle);
  // From a place in the copy to the place in the original it shows, both from the centre.
  const xx = cos / scaleX;
  const xy = (sin + shear * cos) / scaleX;
  const yx = -sin / scaleY;
  const yy = (cos - shear * sin) / scaleY;
  const centre = (SIDE - 1) / 2;
  const shiftX = centre + spread(AUGMENTATION.shift);
  const shiftY = centre + spread(AUGMENTATION.shift);
  const base = index * PIXELS;
  for (let row = 0, at = offset; row < SIDE; row++) {
    for (let column = 0; column < SIDE; column++, at++) {
      const dx = column - centre;
      const dy = row - centre;
      target[at] = sample(images, base, xx * dx + xy * dy + shiftX, yx * dx + yy * dy + shiftY) / 255;
    }
  }
}

/** The value between four pixels (bilinear); outside the image there is black. */
function sample(images, base, x, y) {
  const left = Math.floor(x);
  const top = Math.floor(y);
  if (left < -1 || top < -1 || left >= SIDE || top >= SIDE) return 0;
  const right = x - left;
  const down = y - top;
  const at = base + top * SIDE + left;
  const inLeft = left >= 0;
  const inRight = left < SIDE - 1;
  let value = 0;
  if (top >= 0)
    value += (1 - down) * ((inLeft ? (1 - right) * images[at] : 0) + (inRight ? right * images[at + 1] : 0));
  if (top < SIDE - 1) {
    const below = at + SIDE;
    value += down * ((inLeft ? (1 - right) * images[below] : 0) + (inRight ? right * images[below + 1] : 0));
  }
  return value;
}
