import { CHUNK_AT, KEPT_AT, type Kernels, MASK_AT, PARTS_AT, PLANE_BYTES } from '../../kernels/decode/kernels.js';
import { CHUNK, FOUR_PAIR_STREAMS_FROM, indexBits, type Layout, PLANES, segments } from '../constants.js';
import { type Code, readCode } from './codes.js';
import { readContexts } from './contexts.js';
import type { SectionCursor } from './cursor.js';
import { readRun, readStreams } from './runs.js';
import { readWaves } from './waves.js';

/** Decodes the next chunk, of `count` weights, to the beginning of the kernels' work area. */
type ChunkReader = (count: number, isLast: boolean) => void;

/**
 * Reads the codes of a class of lines, which stand before all chunks; gives what prepares the kernels for its chunks.
 *
 * @param values - the codebook, of layouts that have one
 * @returns takes how many weights the class has
 */
type LayoutReader = (cursor: SectionCursor, kernels: Kernels, values: Uint32Array) => (total: number) => ChunkReader;

/** The readers of all layouts with a section of their own, by name. */
export const READERS: Record<Exclude<Layout, 'inline'>, LayoutReader> = {
  verbatim(cursor, { work }) {
    return () => (count) => work.set(cursor.take(count * cursor.tensor.width, 'payload'), CHUNK_AT);
  },

  packed(cursor, kernels, values) {
    const { codebookSize, width } = cursor.tensor;
    const bits = indexBits(codebookSize);
    // A full chunk's indices end with a byte, whatever their width.
    return () => (count) => {
      const bytes = cursor.take(Math.ceil((count * bits) / 8), 'indices');
      const largest = kernels.unpack(bytes, bits, count, width, values);
      if (largest >= codebookSize) throw cursor.error(`index ${largest} into a codebook of ${codebookSize}`);
    };
  },

  dense(cursor, kernels, values) {
    if (cursor.tensor.contexts.distance > 0) return readContexts(cursor, kernels, values);
    const code = readWeights(cursor);
    return (total) => {
      kernels.setCode(0, code.lengths, cursor.tensor.width, values, total);
      return (count, isLast) => readRun(cursor, kernels, 0, code, count, CHUNK_AT, isLast);
    };
  },

  gap(cursor, kernels, values) {
    const { width, gapBits } = cursor.tensor;
    const filler = (1 << gapBits) - 1;
    const weights = readWeights(cursor);
    const gaps = readCode(cursor, filler + 1, 'gap lengths');
    if (weights.isEmpty && gaps.lengths.subarray(0, filler).some(Boolean))
      throw cursor.error('gaps before weights without a codebook');
    return () => {
      kernels.setPairCodes(gaps.lengths, weights.lengths, width, values);
      return (count, isLast) => {
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
        if (end < 0 || count - end >= filler)
          throw cursor.error(`damaged streams of ${pairs} pairs for ${count} weights`);
      };
    };
  },

  mask(cursor, kernels, values) {
    const { width } = cursor.tensor;
    const weights = readWeights(cursor);
    const masks = readCode(cursor, 256, 'mask lengths');
    return (total) => {
      kernels.setCode(0, weights.lengths, width, values, total);
      kernels.setCode(1, masks.lengths, 1);
      return (count, isLast) => {
        const bytes = Math.ceil(count / 8);
        readRun(cursor, kernels, 1, masks, bytes, MASK_AT, false);
        if (count % 8 !== 0 && kernels.work[MASK_AT + bytes - 1] >> (count % 8) !== 0)
          throw cursor.error('mask bits beyond the last weight');
        readRun(cursor, kernels, 0, weights, kernels.countKept(bytes), KEPT_AT, isLast);
        kernels.expand(count, width);
      };
    };
  },

  planes(cursor, kernels) {
    const { units, width } = cursor.tensor;
    let last = -1;
    const planes = Array.from({ length: width }, (_, p) => {
      const kind = PLANES[cursor.byte('plane kind')];
      if (kind === undefined) throw cursor.error('unknown kind of byte plane');
      const value = kind === 'constant' ? cursor.byte('plane value') : undefined;
      if (value === undefined) last = p;
      const code = kind === 'coded' ? readCode(cursor, 256, 'plane lengths') : undefined;
      return { value, code, at: PARTS_AT + p * PLANE_BYTES };
    });
    if (last < 0) throw cursor.error('byte planes that are all constant');
    return () => {
      for (const [p, { value, code, at }] of planes.entries()) {
        if (code) kernels.setCode(p, code.lengths, 1);
        else if (value !== undefined) kernels.work.fill(value, at, at + Math.min(units, CHUNK));
      }
      return (count, isLast) => {
        for (const [p, { value, code, at }] of planes.entries()) {
          if (code) readRun(cursor, kernels, p, code, count, at, isLast && p === last);
          else if (value === undefined) kernels.work.set(cursor.take(count, 'byte plane'), at);
        }
        kernels.interleave(count, width);
      };
    };
  },

  waves(cursor, { work }) {
    const put = readWaves(cursor);
    let start = 0;
    return () => (count) => {
      put(new Float32Array(work.buffer, work.byteOffset + CHUNK_AT, count), start);
      start += count;
    };
  },
};

function readWeights(cursor: SectionCursor): Code {
  return readCode(cursor, cursor.tensor.codebookSize, 'code lengths');
}

/** How a payload is cut: all chunks but the last are of full size. No units, no chunks. */
export function* chunks(units: number, size: number): Generator<{ start: number; count: number; isLast: boolean }> {
  for (let start = 0; start < units; start += size) {
    yield { start, count: Math.min(size, units - start), isLast: start + size >= units };
  }
}
