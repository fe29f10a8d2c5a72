import { ByteWriter } from '../../binary/bytes.js';
import { encodeKernels } from '../../encode-kernels/index.js';
import type { EncodeKernels } from '../../encode-kernels/kernels.js';
import { CODEBOOKS, FOUR_PAIR_STREAMS_FROM, MAX_GAP_BITS, MIN_GAP_BITS, SPARSE_CHUNK, segments } from '../constants.js';
import { chunks } from '../read/layouts.js';
import type { Plan } from './plan.js';
import { makeCode, writeStreams } from './runs.js';
import { type Indexed, writeCodebook } from './symbols.js';

/**
 * Relative index coding (Han et al. 2016, §2): how many zeros to skip, then the weight. The zeros between two weights
 * of a chunk are one gap symbol; where there are more than the alphabet says, fillers come before it.
 */
export function planGap(indexed: Indexed, isFloat: boolean): Plan | undefined {
  if (indexed.values[0] !== 0) return undefined;
  const { kind, bytes: codebook } = writeCodebook(indexed, isFloat, 1);
  const weights = makeCode(indexed.counts.subarray(1));
  const kernels = encodeKernels();
  const { symbols } = indexed;
  const runs = kernels.countRuns(symbols, SPARSE_CHUNK);
  let best: { bits: number; gaps: ReturnType<typeof makeCode>; bytes: number } | undefined;
  for (let bits = MIN_GAP_BITS; bits <= MAX_GAP_BITS; bits++) {
    const gaps = makeCode(countGaps(runs, bits));
    const bytes = gaps.table.length + gaps.bits / 8;
    if (best === undefined || bytes < best.bytes) best = { bits, gaps, bytes };
  }
  if (best === undefined) return undefined;
  const { bits: gapBits, gaps } = best;
  return {
    layout: 'gap',
    bytes: Math.ceil(codebook.length + weights.table.length + weights.bits / 8 + best.bytes),
    fields: { k: indexed.values.length - 1, c: CODEBOOKS.indexOf(kind), q: gapBits },
    write() {
      const writer = new ByteWriter().bytes(codebook).bytes(weights.table).bytes(gaps.table);
      for (const { start, count, isLast } of chunks(symbols.length, SPARSE_CHUNK)) {
        const chunk = symbols.subarray(start, start + count);
        const { pairs, distances, streams } = kernels.encodePairs(chunk, gaps, weights, (all) =>
          segments(all, FOUR_PAIR_STREAMS_FROM),
        );
        writer.varint(pairs);
        // A stream's start is stated as its distance from the one before; the first is at zero.
        for (const distance of distances.slice(0, -1)) writer.varint(distance);
        writeStreams(writer, streams, isLast);
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
