import { CHUNK_AT, KEPT_AT, type Kernels, MASK_AT, PARTS_AT, PLANE_BYTES } from '../../kernels/kernels.js';
import { CHUNK, FOUR_PAIR_STREAMS_FROM, type Layout, PLANES, SPARSE_CHUNK, segments } from '../constants.js';
import { type Code, readCode, readCodebook } from './codes.js';
import type { SectionCursor } from './cursor.js';
import { readRun, readStreams } from './runs.js';

/** Takes the bytes of a payload as they are decoded, in order. Their memory is used again for the next chunk. */
export type Sink = (bytes: Uint8Array) => void;

type LayoutReader = (cursor: SectionCursor, kernels: Kernels, sink: Sink) => void;

/** The readers of all layouts with a section of their own, by name. Each hands on its payload chunk by chunk. */
export const READERS: Record<Exclude<Layout, 'inline'>, LayoutReader> = {
  verbatim(cursor, _kernels, sink) {
    sink(cursor.take(cursor.tensor.length, 'payload'));
  },

  packed(cursor, kernels, sink) {
    const { units, codebookSize, width } = cursor.tensor;
    const values = readCodebook(cursor);
    const bits = indexBits(codebookSize);
    // A full chunk's indices end with a byte, whatever their width.
    for (const { count } of chunks(units, CHUNK)) {
      const bytes = cursor.take(Math.ceil((count * bits) / 8), 'indices');
      const largest = kernels.unpack(bytes, bits, count, width, values);
      if (largest >= codebookSize) throw cursor.error(`index ${largest} into a codebook of ${codebookSize}`);
      sink(chunkOf(kernels, count * width));
    }
  },

  dense(cursor, kernels, sink) {
    const { units, codebookSize, width } = cursor.tensor;
    const values = readCodebook(cursor);
    const code = readCode(cursor, codebookSize, 'code lengths');
    kernels.setCode(0, code.lengths, width, values);
    // Four chunks go on at once: a C library may copy a mebibyte in two thirds of the time of its quarters.
    for (const { count: most, isLast: isEnd } of chunks(units, 4 * CHUNK)) {
      for (const { start, count, isLast } of chunks(most, CHUNK))
        readRun(cursor, kernels, 0, code, count, CHUNK_AT + start * width, isEnd && isLast);
      sink(chunkOf(kernels, most * width));
    }
  },

  gap(cursor, kernels, sink) {
    const { units, codebookSize, width, gapBits } = cursor.tensor;
    const filler = (1 << gapBits) - 1;
    const values = readCodebook(cursor);
    const weights = readCode(cursor, codebookSize, 'code lengths');
    const gaps = readCode(cursor, filler + 1, 'gap lengths');
    if (weights.isEmpty && gaps.lengths.subarray(0, filler).some(Boolean))
      throw cursor.error('gaps before weights without a codebook');
    kernels.setPairCodes(gaps.lengths, weights.lengths, width, values);
    for (const { count, isLast } of chunks(units, SPARSE_CHUNK)) {
      const pairs = cursor.varint('pair count');
      if (pairs > count + count / filler || (gaps.isEmpty && pairs > 0))
        throw cursor.error(`${pairs} pairs for ${count} weights`);
      const parts = segments(pairs, FOUR_PAIR_STREAMS_FROM);
      // A stream starts where the one before it stops: stated so that all four can be decoded side by side.
      const starts = [0];
      for (let i = 1; i < parts.length; i++) starts.push(starts[i - 1] + cursor.varint('stream position'));
      if (starts[parts.length - 1] > count) throw cursor.error(`streams start beyond ${count} weights`);
      const { bytes, ends } = readStreams(cursor, parts.length, isLast);
      const end = kernels.pairs(bytes, ends, starts, parts[0], pairs, count);
      if (end < 0) throw cursor.error(`damaged streams of ${pairs} pairs`);
      if (count - end >= filler) throw cursor.error(`pairs end at weight ${end} of ${count}`);
      sink(chunkOf(kernels, count * width));
    }
  },

  mask(cursor, kernels, sink) {
    const { units, codebookSize, width } = cursor.tensor;
    const values = readCodebook(cursor);
    const weights = readCode(cursor, codebookSize, 'code lengths');
    const masks = readCode(cursor, 256, 'mask lengths');
    kernels.setCode(0, weights.lengths, width, values);
    kernels.setCode(1, masks.lengths, 1);
    for (const { count, isLast } of chunks(units, CHUNK)) {
      const bytes = Math.ceil(count / 8);
      readRun(cursor, kernels, 1, masks, bytes, MASK_AT, false);
      if (count % 8 !== 0 && kernels.work[MASK_AT + bytes - 1] >> (count % 8) !== 0)
        throw cursor.error('mask bits beyond the last weight');
      readRun(cursor, kernels, 0, weights, kernels.countKept(bytes), KEPT_AT, isLast);
      kernels.expand(count, width);
      sink(chunkOf(kernels, count * width));
    }
  },

  planes(cursor, kernels, sink) {
    const { units, width } = cursor.tensor;
    const planes = Array.from({ length: width }, () => readPlane(cursor));
    if (planes.every(({ kind }) => kind === 'constant')) throw cursor.error('byte planes that are all constant');
    const last = planes.findLastIndex(({ kind }) => kind !== 'constant');
    for (const [p, { constant, code }] of planes.entries()) {
      const at = planeAt(p);
      if (code !== undefined) kernels.setCode(p, code.lengths, 1);
      else kernels.work.fill(constant, at, at + Math.min(units, CHUNK));
    }
    for (const { count, isLast } of chunks(units, CHUNK)) {
      for (const [p, { kind, code }] of planes.entries()) {
        if (kind === 'raw') kernels.work.set(cursor.take(count, 'byte plane'), planeAt(p));
        if (code !== undefined) readRun(cursor, kernels, p, code, count, planeAt(p), isLast && p === last);
      }
      kernels.interleave(count, width);
      sink(chunkOf(kernels, count * width));
    }
  },
};

function chunkOf({ work }: Kernels, bytes: number): Uint8Array {
  return work.subarray(CHUNK_AT, CHUNK_AT + bytes);
}

function planeAt(plane: number): number {
  return PARTS_AT + plane * PLANE_BYTES;
}

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
