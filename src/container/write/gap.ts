import { BitWriter } from '../../binary/bits.js';
import { ByteWriter } from '../../binary/bytes.js';
import { CODEBOOKS, FOUR_PAIR_STREAMS_FROM, MAX_GAP_BITS, MIN_GAP_BITS, SPARSE_CHUNK, segments } from '../constants.js';
import { chunks } from '../read/layouts.js';
import { type Part, type Split, unsplit } from './lines.js';
import type { Plan } from './plan.js';
import { bytesOf, makeCode, type WriterCode, writeStreams } from './runs.js';
import { type Indexed, writeCodebook } from './symbols.js';

/**
 * Relative index coding (Han et al. 2016, §2): how many zeros to skip, then the weight. The zeros between two weights
 * of a chunk are one gap symbol; where there are more than the alphabet says, fillers come before it.
 */
export function planGap(indexed: Indexed, isFloat: boolean, split: Split = unsplit(indexed)): Plan | undefined {
  if (indexed.values[0] !== 0) return undefined;
  const { kind, bytes: codebook } = writeCodebook(indexed, isFloat, 1);
  const weights = split.parts.map(({ counts }) => makeCode(counts.subarray(1)));
  const runs = split.parts.map(zeroRuns);
  let best: { gapBits: number; gaps: WriterCode[]; bytes: number } | undefined;
  for (let gapBits = MIN_GAP_BITS; gapBits <= MAX_GAP_BITS; gapBits++) {
    const gaps = runs.map((ofPart) => makeCode(countGaps(ofPart, gapBits)));
    const bytes = bytesOf(gaps);
    if (best === undefined || bytes < best.bytes) best = { gapBits, gaps, bytes };
  }
  if (best === undefined) return undefined;
  const { gapBits, gaps, bytes } = best;
  return {
    layout: 'gap',
    bytes: codebook.length + split.table.length + bytesOf(weights) + bytes,
    fields: { k: indexed.values.length - 1, c: CODEBOOKS.indexOf(kind), q: gapBits, ...split.fields },
    write() {
      const writer = new ByteWriter().bytes(codebook).bytes(split.table);
      for (const [i, { table }] of weights.entries()) writer.bytes(table).bytes(gaps[i].table);
      for (const [i, { symbols }] of split.parts.entries()) {
        for (const { start, count, isLast } of chunks(symbols.length, SPARSE_CHUNK)) {
          const isEnd = isLast && i === gaps.length - 1;
          writePairs(writer, symbols.subarray(start, start + count), gaps[i], weights[i], isEnd);
        }
      }
      return writer.finish();
    },
  };
}

/** Writes a chunk. */
function writePairs(
  writer: ByteWriter,
  symbols: Uint16Array,
  gaps: WriterCode,
  weights: WriterCode,
  isLast: boolean,
): void {
  const filler = gaps.lengths.length - 1;
  const pairs = makePairs(symbols, filler);
  writer.varint(pairs.gaps.length);
  const starts: number[] = [];
  let at = 0;
  let position = 0;
  const streams = segments(pairs.gaps.length, FOUR_PAIR_STREAMS_FROM).map((length) => {
    const bits = new BitWriter();
    const from = position;
    for (const stop = at + length; at < stop; at++) {
      const gap = pairs.gaps[at];
      bits.write(gaps.codes[gap], gaps.lengths[gap]);
      position += gap;
      if (gap === filler) continue;
      bits.write(weights.codes[pairs.weights[at]], weights.lengths[pairs.weights[at]]);
      position++;
    }
    starts.push(position - from);
    return bits.finish();
  });
  // A stream's start is stated as its distance from the one before; the first is at zero.
  for (const distance of starts.slice(0, -1)) writer.varint(distance);
  writeStreams(writer, streams, isLast);
}

/** The lengths of the runs of zeros: those before a weight, and those at the end of a chunk. */
function zeroRuns({ symbols, counts }: Part): { gaps: Uint32Array; tails: number[] } {
  const gaps = new Uint32Array(symbols.length - counts[0]);
  const tails: number[] = [];
  let next = 0;
  for (const { start, count } of chunks(symbols.length, SPARSE_CHUNK)) {
    let length = 0;
    for (let i = start; i < start + count; i++) {
      if (symbols[i] === 0) {
        length++;
      } else {
        gaps[next++] = length;
        length = 0;
      }
    }
    tails.push(length);
  }
  return { gaps, tails };
}

function countGaps({ gaps, tails }: { gaps: Uint32Array; tails: number[] }, gapBits: number): Uint32Array {
  const filler = (1 << gapBits) - 1;
  const counts = new Uint32Array(filler + 1);
  for (const length of gaps) {
    counts[filler] += Math.floor(length / filler);
    counts[length % filler]++;
  }
  for (const length of tails) counts[filler] += Math.floor(length / filler);
  return counts;
}

/** The pairs of a chunk: gap symbols, and behind each that is no filler the index of its weight. */
function makePairs(symbols: Uint16Array, filler: number): { gaps: number[]; weights: number[] } {
  const gaps: number[] = [];
  const weights: number[] = [];
  let length = 0;
  for (const symbol of symbols) {
    if (symbol === 0) {
      length++;
      // Also at the end of a chunk: that every stretch of zeros costs something bounds what a section can declare.
      if (length === filler) {
        gaps.push(filler);
        weights.push(0);
        length = 0;
      }
    } else {
      gaps.push(length);
      weights.push(symbol - 1);
      length = 0;
    }
  }
  return { gaps, weights };
}
