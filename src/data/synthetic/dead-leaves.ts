import { normal, type Random } from '../../random.js';

/** Leaves that are laid down until hardly any of the ground shows. */
const LEAVES = 90;
/** The smallest leaf, in pixels, and the largest, as a share of the shorter edge. */
const SMALLEST = 1.5;
const LARGEST = 0.6;
/** Share of the leaves that are boxes; the rest are ellipses. */
const BOXES = 0.3;
/** Deviation of the noise on every pixel, of a range of 1. */
const NOISE = 0.02;

/**
 * A picture of dead leaves: discs and boxes of random size, place and colour that cover one another, each shaded from one
 * side to the other, and a little noise. With radii of density 1 / r³ such pictures have what natural ones share, edges,
 * flat parts and detail of every size (Lee, Mumford and Huang, "Occlusion models for natural images", 2001), which noise,
 * white or pink, has not: networks answer to it as they do to photographs.
 *
 * @returns [channels, height, width], each about from 0 to 1
 */
export function deadLeaves(random: Random, channels: number, height: number, width: number): Float32Array {
  const size = height * width;
  const picture = new Float32Array(channels * size);
  for (let c = 0; c < channels; c++) picture.fill(random.float(), c * size, (c + 1) * size);
  const largest = Math.max(SMALLEST + 1, LARGEST * Math.min(height, width));
  for (let leaf = 0; leaf < LEAVES; leaf++) {
    const radius = powerLaw(random, SMALLEST, largest);
    const stretch = 0.5 + 1.5 * random.float();
    const [rx, ry] = [radius * stretch, radius / stretch];
    const [x, y, angle] = [random.float() * width, random.float() * height, random.float() * Math.PI];
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    const isBox = random.float() < BOXES;
    const grey = random.float();
    const tint = 0.6 * random.float();
    const colours = Array.from({ length: channels }, () => grey * (1 - tint) + random.float() * tint);
    const shade = 0.4 * (random.float() - 0.5);
    const reach = Math.ceil(Math.hypot(rx, ry));
    for (let row = Math.max(0, Math.floor(y - reach)); row < Math.min(height, y + reach); row++) {
      for (let column = Math.max(0, Math.floor(x - reach)); column < Math.min(width, x + reach); column++) {
        const u = ((column - x) * cos + (row - y) * sin) / rx;
        const v = ((row - y) * cos - (column - x) * sin) / ry;
        if (isBox ? Math.max(Math.abs(u), Math.abs(v)) > 1 : u * u + v * v > 1) continue;
        const light = shade * u;
        for (let c = 0; c < channels; c++) picture[c * size + row * width + column] = colours[c] + light;
      }
    }
  }
  for (let i = 0; i < picture.length; i++) picture[i] += NOISE * normal(random);
  return picture;
}

/** A radius between two, of density 1 / r³. */
function powerLaw(random: Random, low: number, high: number): number {
  const [from, to] = [low ** -2, high ** -2];
  return (from + (to - from) * random.float()) ** -0.5;
}
