import { BitWriter } from '../../../binary/bits.js';
import type { PairStreams, StreamCode } from '../kernels.js';

export function encodeRun(
  symbols: Uint8Array | Uint16Array,
  { codes, lengths }: StreamCode,
  split: readonly number[],
): Uint8Array[] {
  let at = 0;
  return split.map((count) => {
    const bits = new BitWriter();
    for (const stop = at + count; at < stop; at++) bits.write(codes[symbols[at]], lengths[symbols[at]]);
    return bits.finish();
  });
}

export function encodePairs(
  symbols: Uint16Array,
  gaps: StreamCode,
  weights: StreamCode,
  split: (pairs: number) => readonly number[],
): PairStreams {
  const filler = gaps.lengths.length - 1;
  const pairs = countPairs(symbols, filler);
  const distances: number[] = [];
  let at = 0;
  const streams = split(pairs).map((count) => {
    const bits = new BitWriter();
    const start = at;
    for (let left = count; left > 0; left--) {
      let gap = 0;
      while (gap < filler && symbols[at] === 0) {
        gap++;
        at++;
      }
      bits.write(gaps.codes[gap], gaps.lengths[gap]);
      if (gap === filler) continue;
      const weight = symbols[at++] - 1;
      bits.write(weights.codes[weight], weights.lengths[weight]);
    }
    distances.push(at - start);
    return bits.finish();
  });
  return { pairs, distances, streams };
}

function countPairs(symbols: Uint16Array, filler: number): number {
  let pairs = 0;
  let zeros = 0;
  for (let i = 0; i < symbols.length; i++) {
    if (symbols[i] === 0) {
      zeros++;
      continue;
    }
    pairs += 1 + Math.floor(zeros / filler);
    zeros = 0;
  }
  return pairs + Math.floor(zeros / filler);
}
