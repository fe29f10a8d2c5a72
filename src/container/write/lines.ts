import { MAX_CLASSES, MAX_LINES } from '../constants.js';
import { type Lines, linesOf } from '../header.js';
import { byBits, classCount, classify, classTable, costOf } from './classes.js';
import { escapesOfLines } from './escapes.js';
import type { Indexed } from './symbols.js';

/** The weights that have codes of their own: their indices, and how often each occurs. */
type IndexedPart = Pick<Indexed, 'symbols' | 'counts' | 'escapes'>;

/** A tensor's weights as parts, each of which is coded on its own. */
export interface Split {
  readonly parts: readonly IndexedPart[];
  /** Which part each line belongs to, as it stands in a section. */
  readonly table: Uint8Array;
  readonly fields: { readonly m?: number; readonly a?: number };
}

/** All weights in one. */
export function unsplit(indexed: Indexed): Split {
  return { parts: [indexed], table: new Uint8Array(), fields: {} };
}

/**
 * Decoding must stay as fast as it is. What a reader has to do for a class takes as long as decoding some thousands of
 * weights, and a line in one piece, of the first dimension, should not be shorter than what a copy costs.
 */
const WEIGHTS_A_CLASS = 1 << 19;
const WEIGHTS_A_LINE = 1 << 11;

/**
 * Lines of other dimensions a reader has to put weight by weight: that is for tensors small enough to make no difference
 * to their model, and worth this share of the bits.
 */
const MAX_SCATTERED_CLASSES = 4;
const MIN_WEIGHTS = 1 << 14;
const MAX_SCATTERED = 1 << 17;
const WORTH_SCATTERING = 0.9;

/** Numbers in the table of lines and values that is searched. */
const MAX_CELLS = 1 << 23;

/** Of the bits that indices take, what classes have to save. */
const WORTHWHILE = 0.02;

/**
 * Finds lines of a tensor, along one of its dimensions, that resemble each other in how often each value occurs, so that
 * codes of their own save more than they take. Trained layers have channels of very different scales.
 *
 * @returns nothing if there is less than a hundredth to save
 */
export function splitLines(indexed: Indexed, dims: readonly number[]): Split | undefined {
  const { symbols, counts } = indexed;
  if (symbols.length < MIN_WEIGHTS) return undefined;
  const whole = costOf(counts);
  let best: { axis: number; classes: Uint8Array; bits: number } | undefined;
  for (const [axis, count] of dims.entries()) {
    const most = axis === 0 ? Math.floor(symbols.length / WEIGHTS_A_CLASS) : MAX_SCATTERED_CLASSES;
    const isSlow = axis === 0 ? symbols.length < count * WEIGHTS_A_LINE : symbols.length > MAX_SCATTERED;
    if (isSlow || count < 2 || count > MAX_LINES || most < 2 || count * counts.length > MAX_CELLS) continue;
    const cells = countLines(symbols, linesOf(dims, axis, 1), counts.length);
    const found = classify(cells, byBits(cells, count, Math.min(most, count, MAX_CLASSES)));
    const limit = Math.min(best?.bits ?? Number.POSITIVE_INFINITY, whole * (1 - WORTHWHILE));
    if (found && found.bits < limit * (axis > 0 ? WORTH_SCATTERING : 1)) best = { axis, ...found };
  }
  if (best === undefined) return undefined;
  return splitBy(indexed, dims, best.axis, best.classes);
}

/** Where zeros are left out a class of so many weights is worth its codes, and so is one along the first dimension, of longer lines. */
const WEIGHTS_A_SPARSE_CLASS = 1 << 12;
const WEIGHTS_A_SPARSE_LINE = 1 << 6;

/**
 * Lines of a pruned tensor, along its first dimension, by how many of their weights are left: of channels of small scale few are.
 * Where weights are is most of what such a tensor takes, and how often says what that takes.
 *
 * @returns divisions into two, four and eight classes, as far as there are weights for them
 */
export function splitByDensity(indexed: Indexed, dims: readonly number[]): Split[] {
  const { symbols } = indexed;
  const [count = 1] = dims;
  if (count < 2 || count > MAX_LINES || symbols.length < count * WEIGHTS_A_SPARSE_LINE) return [];
  const inner = symbols.length / count;
  const cells = new Uint32Array(2 * count);
  for (let line = 0, at = 0; line < count; line++) {
    for (const stop = at + inner; at < stop; at++) cells[2 * line + Number(symbols[at] > 0)]++;
  }
  const most = Math.min(MAX_CLASSES, count, Math.floor(symbols.length / WEIGHTS_A_SPARSE_CLASS));
  return [2, 4, 8]
    .filter((classes) => classes <= most)
    .flatMap((classes) => classify(cells, byBits(cells, count, classes)) ?? [])
    .map(({ classes }) => splitBy(indexed, dims, 0, classes));
}

/**
 * The parts that classes of lines make.
 *
 * @param classes - that of each index of dimension `axis`, from 0 on
 */
export function splitBy(indexed: Indexed, dims: readonly number[], axis: number, classes: Uint8Array): Split {
  const m = classCount(classes);
  return {
    parts: gather(indexed, classes, linesOf(dims, axis, m)),
    table: classTable(classes, m),
    fields: { m, ...(axis > 0 ? { a: axis } : {}) },
  };
}

/** How often each line has each value: a row a line. */
function countLines(symbols: Uint16Array, { count, inner }: Lines, values: number): Uint32Array {
  const cells = new Uint32Array(count * values);
  for (let at = 0; at < symbols.length; ) {
    for (let row = 0; row < cells.length; row += values) {
      for (const stop = at + inner; at < stop; at++) cells[row + symbols[at]]++;
    }
  }
  return cells;
}

/** The weights of each class, line by line. */
function gather(
  { symbols, counts, escapes }: Indexed,
  classes: Uint8Array,
  { classes: m, count, inner }: Lines,
): IndexedPart[] {
  return Array.from({ length: m }, (_, of) => {
    const lines = [...classes.keys()].filter((line) => classes[line] === of);
    const part = new Uint16Array((symbols.length / count) * lines.length);
    const ofPart = new Uint32Array(counts.length);
    let to = 0;
    for (const line of lines) {
      for (let from = line * inner; from < symbols.length; from += count * inner) {
        for (let i = from; i < from + inner; i++) {
          part[to++] = symbols[i];
          ofPart[symbols[i]]++;
        }
      }
    }
    return {
      symbols: part,
      counts: ofPart,
      ...(escapes && { escapes: escapesOfLines(escapes, lines, { count, inner }, symbols.length) }),
    };
  });
}
