// What each golden is about, and weights that make it so.

import { toWaves } from '../../build/quantize/waves.js';

const WITH_CODEBOOK = ['packed', 'dense', 'gap', 'mask'];
const WITH_LINES = ['dense', 'gap', 'mask'];

/** Codebooks that units of so many bytes may have. */
const kindsOf = (width) => (width === 4 ? ['native', 'float16', 'grid'] : ['native']);

/** Grids of lines along the last dimension, or along the one in the middle. */
const GRIDS = [
  { dims: [45, 11], axis: 1 },
  { dims: [6, 7, 12], axis: 1 },
];

/** Twelve lines of three classes, those of the last dimension or of the one in the middle. */
const LINES = [
  { dims: [40, 12], axis: 1, classes: Uint8Array.from({ length: 12 }, (_, line) => (line * 5) % 3) },
  { dims: [6, 12, 7], axis: 1, classes: Uint8Array.from({ length: 12 }, (_, line) => (line * 7) % 3) },
];

const plain = [1, 2, 4, 8].flatMap((width) => [
  { layout: 'inline', width, count: 24 },
  ...(width > 1 ? [{ layout: 'inline', width, count: 40, isPlanar: true }] : []),
  { layout: 'verbatim', width, count: width === 1 ? 1200 : 300 },
  { layout: 'planes', width, count: width === 8 ? 240 : 1500 - 250 * width },
]);

const coded = WITH_CODEBOOK.flatMap((layout) =>
  [1, 2, 4].flatMap((width) =>
    kindsOf(width).map((kind) => ({ layout, kind, width, count: layout === 'mask' ? 960 / width : 480 })),
  ),
);

const lined = coded
  .filter(({ layout }) => WITH_LINES.includes(layout))
  .map((golden, i) => ({ ...golden, lines: LINES[i % LINES.length] }));

/** A step for each line; powers of two, float16 and float32. */
const byLine = WITH_CODEBOOK.map((layout, i) => ({
  layout,
  kind: 'grids',
  width: 4,
  count: 480,
  grids: { ...GRIDS[i % GRIDS.length], bits: [0, 10, 23, 10][i] },
}));

/** The same on a grid for each line, and beside weights that are on none. */
const followedGrids = [
  { layout: 'dense', kind: 'grids', width: 4, count: 480, grids: { ...GRIDS[0], bits: 10 } },
  { layout: 'dense', kind: 'grid', width: 4, count: 1200, hasEscapes: true },
].map((golden) => ({ ...golden, contexts: { distance: 3, classes: 4 } }));

/** Weights beyond the tables of grids, and one of them on no grid. */
const escaping = WITH_CODEBOOK.flatMap((layout, i) => [
  { layout, kind: 'grid', width: 4, count: 1200, hasEscapes: true },
  ...(WITH_LINES.includes(layout)
    ? [{ layout, kind: 'grid', width: 4, count: 480, hasEscapes: true, lines: LINES[i % LINES.length] }]
    : []),
  { layout, kind: 'grids', width: 4, count: 480, hasEscapes: true, grids: { ...GRIDS[i % GRIDS.length], bits: 10 } },
]);

/** A zero with a sign among the weights. */
const signed = [
  { layout: 'dense', kind: 'grid', width: 4, count: 480, hasMinusZero: true },
  { layout: 'gap', kind: 'grid', width: 4, count: 1200, hasMinusZero: true, hasEscapes: true },
  { layout: 'packed', kind: 'grids', width: 4, count: 480, hasMinusZero: true, grids: { ...GRIDS[0], bits: 10 } },
];
/** Codes by what came before, near and far; the first in four streams. */
const followed = coded
  .filter(({ layout }) => layout === 'dense')
  .map((golden, i) => ({
    ...golden,
    ...(i === 0 ? { count: 8200 } : {}),
    contexts: { distance: [600, 1, 2, 7, 40][i], classes: 2 + i },
  }));

/** Alphabets of gaps: each as wide as the gaps that there are. */
const gaps = [4, 5, 6, 7, 8].map((gapBits) => ({
  layout: 'gap',
  kind: 'native',
  width: 1,
  count: 12 * 2 ** gapBits,
  gapBits,
  suffix: `gaps${gapBits}`,
}));

/** Runs of so many symbols that they are in four streams. */
const streams = [
  { layout: 'dense', kind: 'native', width: 1, count: 8200 },
  { layout: 'gap', kind: 'native', width: 1, count: 9000, density: 0.5 },
  { layout: 'planes', width: 1, count: 8200 },
].map((golden) => ({ ...golden, suffix: 'streams' }));

