import { fromHalf, toHalf } from '../binary/half.js';
import { MAX_CODEBOOK } from '../container/constants.js';
import { present } from '../guards.js';
import { assignNearest } from '../quantize/kmeans/index.js';
import type { Parameter } from './parameter.js';

/** Share of a tensor's weights that may differ where some are equal on purpose. */
const MOST_DISTINCT = 0.9;

/**
 * The values besides zero that weights share, ascending; none where they are too many for a codebook, or where no more
 * of them are equal than by chance. Values that float16 holds have been rounded, so there it is no chance.
 */
export function sharedValues(values: Float32Array): Float32Array | undefined {
  const distinct = new Set<number>();
  let count = 0;
  for (const value of values) {
    if (value === 0) continue;
    count++;
    distinct.add(value);
    if (distinct.size >= MAX_CODEBOOK) return undefined;
  }
  if (distinct.size === count) return undefined;
  const codebook = Float32Array.from(distinct).sort();
  return distinct.size <= MOST_DISTINCT * count || codebook.every(isHalf) ? codebook : undefined;
}

/**
 * Weights that share values: one free number for each value. Those that may be reassigned have a number of their own behind
 * each weight as well, which the weight's gradient goes straight through to, and share the value that is next to it.
 *
 * Source: Deep Compression (Han, Mao, Dally 2016), §3, for values; Bengio, Léonard & Courville 2013 for what is behind them.
 *
 * @param codebook - the values, ascending, without zero
 */
export function openShared(
  { values, ...subject }: Pick<Parameter, 'name' | 'tensor' | 'values' | 'alive'>,
  codebook: Float32Array,
  isReassigned: boolean,
): Parameter {
  const { length } = codebook;
  const places = Uint32Array.from(values.keys()).filter((place) => values[place] !== 0);
  const numbers = new Map(Array.from(codebook, (value, i) => [value, i]));
  let members: ArrayLike<number> = Array.from(places, (place) => present(numbers.get(values[place])));
  const free = new Float32Array(length + (isReassigned ? places.length : 0));
  free.set(codebook);
  const behind = free.subarray(length);
  for (let i = 0; i < behind.length; i++) behind[i] = values[places[i]];
  const areHalves = codebook.every(isHalf);
  const next = codebook.slice();
  const [sums, counts] = [new Float64Array(length), new Uint32Array(length)];

  /** What is beyond the outermost values moves nothing, and would only take long to come back. */
  function reassign(): void {
    const order = Uint32Array.from(next.keys()).sort((a, b) => next[a] - next[b]);
    const ascending = next.map((_, i) => next[order[i]]);
    const [low, high] = [ascending[0], ascending[length - 1]];
    for (let i = 0; i < behind.length; i++) behind[i] = Math.min(high, Math.max(low, behind[i]));
    members = Array.from(assignNearest(behind, ascending), (rank) => order[rank]);
  }

  return {
    ...{ ...subject, values, free, isShared: true },
    collect(gradient, into) {
      sums.fill(0);
      counts.fill(0);
      for (let i = 0; i < places.length; i++) {
        sums[members[i]] += gradient[places[i]];
        counts[members[i]]++;
        if (isReassigned) into[length + i] = gradient[places[i]];
      }
      for (let k = 0; k < length; k++) into[k] = counts[k] > 0 ? sums[k] / counts[k] : 0;
    },
    publish() {
      for (let k = 0; k < length; k++) {
        const value = areHalves ? fromHalf(toHalf(free[k])) : free[k];
        if (isUsable(value)) next[k] = value;
      }
      if (isReassigned) reassign();
      for (let i = 0; i < places.length; i++) values[places[i]] = next[members[i]];
    },
  };
}

function isHalf(value: number): boolean {
  return fromHalf(toHalf(value)) === value;
}

/** Whether a number may be a weight's value; else the weight keeps the one before. */
export function isUsable(value: number): boolean {
  return value !== 0 && Number.isFinite(value);
}
