import { BitWriter } from '../../binary/bits.js';
import { indexBits } from '../constants.js';

const ROUNDS = 8;

/** What a code takes beside its lengths, of two bits a symbol: the lengths of its streams, and what fills them up. */
const BITS_A_CLASS = 96;
const BITS_A_SYMBOL = 2;

/** How many classes there are: their numbers are from 0 on, none left out. */
export function classCount(classes: Uint8Array): number {
  let most = 0;
  for (let i = 0; i < classes.length; i++) most = Math.max(most, classes[i]);
  return most + 1;
}

/** Which class each line or value has, as it stands in a section. */
export function classTable(classes: Uint8Array, m: number): Uint8Array {
  const table = new BitWriter();
  for (const of of classes) table.write(of, indexBits(m));
  return table.finish();
}

/** Bits that symbols of these counts take in a code of their own, at best, and the code itself. */
export function costOf(counts: ArrayLike<number>): number {
  let total = 0;
  let bits = 0;
  for (let s = 0; s < counts.length; s++) {
    total += counts[s];
    if (counts[s] > 0) bits -= counts[s] * Math.log2(counts[s]);
  }
  return bits + (total > 0 ? total * Math.log2(total) : 0) + BITS_A_CLASS + BITS_A_SYMBOL * counts.length;
}

/** Classes to begin with: so many of lines that take about the same number of bits. */
export function byBits(cells: Uint32Array, count: number, most: number): Uint8Array {
  const values = cells.length / count;
  const row = (line: number) => cells.subarray(line * values, (line + 1) * values);
  const spread = Float64Array.from({ length: count }, (_, line) => costOf(row(line)));
  const order = [...spread.keys()].sort((a, b) => spread[a] - spread[b]);
  const classes = new Uint8Array(count);
  for (const [rank, line] of order.entries()) classes[line] = Math.floor((rank * most) / count);
  return classes;
}

/**
 * Assigns every line to one of a few classes: Lloyd's iteration, in which the distance of a line to a class is the bits
 * that it takes in the class's code, then unions of classes as long as that saves bits. What follows a value is a line, too.
 *
 * @param cells - a row a line
 * @param start - the class of each line to begin with
 * @returns the class of each line, from 0 on, and the bits of all; nothing if one class is best
 */
export function classify(cells: Uint32Array, start: Uint8Array): { classes: Uint8Array; bits: number } | undefined {
  const count = start.length;
  const values = cells.length / count;
  const most = classCount(start);
  const classes = start.slice();

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
