import { readGolomb, unzigzag } from '../../entropy/golomb.js';
import { LONGEST_WAVE, LOW_BITS, MAX_TURN_BITS, MAX_WAVES, PHASE_BITS } from '../constants.js';
import type { Lines } from '../header.js';
import type { SectionCursor } from './cursor.js';

/**
 * Weights as sampled waves: each line of a dimension is cut into pieces of one length, of one frequency. What Fourier and
 * cosine transforms are made of, to the last bit of a float32.
 */
export interface Waves {
  /** Weights a piece. */
  readonly length: number;
  /** Pieces a line: the cosines and the sines of a transform often stand one behind the other. */
  readonly pieces: number;
  /** Of each line: 2^−turnBits turns from one weight to the next. */
  readonly frequencies: Uint32Array;
  /** Of each piece, line by line; a phase in 2^−24 turns. */
  readonly amplitudes: Float32Array;
  readonly phases: Uint32Array;
}

/** Parts of a turn that frequencies are counted in, as a power of two: over a whole piece as fine as a phase. */
export function turnBits(length: number): number {
  return Math.min(MAX_TURN_BITS, PHASE_BITS + Math.ceil(Math.log2(length)));
}

/** (−1)^i · (π/2)^(2i+1) / (2i+1)!: of a quarter turn the sine to 10^−11, by sums and products that are the same on all machines. */
const [C0, C1, C2, C3] = [1.5707963267948966, -0.6459640975062462, 0.07969262624616703, -0.004681754135318687];
const [C4, C5, C6, C7] = [
  0.00016044118478735975, -0.000003598843235212084, 5.692172921967924e-8, -6.688035109811464e-10,
];

/** The sine of so many quarter turns, not less than none; without a sign where it is zero. */
export function sineOf(quarters: number): number {
  const quadrant = Math.floor(quarters);
  const rest = quarters - quadrant;
  const x = quadrant & 1 ? 1 - rest : rest;
  const s = x * x;
  // Written out: a loop takes twice as long.
  const sine = x * (C0 + s * (C1 + s * (C2 + s * (C3 + s * (C4 + s * (C5 + s * (C6 + s * C7)))))));
  return (quadrant & 2 ? -sine : sine) + 0;
}

/**
 * Writes weights of waves.
 *
 * @param to - where they go, as many as are wanted
 * @param start - how many weights of the tensor come before
 */
export function putWaves(waves: Waves, { count, inner }: Lines, to: Float32Array, start: number): void {
  const { length, pieces, frequencies, amplitudes, phases } = waves;
  const frequencyUnit = 2 ** (2 - turnBits(length));
  const phaseUnit = 2 ** (2 - PHASE_BITS);
  let within = start % inner;
  let line = Math.floor(start / inner) % count;
  let first = Math.floor(start / (inner * count)) * inner;
  for (let i = 0; i < to.length; i++) {
    const place = first + within;
    const piece = Math.floor(place / length);
    const wave = line * pieces + piece;
    const turned = (place - piece * length) * frequencies[line] * frequencyUnit;
    to[i] = amplitudes[wave] * sineOf(phases[wave] * phaseUnit + turned);
    if (++within < inner) continue;
    within = 0;
    if (++line < count) continue;
    line = 0;
    first += inner;
  }
}

/** The frequency that a line is expected to have, by those of the two before it. */
export function expectedFrequency(frequencies: Uint32Array, line: number): number {
  return 2 * (frequencies[line - 1] ?? 0) - (frequencies[line - 2] ?? 0);
}

/** Reads the waves of a section; gives what makes weights of them. */
export function readWaves(cursor: SectionCursor): (to: Float32Array, start: number) => void {
  const { lines, units, width } = cursor.tensor;
  const [pieces, ...orders] = cursor.take(4, 'waves');
  const length = units / (lines.count * pieces);
  const count = lines.count * pieces;
  if (width !== 4 || !Number.isInteger(length) || length > LONGEST_WAVE || count > MAX_WAVES)
    throw cursor.error(`${count} waves for ${units} units of ${width} bytes`);
  if (Math.max(...orders) > LOW_BITS) throw cursor.error('damaged waves');
  const frequencies = new Uint32Array(lines.count);
  const amplitudes = new Float32Array(count);
  const patterns = new Uint32Array(amplitudes.buffer);
  const phases = new Uint32Array(count);
  cursor.bits('waves', (bits) => {
    const difference = (order: number) => {
      const number = readGolomb(bits, order);
      if (!(number < 2 ** 32 - 1)) throw cursor.error('damaged waves');
      return unzigzag(number);
    };
    for (let line = 0; line < lines.count; line++) {
      frequencies[line] = expectedFrequency(frequencies, line) + difference(orders[0]);
      for (let wave = line * pieces; wave < (line + 1) * pieces; wave++) {
        const amplitude = (patterns[wave - pieces] ?? 0) + difference(orders[1]);
        const phase = (phases[wave - pieces] ?? 0) + difference(orders[2]);
        if (!(amplitude >= 0 && amplitude < INFINITE && phase >= 0 && phase < 2 ** PHASE_BITS))
          throw cursor.error('damaged waves');
        patterns[wave] = amplitude;
        phases[wave] = phase;
      }
    }
  });
  const waves = { length, pieces, frequencies, amplitudes, phases };
  return (to, start) => putWaves(waves, lines, to, start);
}

/** The bits of a float32 that is none. */
const INFINITE = 0x7f800000;