/** Waves, whose lines are cut into pieces or not. */
const waves = [
  { layout: 'waves', width: 4, count: 40 * 24, waves: { dims: [40, 24], axis: 1, pieces: 1 } },
  { layout: 'waves', width: 4, count: 34 * 20, waves: { dims: [34, 1, 20], axis: 2, pieces: 2 }, suffix: 'pieces' },
  { layout: 'waves', width: 4, count: 4 * 8 * 30, waves: { dims: [4, 8, 30], axis: 1, pieces: 1 }, suffix: 'inner' },
];

const models = [
  { layout: 'dense', kind: 'native', width: 4, count: 480, tensors: 3, suffix: 'twins' },
  { layout: 'inline', width: 8, count: 40, isPlanar: true, tensors: 2, suffix: 'twins' },
  { layout: 'gap', kind: 'float16', width: 4, count: 480, isExternal: true, suffix: 'external' },
  { layout: 'verbatim', width: 1, count: 5000, isExternal: true, unclaimed: 4500, suffix: 'stretch' },
];

/**
 * @typedef {object} Golden
 * @property {(typeof import('../../build/container/constants.js').LAYOUTS)[number]} layout
 * @property {number} width
 * @property {number} count
 * @property {string} [kind] of codebook
 * @property {{ dims: number[], axis: number, classes: Uint8Array }} [lines]
 * @property {{ dims: number[], axis: number, bits: number }} [grids] lines with a step of so many bits each
 * @property {boolean} [hasEscapes]
 * @property {boolean} [hasMinusZero]
 * @property {{ distance: number, classes: number }} [contexts] values have one of so many classes, in turn
 * @property {{ dims: number[], axis: number, pieces: number }} [waves]
 * @property {boolean} [isPlanar]
 * @property {number} [gapBits]
 * @property {number} [density]
 * @property {number} [tensors] how many, all alike
 * @property {boolean} [isExternal]
 * @property {number} [unclaimed] bytes behind the tensor in its file that belong to none
 * @property {string} [suffix] of the name
 */

const goldens = /** @type {Golden[]} */ ([
  ...[...plain, ...coded, ...lined, ...followed, ...followedGrids, ...byLine, ...escaping, ...signed],
  ...[...gaps, ...streams, ...models, ...waves],
]);

/** All goldens: what they are about, and how they are named for it. */
export const cases = goldens.map((golden) => {
  const { layout, kind, width, lines, contexts, isPlanar, hasEscapes, hasMinusZero, suffix } = golden;
  const coding = [lines && 'lines', contexts && 'contexts'];
  const of = [isPlanar && 'planar', ...coding, hasEscapes && 'escapes', hasMinusZero && 'signed'];
  const words = [layout, kind, `w${width}`, ...of, suffix];
  return { ...golden, name: words.filter(Boolean).join('-') };
});

/**
 * Weights that the layout of a case is for.
 *
 * @param {Golden} golden
 */
export function payloadOf(golden, random) {
  const { layout, kind, width, count, gapBits, density, isPlanar } = golden;
  const dims = dimsOf(golden);
  const length = dims ? dims.reduce((a, b) => a * b) : count;
  if (layout === 'inline') return isPlanar ? ramp(width, length) : pattern(width, length, random);
  if (layout === 'verbatim') return noise(width, length, random);
  if (layout === 'planes') return bell(width, length, random);
  if (golden.waves) return wavesPayload(golden.waves);
  const values = valuesOf(kind, width, layout === 'packed' ? 8 : 14, random);
  const isKept = gapBits
    ? regularly(gapBits, random)
    : keeper(layout, density ?? (layout === 'gap' ? 0.1 : 0.25), random);
  if (isOnGrid(golden)) return gridPayload(golden, length, isKept, random);
  return unitsOf(width, length, (i) => {
    if (layout === 'packed') return values[random.below(8)];
    if (!isKept(i)) return 0;
    // Small places are the more frequent ones.
    return values[Math.floor(values.length * random.float() ** 3)];
  });
}

/** The dimensions that a case is about; as a list where it is about none. */
export const dimsOf = (/** @type {Golden} */ { lines, grids, waves }) => lines?.dims ?? grids?.dims ?? waves?.dims;

/** What the plain grid of a few values does not show. */
const isOnGrid = (/** @type {Golden} */ { grids, hasEscapes, hasMinusZero }) => grids || hasEscapes || hasMinusZero;

/**
 * Multiples of a step, or of one for each line, small ones the more frequent.
 *
 * @param {Golden} golden
 */
