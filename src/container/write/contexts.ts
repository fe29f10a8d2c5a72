import { ByteWriter } from '../../binary/bytes.js';
import { CHUNK, CONTEXT_CODE_LIMIT, FOUR_STREAMS_FROM, MAX_CLASSES, MAX_DISTANCE, segments } from '../constants.js';
import { chunks } from '../read/layouts.js';
import { classCount, classify, classTable, costOf } from './classes.js';
import { escapesByChunk, sizeOf } from './escapes.js';
import type { Plan } from './plan.js';
import { bytesOf, makeCode, writeRun } from './runs.js';
import { type Indexed, writeCodebook } from './symbols.js';

/** Fewer weights do not pay for eight codes. */
const MIN_WEIGHTS = 1 << 11;

/** Weights by which distances are compared: pieces of so many, evenly spread. */
const SAMPLE_PIECES = 4;
const SAMPLE_PIECE = 1 << 14;

/** A way to code weights by what came before them. */
export interface ContextChoice {
  readonly distance: number;
  /** The class of each value; of what comes before a stream the first. */
  readonly classes: Uint8Array;
}

/**
 * Dense weights whose codes go by the class of the weight a distance before: in pictures, and where neighbours belong
 * to one channel, it tells something of the weight.
 *
 * @param dims - the tensor's, which say how far apart neighbours are
 * @param least - the share of its bits that has to be saved, about
 */
export function planContexts(
  indexed: Indexed,
  isFloat: boolean,
  dims: readonly number[],
  least: number,
): Plan | undefined {
  const choice = chooseContexts(indexed, isFloat, dims, least);
  return choice && planByContexts(indexed, isFloat, choice, choice.followers);
}

/**
 * The same with a distance and classes that are given.
 *
 * @param followers - what follows each value at this distance, where that is known
 */
export function planByContexts(
  indexed: Indexed,
  isFloat: boolean,
  { distance, classes }: ContextChoice,
  followers: Followers = countFollowers(indexed.symbols, indexed.values.length, distance),
): Plan {
  const { symbols, values } = indexed;
  const k = values.length;
  const { fields, bytes: codebook } = writeCodebook(indexed, isFloat);
  const escapes = escapesByChunk(indexed, CHUNK);
  const m = classCount(classes);
  const sums = sumsOf(followers, classes, m);
  // No code may be empty, whatever nothing follows.
  for (const sum of sums) if (!sum.some(Boolean)) sum[0] = 1;
  const codes = sums.map((counts) => makeCode(counts, CONTEXT_CODE_LIMIT));
  const table = classTable(classes, m);
  return {
    layout: 'dense',
    bytes: codebook.length + table.length + bytesOf(codes) + sizeOf([escapes]),
    fields: { ...fields, m, h: distance },
    write() {
      const writer = new ByteWriter().bytes(codebook).bytes(table);
      for (const code of codes) writer.bytes(code.table);
      // The codes of all classes, one behind the other, are one code for pairs of class and value.
      const lengths = new Uint8Array(m * k);
      const bits = new Uint16Array(m * k);
      for (const [of, code] of codes.entries()) {
        lengths.set(code.lengths, of * k);
        bits.set(code.codes, of * k);
      }
      const places = Uint16Array.from(classes, (of) => of * k);
      for (const { start, count, isLast } of chunks(symbols.length, CHUNK)) {
        const pairs = symbols.slice(start, start + count);
        for (const { from, to } of streamsOf(start, count)) {
          for (let i = from + distance; i < to; i++) pairs[i - start] += places[symbols[i - distance]];
        }
        writer.bytes(escapes[start / CHUNK]);
        writeRun(writer, { lengths, codes: bits }, pairs, isLast);
      }
      return writer.finish();
    },
  };
}

/** The distance whose classes save the most bits, and the classes; nothing if no distance promises enough. */
function chooseContexts(
  indexed: Indexed,
  isFloat: boolean,
  dims: readonly number[],
  least: number,
): (ContextChoice & { readonly followers: Followers }) | undefined {
  const { symbols } = indexed;
  const k = indexed.values.length;
  if (symbols.length < MIN_WEIGHTS || k < 2) return undefined;
  const numbers = numbersOf(indexed, isFloat);
  const distances = distancesOf(dims, symbols.length);
  let best: (ContextChoice & { readonly followers: Followers; readonly bits: number }) | undefined;
  // Neighbours may resemble each other in their values, or only in how large these are.
  for (const keys of [numbers, numbers.map(Math.abs)]) {
    const start = inOrderOf(keys, indexed);
    const [nearest] = distances
      .map((distance) => ({ distance, saved: savedBy(symbols, k, distance, start) }))
      .sort((a, b) => b.saved - a.saved);
    // Classes made for the tensor save more than those it is judged by.
    if (nearest === undefined || nearest.saved < least / 2) continue;
    const { distance } = nearest;
    const followers = best?.distance === distance ? best.followers : countFollowers(symbols, k, distance);
    const found = classify(followers.cells, start);
    if (found && !(best && best.bits <= found.bits))
      best = { distance, classes: withFirst(found.classes, followers), followers, bits: found.bits };
  }
  return best;
}

