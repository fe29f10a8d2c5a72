import { ByteWriter } from '../../binary/bytes.js';
import { encodeKernels } from '../../kernels/encode/index.js';
import type { EncodeKernels } from '../../kernels/encode/kernels.js';
import { FOUR_PAIR_STREAMS_FROM, MAX_GAP_BITS, MIN_GAP_BITS, SPARSE_CHUNK, segments } from '../constants.js';
import { chunks } from '../read/layouts.js';
import { escapesByChunk, sizeOf } from './escapes.js';
import { type Split, unsplit } from './lines.js';
import type { Plan } from './plan.js';
import { bytesOf, makeCode, type WriterCode, writeStreams } from './runs.js';
import { type Indexed, writeCodebook } from './symbols.js';

const WIDTHS = Array.from({ length: MAX_GAP_BITS - MIN_GAP_BITS + 1 }, (_, i) => MIN_GAP_BITS + i);

/**
 * Relative index coding (Han et al. 2016, §2): how many zeros to skip, then the weight. The zeros between two weights
 * of a chunk are one gap symbol; where there are more than the alphabet says, fillers come before it.
 *
 * @param widths - those that the gap alphabet may have, in bits
 */
export function planGap(
  indexed: Indexed,
  isFloat: boolean,
  split: Split = unsplit(indexed),
  widths: readonly number[] = WIDTHS,
): Plan | undefined {
  if (indexed.values[0] !== 0) return undefined;
  const { fields, bytes: codebook } = writeCodebook(indexed, isFloat, 1);
  const weights = split.parts.map(({ counts }) => makeCode(counts.subarray(1)));
  const escapes = split.parts.map((part) => escapesByChunk(part, SPARSE_CHUNK));
  const kernels = encodeKernels();
  const runs = split.parts.map(({ symbols }) => kernels.countRuns(symbols, SPARSE_CHUNK));
  let best: { gapBits: number; gaps: WriterCode[]; bytes: number } | undefined;
  for (const gapBits of widths) {
    const gaps = runs.map((ofPart) => makeCode(countGaps(ofPart, gapBits)));
    const bytes = bytesOf(gaps);
    if (best === undefined || bytes < best.bytes) best = { gapBits, gaps, bytes };
  }
  if (best === undefined) return undefined;
  const { gapBits, gaps, bytes } = best;
  return {
    layout: 'gap',
    bytes: codebook.length + split.table.length + bytesOf(weights) + bytes + sizeOf(escapes),
    fields: { ...fields, q: gapBits, ...split.fields },
    write() {
      const writer = new ByteWriter().bytes(codebook).bytes(split.table);
      for (const [i, { table }] of weights.entries()) writer.bytes(table).bytes(gaps[i].table);
      for (const [i, { symbols }] of split.parts.entries()) {
        for (const { start, count, isLast } of chunks(symbols.length, SPARSE_CHUNK)) {
          const chunk = symbols.subarray(start, start + count);
          const { pairs, distances, streams } = kernels.encodePairs(chunk, gaps[i], weights[i], (all) =>
            segments(all, FOUR_PAIR_STREAMS_FROM),
          );
          writer.bytes(escapes[i][start / SPARSE_CHUNK]).varint(pairs);
          // A stream's start is stated as its distance from the one before; the first is at zero.
          for (const distance of distances.slice(0, -1)) writer.varint(distance);
          writeStreams(writer, streams, isLast && i === gaps.length - 1);
        }
      }
      return writer.finish();
    },
  };
}

/** How often each gap of the alphabet occurs, given how many runs of zeros there are of each length. */
function countGaps({ runs, tails }: ReturnType<EncodeKernels['countRuns']>, gapBits: number): Uint32Array {
  const filler = (1 << gapBits) - 1;
  const counts = new Uint32Array(filler + 1);
  for (let length = 0; length < runs.length; length++) {
    counts[filler] += runs[length] * Math.floor(length / filler);
    counts[length % filler] += runs[length];
  }
  for (const length of tails) counts[filler] += Math.floor(length / filler);
  return counts;
}
