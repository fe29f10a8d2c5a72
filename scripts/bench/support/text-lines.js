// Lines of text as a reader of text gets them, for benchmarks, and for tests that want the same.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import opentype from 'opentype.js';
import { createRandom, normal } from '../../../build/random.js';

const FOLDER = `${dirname(createRequire(import.meta.url).resolve('dejavu-fonts-ttf/package.json'))}/ttf/`;
const FONTS = ['DejaVuSans', 'DejaVuSans-Bold', 'DejaVuSerif', 'DejaVuSansMono', 'DejaVuSansCondensed-Oblique'];
const WORDS = (
  'the quick brown fox jumps over lazy dog Invoice Total Date Name Street number open closed Exit Gate Platform Coffee ' +
  'tea milk sugar price sale Monday Friday March 2024 1999 12.50 7:45 A4 B12 No. 365 100% rue Platz Avenue Hotel'
).split(' ');
/** Rows of a pixel that are looked at. */
const SUBROWS = 4;

/** How much of each pixel of a bitmap the outlines of a text cover, 0 to 1. */
function coverage(commands, width, height) {
  const covered = new Float32Array(width * height);
  for (let row = 0; row < height * SUBROWS; row++) {
    const y = (row + 0.5) / SUBROWS;
    const crossings = commands
      .filter(([, y0, , y1]) => Math.min(y0, y1) <= y && y < Math.max(y0, y1))
      .map(([x0, y0, x1, y1]) => ({ x: x0 + ((y - y0) / (y1 - y0)) * (x1 - x0), turn: y1 > y0 ? 1 : -1 }))
      .sort((one, other) => one.x - other.x);
    let winding = 0;
    for (const [i, { x, turn }] of crossings.entries()) {
      winding += turn;
      if (winding === 0) continue;
      const end = Math.min(width, crossings[i + 1].x);
      for (let pixel = Math.max(0, Math.floor(x)); pixel < end; pixel++) {
        const share = Math.min(end, pixel + 1) - Math.max(x, pixel);
        covered[Math.floor(row / SUBROWS) * width + pixel] += share / SUBROWS;
      }
    }
  }
  return covered;
}

/** A text glyph by glyph, from x on: where each stands, and behind the last one where the next would. */
function placed(font, text, x, size) {
  let at = x;
  const glyphs = [...text].map((character) => {
    const glyph = font.charToGlyph(character);
    const from = at;
    at += (glyph.advanceWidth / font.unitsPerEm) * size;
    return { glyph, x: from };
  });
  return { glyphs, end: at };
}

/** The straight pieces [x0, y0, x1, y1] of a text's outlines; curves are cut into eight. */
function outlines(font, text, x, y, size) {
  const pieces = [];
  let [from, start] = [
    [0, 0],
    [0, 0],
  ];
  const lineTo = (to) => {
    pieces.push([from[0], from[1], to[0], to[1]]);
    from = to;
  };
  const glyphs = placed(font, text, x, size).glyphs;
  for (const { type, ...at } of glyphs.flatMap(({ glyph, x: left }) => glyph.getPath(left, y, size).commands)) {
    if (type === 'M') from = start = [at.x, at.y];
    else if (type === 'L') lineTo([at.x, at.y]);
    else if (type === 'Z') lineTo(start);
    else {
      const points = [from, [at.x1, at.y1], ...(type === 'C' ? [[at.x2, at.y2]] : []), [at.x, at.y]];
      for (let i = 1; i <= 8; i++) {
        let curve = points;
        // De Casteljau: halfway points of halfway points, until one is left.
        while (curve.length > 1) {
          curve = curve
            .slice(1)
            .map((end, k) => end.map((value, axis) => curve[k][axis] + (i / 8) * (value - curve[k][axis])));
        }
        lineTo(curve[0]);
      }
    }
  }
  return pieces;
}

/**
 * Lines of text as a reader of text gets them: [count, 3, 48, width], values from −1 to 1, of several fonts, sizes and
 * colours, with some noise.
 *
 * @param {number} count
 * @param {number} width
 * @param {number} seed
 * @param {boolean} isTurned - whether every other line stands on its head
 */
export function textLines(count, width, seed, isTurned = false) {
  const height = 48;
  const fonts = FONTS.map((name) => opentype.parse(Uint8Array.from(readFileSync(`${FOLDER}${name}.ttf`)).buffer));
  const random = createRandom(seed);
  const pixels = new Float32Array(count * 3 * height * width);
  for (let line = 0; line < count; line++) {
    const font = fonts[random.below(fonts.length)];
    const size = 24 + 14 * random.float();
    let text = WORDS[random.below(WORDS.length)];
    while (placed(font, text, 0, size).end < width * 0.6) text += ` ${WORDS[random.below(WORDS.length)]}`;
    const pieces = outlines(font, text, 3 + 6 * random.float(), 32 + 6 * random.float(), size);
    const covered = coverage(pieces, width, height);
    if (isTurned && line % 2 === 1) covered.reverse();
    const [dark, light, noise] = [random.float() * 0.4, 0.6 + random.float() * 0.4, random.float() * 0.06];
    const [paper, ink] = random.float() < 0.3 ? [dark, light] : [light, dark];
    for (let channel = 0; channel < 3; channel++) {
      const tint = 0.2 * (random.float() - 0.5);
      for (let i = 0; i < covered.length; i++) {
        const value = paper + tint + covered[i] * (ink - paper - tint) + noise * normal(random);
        pixels[(line * 3 + channel) * covered.length + i] = 2 * Math.min(1, Math.max(0, value)) - 1;
      }
    }
  }
  return pixels;
}
