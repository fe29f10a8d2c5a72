import { BitWriter } from '../../binary/bits.js';
import { MAX_CLASSES, MAX_LINES } from '../constants.js';
import { type Lines, linesOf } from '../header.js';
import { indexBits } from '../read/layouts.js';
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

const ROUNDS = 8;

/** What a code takes beside its lengths, of two bits a symbol: the lengths of its streams, and what fills them up. */
const BITS_A_CLASS = 96;
const BITS_A_SYMBOL = 2;

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
    const found = classify(countLines(symbols, linesOf(dims, axis, 1), counts.length), count, most);
    const limit = Math.min(best?.bits ?? Number.POSITIVE_INFINITY, whole * (1 - WORTHWHILE));
    if (found && found.bits < limit * (axis > 0 ? WORTH_SCATTERING : 1)) best = { axis, ...found };
  }
  if (best === undefined) return undefined;
  return splitBy(indexed, dims, best.axis, best.classes);
}

/**
 * The parts that classes of lines make.
 *
 * @param classes - that of each index of dimension `axis`, from 0 on
 */
export function splitBy(indexed: Indexed, dims: readonly number[], axis: number, classes: Uint8Array): Split {
  const m = 1 + classes.reduce((most, of) => Math.max(most, of), 0);
  const table = new BitWriter();
  for (const of of classes) table.write(of, indexBits(m));
  return {
    parts: gather(indexed, classes, linesOf(dims, axis, m)),
    table: table.finish(),
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

/** Bits that symbols of these counts take in a code of their own, at best, and the code itself. */
function costOf(counts: ArrayLike<number>): number {
  let total = 0;
  let bits = 0;
  for (let s = 0; s < counts.length; s++) {
    total += counts[s];
    if (counts[s] > 0) bits -= counts[s] * Math.log2(counts[s]);
  }
  return bits + (total > 0 ? total * Math.log2(total) : 0) + BITS_A_CLASS + BITS_A_SYMBOL * counts.length;
}

/**
 * Assigns every line to one of a few classes: Lloyd's iteration, in which the distance of a line to a class is the bits
 * that it takes in the class's code, then unions of classes as long as that saves bits.
 *
 * @param cells - a row a line
 * @param limit - how many classes there may be
 * @returns the class of each line, from 0 on, and the bits of all; nothing if one class is best
 */
function classify(cells: Uint32Array, count: number, limit: number): { classes: Uint8Array; bits: number } | undefined {
  const values = cells.length / count;
  const most = Math.min(limit, count, MAX_CLASSES);
  const row = (line: number) => cells.subarray(line * values, (line + 1) * values);
  // To begin with, lines of about the same number of bits are together.
  const spread = Float64Array.from({ length: count }, (_, line) => costOf(row(line)));
  const order = [...spread.keys()].sort((a, b) => spread[a] - spread[b]);
  const classes = new Uint8Array(count);
  for (const [rank, line] of order.entries()) classes[line] = Math.floor((rank * most) / count);

  for (let round = 0; round < ROUNDS; round++) {
    const costs = codeCosts(sumClasses(cells, classes, most), most);
    let moved = 0;
    const bits = new Float64Array(most);
    for (let line = 0; line < count; line++) {
      bits.fill(0);
      for (let value = 0, cell = line * values; value < values; value++, cell++) {
        const times = cells[cell];
        if (times === 0) continue;
        for (let of = 0; of < most; of++) bits[of] += times * costs[value * most + of];
      }
      let best = 0;
      for (let of = 1; of < most; of++) if (bits[of] < bits[best]) best = of;
      if (best !== classes[line]) moved++;
      classes[line] = best;
    }
    if (moved * 200 < count) break;
  }
  return unite(sumClasses(cells, classes, most), classes);
}

function sumClasses(cells: Uint32Array, classes: Uint8Array, most: number): Uint32Array[] {
  const values = cells.length / classes.length;
  const sums = Array.from({ length: most }, () => new Uint32Array(values));
  for (const [line, of] of classes.entries()) {
    const sum = sums[of];
    for (let value = 0, cell = line * values; value < values; value++, cell++) sum[value] += cells[cell];
  }
  return sums;
}

/** What each value takes in each class's code, value by value; a value that a class does not have yet, a little more. */
function codeCosts(sums: readonly Uint32Array[], most: number): Float64Array {
  const values = sums[0].length;
  const costs = new Float64Array(values * most);
  for (const [of, sum] of sums.entries()) {
    const total = sum.reduce((all, times) => all + times, 0) + values / 16;
    // Whole numbers, 1/256 of a bit: sums are exact, and the same in whatever order.
    for (let value = 0; value < values; value++)
      costs[value * most + of] = Math.round(256 * Math.log2(total / (sum[value] + 1 / 16)));
  }
  return costs;
}

function unite(sums: Uint32Array[], classes: Uint8Array): { classes: Uint8Array; bits: number } | undefined {
  let groups = sums
    .map((sum, of) => ({ sum, members: [of], bits: costOf(sum) }))
    .filter(({ members: [of] }) => classes.includes(of));
  const total = () =>
    groups.reduce((sum, { bits }) => sum + bits, classes.length * Math.ceil(Math.log2(groups.length)));
  let best = { groups, bits: total() };
  while (groups.length > 1) {
    let least = { a: 0, b: 0, growth: Number.POSITIVE_INFINITY, union: groups[0] };
    for (let b = 1; b < groups.length; b++) {
      for (let a = 0; a < b; a++) {
        const sum = groups[a].sum.map((times, value) => times + groups[b].sum[value]);
        const union = { sum, members: [...groups[a].members, ...groups[b].members], bits: costOf(sum) };
        const growth = union.bits - groups[a].bits - groups[b].bits;
        if (growth < least.growth) least = { a, b, growth, union };
      }
    }
    groups = groups.map((group, i) => (i === least.a ? least.union : group)).filter((_, i) => i !== least.b);
    const bits = total();
    if (bits < best.bits) best = { groups, bits };
  }
  if (best.groups.length < 2) return undefined;
  const renamed = new Uint8Array(sums.length);
  for (const [to, { members }] of best.groups.entries()) for (const of of members) renamed[of] = to;
  return { classes: classes.map((of) => renamed[of]), bits: best.bits };
}
