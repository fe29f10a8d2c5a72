import type { Tensor } from '../model/model.js';

/** What a matrix is that nobody learned: rows of waves, or of bumps side by side. */
export type FixedBasis = 'waves' | 'filters';

/** Smaller matrices cost nothing, and say too little of what they are. */
const FEWEST_LINES = 8;
const SHORTEST_LINE = 16;
/** Longer lines are not looked at: their spectrum takes time by the square of the length. */
const LONGEST_LINE = 4096;
/** As many lines tell what all of them are. */
const LINES = 32;
/** Share of the lines that have to be of one kind. */
const MOST = 0.9;
/**
 * A wave has this share of its energy within so many bins of its frequency: .91 where that lies between two bins and nothing
 * softens the ends, more under a window. Learned weights have .05 to .5, learned position embeddings up to .87.
 */
const CONCENTRATED = 0.89;
const BINS = 2;
/** In shorter lines so many bins are most of the spectrum. */
const SHORTEST_WAVE = 40;
/** A filter's values beside its largest: less than this is none. */
const NOTHING = 1e-5;
/** A bump covers at most this share of its line. */
const NARROW = 0.5;

/**
 * Whether a tensor is a fixed basis: the matrix of a Fourier, cosine or wavelet-like transform, windowed or not, or sines as
 * position encodings have them (waves); a mel filter bank, a matrix that resamples or interpolates (filters). These are
 * exact by construction, everything else in the model was trained behind them, and noise in them hurts out of proportion.
 *
 * Looks at the tensor as a matrix, in both directions: the first or the last axis against all others.
 *
 * @param weights - the tensor's values
 * @example
 * fixedBasisOf(tensor, readWeights(tensor)); // 'waves' for the basis of a short-time Fourier transform
 */
export function fixedBasisOf({ dims }: Pick<Tensor, 'dims'>, weights: Float32Array): FixedBasis | undefined {
  const axes = dims.filter((dim) => dim !== 1);
  if (axes.length !== 2) return undefined;
  const [rows, columns] = axes;
  for (const [count, length, step, stride] of [
    [rows, columns, columns, 1],
    [columns, rows, 1, columns],
  ]) {
    if (count < FEWEST_LINES || length < SHORTEST_LINE || length > LONGEST_LINE) continue;
    const lines = pickLines(weights, count, length, step, stride);
    if (lines.length < FEWEST_LINES) continue;
    if (lines.filter(isBump).length >= MOST * lines.length) return 'filters';
    if (length >= SHORTEST_WAVE && lines.filter(isWave).length >= MOST * lines.length) return 'waves';
  }
  return undefined;
}

/** Lines evenly spread over the matrix, those of nothing but zeros left out. */
function pickLines(weights: Float32Array, count: number, length: number, step: number, stride: number) {
  const picked = Math.min(LINES, count);
  const lines = Array.from({ length: picked }, (_, i) => {
    const start = Math.floor((i * count) / picked) * step;
    return Float64Array.from({ length }, (_, j) => weights[start + j * stride]);
  });
  return lines.filter((line) => line.some((value) => value !== 0));
}

/** Not negative, and apart from one rise and one fall nothing. */
function isBump(line: Float64Array): boolean {
  const largest = line.reduce((most, value) => Math.max(most, value), 0);
  const floor = NOTHING * largest;
  if (line.some((value) => value < -floor)) return false;
  const first = line.findIndex((value) => value > floor);
  const last = line.findLastIndex((value) => value > floor);
  if (last - first + 1 > Math.max(2, NARROW * line.length)) return false;
  let isFalling = false;
  for (let i = first + 1; i <= last; i++) {
    if (line[i] < line[i - 1] - floor) isFalling = true;
    else if (isFalling && line[i] > line[i - 1] + floor) return false;
  }
  return true;
}

/** Nearly all energy about one frequency. */
function isWave(line: Float64Array): boolean {
  const { length } = line;
  const half = Math.floor(length / 2);
  const power = new Float64Array(half + 1);
  let total = 0;
  for (let bin = 0; bin <= half; bin++) {
    // By the recurrence of Goertzel (1958): no table, no power of two.
    const turn = 2 * Math.cos((2 * Math.PI * bin) / length);
    let [before, last] = [0, 0];
    for (let i = 0; i < length; i++) [before, last] = [last, line[i] + turn * last - before];
    const doubled = bin === 0 || 2 * bin === length ? 1 : 2;
    power[bin] = doubled * (last * last + before * before - turn * last * before);
    total += power[bin];
  }
  const peak = power.indexOf(power.reduce((most, value) => Math.max(most, value), 0));
  let near = 0;
  for (let bin = Math.max(0, peak - BINS); bin <= Math.min(half, peak + BINS); bin++) near += power[bin];
  return near >= CONCENTRATED * total;
}