function gridPayload({ layout, grids, lines, hasEscapes, hasMinusZero }, length, isKept, random) {
  const { dims, axis, bits } = grids ?? { dims: [1], axis: 0, bits: 23 };
  const inner = dims.slice(axis + 1).reduce((a, b) => a * b, 1);
  const steps = Array.from({ length: dims[axis] }, () =>
    Math.fround(2 ** -6 * 2 ** random.below(4) * (1 + random.below(2 ** bits) / 2 ** bits)),
  );
  const most = layout === 'packed' ? 3 : 9;
  const values = Float32Array.from({ length }, (_, i) => {
    const step = steps[Math.floor(i / inner) % steps.length];
    const size = 1 + Math.floor(most * random.float() ** 3);
    const integer = (isKept(i) || layout === 'packed') && (random.below(2) ? -size : size);
    if (hasMinusZero && i % 16 === 3) return -0;
    if (hasEscapes && i % 97 === 5) return step * (grids ? 400 + (i % 50) : 900 + i);
    return integer ? integer * step : 0;
  });
  // One in a thousand weights may be on no grid at all.
  if (hasEscapes && !grids && !lines) values[700] = Number.NaN;
  return new Uint8Array(values.buffer);
}

/** A transform: line i turns i times, in the second piece a quarter turn behind, under a window. */
function wavesPayload({ dims, axis, pieces }) {
  const count = dims[axis];
  const inner = dims.slice(axis + 1).reduce((a, b) => a * b, 1);
  const units = dims.reduce((a, b) => a * b, 1);
  const length = units / count / pieces;
  const values = Float32Array.from({ length: units }, (_, at) => {
    const line = Math.floor(at / inner) % count;
    const place = Math.floor(at / (inner * count)) * inner + (at % inner);
    const turned = (2 * Math.PI * line * (place % length)) / (4 * count + 1);
    return (
      Math.sin((Math.PI * (line + 1)) / (count + 1)) * Math.cos(turned + (Math.PI / 2) * Math.floor(place / length))
    );
  });
  return new Uint8Array(toWaves(values, dims).buffer);
}

/** Which weights are not zero: one by one, or for a mask eight together; of layout dense all. */
function keeper(layout, density, random) {
  if (layout === 'dense') return () => true;
  if (layout === 'gap') return () => random.float() < density;
  let isRow = false;
  return (i) => {
    if (i % 8 === 0) isRow = random.float() < density;
    return isRow;
  };
}

/** A weight behind about as many zeros as the widest gap says that is no filler. */
function regularly(gapBits, random) {
  const gap = () => 2 ** gapBits - 2 - random.below(3);
  let next = gap();
  return (i) => {
    if (i < next) return false;
    next += 1 + gap();
    return true;
  };
}

/** Distinct values other than zero: any bits, floats that float16 holds, or multiples of a step. */
function valuesOf(kind, width, count, random) {
  if (kind === 'grid')
    return bitsOf(
      Float32Array.from({ length: count }, (_, i) => Math.fround(0.0371) * (i % 2 ? -(i >> 1) - 1 : (i >> 1) + 1)),
    );
  if (kind === 'float16')
    return bitsOf(Float32Array.from({ length: count }, () => (random.below(2047) - 1023.5) / 512));
  if (width === 4) return bitsOf(Float32Array.from({ length: count }, () => random.float() - 0.5));
  return Array.from(
    new Set(Array.from({ length: 2 * count }, () => 1 + random.below(width === 1 ? 255 : 65_535))),
  ).slice(0, count);
}

const bitsOf = (floats) => [...new Uint32Array(floats.buffer)];

const ARRAYS = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array };

/** A payload of these units; `unit` gives the bits of each. */
function unitsOf(width, count, unit) {
  return new Uint8Array(ARRAYS[width].from({ length: count }, (_, i) => unit(i)).buffer);
}

const noise = (width, count, random) => Uint8Array.from({ length: width * count }, () => random.below(256));

/** The same few units again and again. */
function pattern(width, count, random) {
  const units = noise(width, 5, random);
  return Uint8Array.from({ length: width * count }, (_, i) => units[i % units.length]);
}

/** Units that go up by one: all bytes but the lowest are nearly the same. */
function ramp(width, count) {
  const bytes = new Uint8Array(width * count);
  for (let i = 0; i < count; i++)
    bytes.set([(37 * i) % 256, ...Array.from({ length: width - 1 }, (_, p) => 64 + p)], i * width);
  return bytes;
}

/** Units of which the highest byte has a bell's shape; of wide units the second is always the same, the others are noise. */
function bell(width, count, random) {
  const bytes = noise(width, count, random);
  for (let i = 0; i < count; i++) {
    const sum = random.float() + random.float() + random.float() + random.float();
    bytes[i * width + width - 1] = width === 1 ? 64 * sum : 60 + 2 * sum;
    if (width === 8) bytes[i * width + width - 2] = 7;
  }
  return bytes;
}
