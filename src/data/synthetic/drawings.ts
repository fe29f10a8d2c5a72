import { normal, type Random } from '../../random.js';

/** Strokes are as long as this share of the shorter edge, the same in all of a picture but for a half. */
const LENGTH = [0.15, 0.8] as const;
/** The shortest, in pixels. */
const SHORTEST = 6;
/** How wide they are, beside that. */
const WIDTH = [0.06, 0.22] as const;
/** How many there are for each square of their length. */
const DENSITY = [0.5, 2.5] as const;
/** Share of the strokes that run along or across. */
const UPRIGHT = 0.6;
/** By how much ink and ground differ, at least, of a range of 1. */
const CONTRAST = 0.3;
/** Straight pieces of a stroke. */
const PIECES = 6;
/** Deviation of the noise on every pixel. */
const NOISE = 0.03;

/**
 * A drawing: strokes of one ink and about one size, straight or bent, on a plain ground that may be shaded: what writing,
 * signs, plans and digits have in common.
 *
 * @returns [channels, height, width], each about from 0 to 1
 */
export function drawing(random: Random, channels: number, height: number, width: number): Float32Array {
  const between = ([low, high]: readonly [number, number]) => low + (high - low) * random.float();
  const size = height * width;
  const covered = new Float32Array(size);
  const length = Math.max(SHORTEST, between(LENGTH) * Math.min(height, width));
  const thickness = Math.max(1, length * between(WIDTH));
  const count = Math.max(3, Math.round((between(DENSITY) * size) / length ** 2));
  for (let stroke = 0; stroke < count; stroke++) {
    const angle = random.float() < UPRIGHT ? (random.below(4) * Math.PI) / 2 : 2 * Math.PI * random.float();
    const bend = random.float() < 0.5 ? 0 : (2 * random.float() - 1) * 1.5 * Math.PI;
    const piece = (length * (0.3 + 0.7 * random.float())) / PIECES;
    let [x, y] = [random.float() * width, random.float() * height];
    for (let i = 0; i < PIECES; i++) {
      const direction = angle + (bend * i) / PIECES;
      const [toX, toY] = [x + piece * Math.cos(direction), y + piece * Math.sin(direction)];
      line(covered, height, width, [x, y, toX, toY], thickness / 2);
      [x, y] = [toX, toY];
    }
  }
  const ground = random.float();
  const ink =
    ground < 0.5 ? ground + CONTRAST + (1 - ground - CONTRAST) * random.float() : (ground - CONTRAST) * random.float();
  const picture = new Float32Array(channels * size);
  const [slopeX, slopeY] = [0.3 * (random.float() - 0.5), 0.3 * (random.float() - 0.5)];
  for (let channel = 0; channel < channels; channel++) {
    const [tint, inkTint] = [0.2 * (random.float() - 0.5), 0.2 * (random.float() - 0.5)];
    for (let i = 0; i < size; i++) {
      const shade = slopeX * ((i % width) / width - 0.5) + slopeY * (Math.floor(i / width) / height - 0.5);
      const value = ground + tint + shade + covered[i] * (ink + inkTint - ground - tint - shade);
      picture[channel * size + i] = value + NOISE * normal(random);
    }
  }
  return picture;
}

/** Covers what is nearer to a straight piece than a radius, with soft edges. */
function line(
  covered: Float32Array,
  height: number,
  width: number,
  [x0, y0, x1, y1]: readonly [number, number, number, number],
  radius: number,
): void {
  const reach = radius + 1;
  const [dx, dy] = [x1 - x0, y1 - y0];
  const square = dx * dx + dy * dy;
  const [left, right] = [Math.max(0, Math.floor(Math.min(x0, x1) - reach)), Math.min(width, Math.max(x0, x1) + reach)];
  const [top, bottom] = [Math.max(0, Math.floor(Math.min(y0, y1) - reach)), Math.min(height, Math.max(y0, y1) + reach)];
  for (let row = top; row < bottom; row++) {
    for (let column = left; column < right; column++) {
      const [px, py] = [column + 0.5 - x0, row + 0.5 - y0];
      const share = square > 0 ? Math.min(1, Math.max(0, (px * dx + py * dy) / square)) : 0;
      const distance = Math.hypot(px - share * dx, py - share * dy);
      const cover = Math.min(1, Math.max(0, radius + 0.5 - distance));
      const at = row * width + column;
      if (cover > covered[at]) covered[at] = cover;
    }
  }
}
