import { decodePairs, type Units } from '../../kernels/reference/streams.js';
import { CHUNK, FOUR_PAIR_STREAMS_FROM, type Layout, PLANES, SPARSE_CHUNK, segments } from '../constants.js';
import { type Code, readCode, readCodebook, unitArray } from './codes.js';
import type { SectionCursor } from './cursor.js';
import { readRun, readStreams } from './runs.js';

/** Takes the units of a payload as they are decoded, in order. `units` is reused for the next chunk. */
export type Sink = (units: Units, count: number) => void;

type LayoutReader = (cursor: SectionCursor, sink: Sink) => void;

const BYTES = Uint8Array.from({ length: 256 }, (_, byte) => byte);

/** The readers of all layouts with a section of their own, by name. Each hands on its payload chunk by chunk. */
export const READERS: Record<Exclude<Layout, 'inline'>, LayoutReader> = {
  verbatim(cursor, sink) {
    const bytes = cursor.take(cursor.tensor.length, 'payload');
    sink(bytes, bytes.length);
  },

  packed(cursor, sink) {
    const { units, codebookSize, width } = cursor.tensor;
    const values = readCodebook(cursor);
    const bits = indexBits(codebookSize);
    const bytes = cursor.take(Math.ceil((units * bits) / 8), 'indices');
    const out = unitArray(width, units);
    for (let i = 0, bit = 0; i < units; i++, bit += bits) {
      const pair = bytes[bit >> 3] | (bytes[(bit >> 3) + 1] << 8);
      const index = (pair >> (bit & 7)) & ((1 << bits) - 1);
      if (index >= codebookSize) throw cursor.error(`index ${index} into a codebook of ${codebookSize}`);
      out[i] = values[index];
    }
    sink(out, units);
  },

  dense(cursor, sink) {
    const { units, codebookSize, width } = cursor.tensor;
    const values = readCodebook(cursor);
    const code = readCode(cursor, codebookSize, 'code lengths');
    const out = unitArray(width, Math.min(units, CHUNK));
    for (const { count, isLast } of chunks(units, CHUNK)) {
      readRun(cursor, code, values, out, count, isLast);
      sink(out, count);
    }
  },

  gap(cursor, sink) {
    const { units, codebookSize, width, gapBits } = cursor.tensor;
    const filler = (1 << gapBits) - 1;
    const values = readCodebook(cursor);
    const weights = readCode(cursor, codebookSize, 'code lengths');
    const gaps = readCode(cursor, filler + 1, 'gap lengths');
    if (weights.isEmpty && gaps.lengths.subarray(0, filler).some(Boolean))
      throw cursor.error('gaps before weights without a codebook');
    const code = { gaps: gaps.table, weights: weights.table, values, filler };
    const out = unitArray(width, Math.min(units, SPARSE_CHUNK));
    for (const { count, isLast } of chunks(units, SPARSE_CHUNK)) {
      out.fill(0);
      const pairs = cursor.varint('pair count');
      if (pairs > count + count / filler || (gaps.isEmpty && pairs > 0))
        throw cursor.error(`${pairs} pairs for ${count} weights`);
      const parts = segments(pairs, FOUR_PAIR_STREAMS_FROM);
      const starts = [0];
      for (let i = 1; i < parts.length; i++) starts.push(starts[i - 1] + cursor.varint('stream position'));
      const streams = readStreams(cursor, parts.length, isLast);
      let position = 0;
      for (const [i, { start, end }] of streams.entries()) {
        // A stream starts where the one before it stopped: stated so that all four can be decoded side by side.
        if (starts[i] !== position) throw cursor.error(`stream starts at weight ${starts[i]}, expected ${position}`);
        position = decodePairs(cursor.bytes, start, end, code, out, position, count, parts[i]);
        if (position < 0) throw cursor.error(`damaged stream of ${parts[i]} pairs`);
      }
      if (count - position >= filler) throw cursor.error(`pairs end at weight ${position} of ${count}`);
      sink(out, count);
    }
  },

  mask(cursor, sink) {
    const { units, width } = cursor.tensor;
    const values = readCodebook(cursor);
    const weights = readCode(cursor, cursor.tensor.codebookSize, 'code lengths');
    const masks = readCode(cursor, 256, 'mask lengths');
    const size = Math.min(units, CHUNK);
    const mask = new Uint8Array(Math.ceil(size / 8));
    const kept = unitArray(width, size);
    const out = unitArray(width, size);
    for (const { count, isLast } of chunks(units, CHUNK)) {
      readRun(cursor, masks, BYTES, mask, Math.ceil(count / 8), false);
      if (count % 8 !== 0 && mask[count >> 3] >> (count % 8) !== 0)
        throw cursor.error('mask bits beyond the last weight');
      let ones = 0;
      for (let i = 0; i < count; i++) ones += (mask[i >> 3] >> (i & 7)) & 1;
      readRun(cursor, weights, values, kept, ones, isLast);
      let next = 0;
      for (let i = 0; i < count; i++) out[i] = (mask[i >> 3] >> (i & 7)) & 1 ? kept[next++] : 0;
      sink(out, count);
    }
  },

  planes(cursor, sink) {
    const { units, width } = cursor.tensor;
    const planes = Array.from({ length: width }, () => readPlane(cursor));
    if (planes.every(({ kind }) => kind === 'constant')) throw cursor.error('byte planes that are all constant');
    const last = planes.findLastIndex(({ kind }) => kind !== 'constant');
    const plane = new Uint8Array(Math.min(units, CHUNK));
    const out = new Uint8Array(plane.length * width);
    for (const { count, isLast } of chunks(units, CHUNK)) {
      for (const [p, { kind, constant, code }] of planes.entries()) {
        if (kind === 'constant') plane.fill(constant);
        else if (code === undefined) plane.set(cursor.take(count, 'byte plane'));
        else readRun(cursor, code, BYTES, plane, count, isLast && p === last);
        for (let i = 0; i < count; i++) out[i * width + p] = plane[i];
      }
      sink(out, count * width);
    }
  },
};

function readPlane(cursor: SectionCursor): { kind: (typeof PLANES)[number]; constant: number; code: Code | undefined } {
  const kind = PLANES[cursor.byte('plane kind')];
  if (kind === undefined) throw cursor.error('unknown kind of byte plane');
  return {
    kind,
    constant: kind === 'constant' ? cursor.byte('plane value') : 0,
    code: kind === 'coded' ? readCode(cursor, 256, 'plane lengths') : undefined,
  };
}

/** Bits of a raw index into a codebook: at least one. */
export function indexBits(codebookSize: number): number {
  return Math.max(1, Math.ceil(Math.log2(codebookSize)));
}

/** How a payload is cut: all chunks but the last are of full size. No units, no chunks. */
export function* chunks(units: number, size: number): Generator<{ start: number; count: number; isLast: boolean }> {
  for (let start = 0; start < units; start += size) {
    yield { start, count: Math.min(size, units - start), isLast: start + size >= units };
  }
}
