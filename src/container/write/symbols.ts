import { BitWriter } from '../../binary/bits.js';
import { fromHalf, toHalf } from '../../binary/half.js';
import { writeGolomb } from '../../entropy/golomb.js';
import { present } from '../../guards.js';
import type { Units } from '../../kernels/decode/kernels.js';
import { encodeKernels } from '../../kernels/encode/index.js';
import { bookOrder, CODEBOOKS, MAX_CODEBOOK } from '../constants.js';
import type { WireTensor } from '../header.js';
import type { Escapes } from './escapes.js';
import { type Grid, writeGrid } from './steps.js';

/** A payload of few distinct values, as indices into the list of those values. */
export interface Indexed {
  /** The distinct bit patterns, ascending as unsigned numbers: zero, if it occurs, is the first. */
  readonly values: Units;
  /** One index a unit. */
  readonly symbols: Uint16Array;
  /** How often each value occurs. */
  readonly counts: Uint32Array;
  /** Where the values are those of a grid, in the grid's order and not all of them used. */
  readonly grid?: Grid;
  /** Of a grid: the weights that its table does not hold. Among the symbols they are zeros. */
  readonly escapes?: Escapes;
}

/** The payload as units of 1, 2 or 4 bytes; a view where the bytes are aligned, a copy where they are not. */
export function asUnits(payload: Uint8Array, width: number): Units {
  const { buffer, byteOffset, length } = byteAligned(payload, width);
  if (width === 1) return new Uint8Array(buffer, byteOffset, length);
  return width === 2
    ? new Uint16Array(buffer, byteOffset, length / 2)
    : new Uint32Array(buffer, byteOffset, length / 4);
}

function byteAligned(bytes: Uint8Array, width: number): Uint8Array {
  // Not `slice`: that of a Node Buffer is a view, as little aligned as before.
  return bytes.byteOffset % width === 0 ? bytes : new Uint8Array(bytes);
}

/**
 * Finds the distinct values of a payload and which unit has which; nothing if there are more than a codebook holds.
 * Values are compared as bit patterns, so −0 and every NaN are values of their own.
 */
export function indexUnits(units: Units): Indexed | undefined {
  const kernels = encodeKernels();
  const found = kernels.findValues(units, MAX_CODEBOOK);
  if (found === undefined) return undefined;
  const ascending = found.values.slice().sort();
  const rankOf = new Map(Array.from(ascending, (value, rank) => [value, rank]));
  const ranks = Uint16Array.from(found.values, (value) => present(rankOf.get(value)));
  const counts = new Uint32Array(ranks.length);
  for (const [number, rank] of ranks.entries()) counts[rank] = found.counts[number];
  kernels.relabel(found.symbols, ranks);
  const values =
    units.BYTES_PER_ELEMENT === 4
      ? ascending
      : units.BYTES_PER_ELEMENT === 2
        ? Uint16Array.from(ascending)
        : Uint8Array.from(ascending);
  return { values, symbols: found.symbols, counts };
}

/** The header fields of a codebook. */
type CodebookFields = Pick<WireTensor, 'k' | 'c' | 'a'>;

/**
 * A codebook as it stands in a section: steps of grids, or float16 entries if the units are 4 bytes and every one
 * survives that.
 *
 * @param from - the first entry that is written: 1 where zeros have a code of their own
 */
export function writeCodebook(
  { values: all, grid, escapes }: Indexed,
  isFloat: boolean,
  from = 0,
): { fields: CodebookFields; bytes: Uint8Array } {
  const k = all.length - from;
  if (grid) {
    const { axis } = grid;
    return {
      fields: {
        k,
        c: CODEBOOKS.indexOf(axis === undefined ? 'grid' : 'grids'),
        ...(axis && { a: axis }),
      },
      bytes: writeGrid(grid, escapes),
    };
  }
  const values = all.subarray(from);
  const halves = isFloat && values instanceof Uint32Array ? asHalves(values) : undefined;
  if (halves) return { fields: { k, c: CODEBOOKS.indexOf('float16') }, bytes: distances(halves, 2) };
  return { fields: { k }, bytes: distances(values, values.BYTES_PER_ELEMENT) };
}

/** The bits of float32 values as those of float16 ones, if every value survives that. */
function asHalves(values: Uint32Array): Uint16Array | undefined {
  const floats = new Float32Array(values.buffer, values.byteOffset, values.length);
  const halves = new Uint16Array(values.length);
  for (let i = 0; i < halves.length; i++) {
    halves[i] = toHalf(floats[i]);
    // −0 must stay −0, and a NaN is never the same NaN again.
    if (!Object.is(fromHalf(halves[i]), floats[i]) || Number.isNaN(floats[i])) return undefined;
  }
  return halves;
}

/** Ascending patterns, each as its distance to the one before: neighbours are about as far apart as those before them. */
function distances(patterns: Units, bytes: number): Uint8Array {
  const bits = new BitWriter();
  let before = -1;
  let order = bookOrder(bytes);
  for (const pattern of patterns) {
    const distance = pattern - before;
    writeGolomb(bits, distance - 1, order);
    before = pattern;
    order = 31 - Math.clz32(distance | 1);
  }
  return bits.finish();
}