/** How far before a weight its neighbours along each dimension are, and the one but next. */
function distancesOf(dims: readonly number[], weights: number): number[] {
  const strides = dims.map((_, axis) => dims.slice(axis + 1).reduce((product, dim) => product * dim, 1));
  return [...new Set([1, 2, ...strides])].filter(
    (distance) => distance > 0 && distance <= Math.min(MAX_DISTANCE, weights / 2),
  );
}

/** What values are as numbers. Integers are taken for signed ones: what is near zero is the most of it, and alike. */
function numbersOf({ values }: Indexed, isFloat: boolean): Float64Array {
  if (isFloat && values instanceof Uint32Array)
    return Float64Array.from(new Float32Array(values.buffer, values.byteOffset, values.length));
  const shift = 32 - 8 * values.BYTES_PER_ELEMENT;
  return Float64Array.from(values, (value) => (value << shift) >> shift);
}

/** Eight classes of about as many weights each, of values that are neighbours by these keys. */
function inOrderOf(keys: Float64Array, { counts, symbols }: Indexed): Uint8Array {
  const order = [...keys.keys()].sort((a, b) => keys[a] - keys[b] || a - b);
  const classes = new Uint8Array(keys.length);
  let before = 0;
  for (const symbol of order) {
    // The last values of a grid may be those of no weight.
    const of = Math.floor((MAX_CLASSES * (before + counts[symbol] / 2)) / symbols.length);
    classes[symbol] = Math.min(MAX_CLASSES - 1, of);
    before += counts[symbol];
  }
  return densely(classes);
}

/** The same classes with no number left out. */
function densely(classes: Uint8Array): Uint8Array {
  const there = [...new Set(classes)].sort((a, b) => a - b);
  return classes.map((of) => there.indexOf(of));
}

/** The share of the bits that these classes save at a distance, by a sample of the weights. */
function savedBy(symbols: Uint16Array, k: number, distance: number, classes: Uint8Array): number {
  const m = classCount(classes);
  const sums = Array.from({ length: m }, () => new Uint32Array(k));
  const isAll = symbols.length <= SAMPLE_PIECES * SAMPLE_PIECE;
  const pieces = isAll ? 1 : SAMPLE_PIECES;
  const length = isAll ? symbols.length - distance : Math.min(SAMPLE_PIECE, symbols.length - distance);
  for (let piece = 0; piece < pieces; piece++) {
    const from = distance + Math.floor((piece * (symbols.length - distance - length)) / Math.max(1, pieces - 1));
    for (let i = from; i < from + length; i++) sums[classes[symbols[i - distance]]][symbols[i]]++;
  }
  const all = new Uint32Array(k);
  for (const sum of sums) for (let value = 0; value < k; value++) all[value] += sum[value];
  return 1 - sums.reduce((bits, sum) => bits + costOf(sum), 0) / costOf(all);
}

/** What follows each value at a distance, a row a value; and what has nothing before it in its stream. */
interface Followers {
  readonly cells: Uint32Array;
  readonly first: Uint32Array;
}

function countFollowers(symbols: Uint16Array, k: number, distance: number): Followers {
  const cells = new Uint32Array(k * k);
  const first = new Uint32Array(k);
  for (const { start, count } of chunks(symbols.length, CHUNK)) {
    for (const { from, to } of streamsOf(start, count)) {
      const middle = Math.min(to, from + distance);
      for (let i = from; i < middle; i++) first[symbols[i]]++;
      for (let i = middle; i < to; i++) cells[symbols[i - distance] * k + symbols[i]]++;
    }
  }
  return { cells, first };
}

/** The streams of a chunk, by their weights. */
export function streamsOf(start: number, count: number): { from: number; to: number }[] {
  let to = start;
  return segments(count, FOUR_STREAMS_FROM).map((weights) => {
    const from = to;
    to += weights;
    return { from, to };
  });
}

/** How often each class of what came before is followed by each value. */
function sumsOf({ cells, first }: Followers, classes: Uint8Array, m: number): Uint32Array[] {
  const k = classes.length;
  const sums = Array.from({ length: m }, (_, of) => (of === 0 ? first.slice() : new Uint32Array(k)));
  for (const [value, of] of classes.entries()) {
    for (let next = 0; next < k; next++) sums[of][next] += cells[value * k + next];
  }
  return sums;
}

/** The same classes, the first being the one that has the best code for weights with nothing before them. */
function withFirst(classes: Uint8Array, { cells, first }: Followers): Uint8Array {
  const m = classCount(classes);
  const none = new Uint32Array(first.length);
  const sums = sumsOf({ cells, first: none }, classes, m);
  const growths = sums.map((sum) => costOf(sum.map((times, value) => times + first[value])) - costOf(sum));
  const best = growths.indexOf(Math.min(...growths));
  return classes.map((of) => (of === best ? 0 : of === 0 ? best : of));
}
