import { BitWriter } from '../../binary/bits.js';
import { concat } from '../../binary/bytes.js';
import { writeGolomb, zigzag } from '../../entropy/golomb.js';
import { elements } from '../header.js';
import { MAX_UNITS_PER_BYTE } from '../limits.js';
import { expectedFrequency, putWaves, type Waves } from '../read/waves.js';
import { bestOrder } from './escapes.js';
import { type Fitted, fitWaves, takePiece } from './fit-waves.js';
import { waveOf } from './nearest-wave.js';
import type { Plan } from './plan.js';

/** Frequencies about the likeliest that are tried: of a part of one period many are nearly as likely. */
const NEARBY = 64;

/**
 * Weights that are waves to the last bit, as `toWaves` makes them: for each line its frequency, for each piece of it amplitude
 * and phase. Found anew from the weights alone.
 *
 * @returns nothing if they are none
 */
export function planWaves(units: Uint32Array, dims: readonly number[]): Plan | undefined {
  const weights = new Float32Array(units.buffer, units.byteOffset, units.length);
  for (const fitted of fitWaves(weights, dims)) {
    const plan = planFitted(weights, dims, fitted);
    if (plan) return plan;
  }
  return undefined;
}

/** The same for waves that have been fitted to the weights. */
export function planFitted(weights: Float32Array, dims: readonly number[], fitted: Fitted): Plan | undefined {
  if (!isExactly(weights, fitted)) return undefined;
  const section = writeWaves(fitted.waves);
  if (elements(dims) > section.length * MAX_UNITS_PER_BYTE.waves) return undefined;
  const fields = fitted.axis > 0 ? { a: fitted.axis } : {};
  return { layout: 'waves', bytes: section.length, fields, write: () => section };
}

/** Whether weights are waves in every bit: those that were fitted, or for a line others next to them, which then take their place. */
function isExactly(weights: Float32Array, { waves, lines }: Fitted): boolean {
  const { length, pieces, frequencies, amplitudes, phases } = waves;
  const made = new Float32Array(length * pieces);
  const alone = { count: 1, inner: made.length, classes: 1 };
  for (let i = 0; i < lines.count; i++) {
    const line = takePiece(weights, { lines, length: made.length }, i, 0);
    const [from, to] = [i * pieces, (i + 1) * pieces];
    const own = {
      ...{ length, pieces, frequencies: frequencies.subarray(i, i + 1) },
      ...{ amplitudes: amplitudes.subarray(from, to), phases: phases.subarray(from, to) },
    };
    const first = own.frequencies[0];
    const isLine = (): boolean => {
      putWaves(own, alone, made, 0);
      return made.every((value, k) => Object.is(value, line[k]));
    };
    for (let tried = 0; !isLine(); tried++) {
      if (tried > 2 * NEARBY) return false;
      own.frequencies[0] = first + (tried % 2 ? -1 : 1) * Math.ceil((tried + 1) / 2);
      for (let piece = 0; piece < pieces; piece++) {
        if (own.amplitudes[piece] === 0) continue;
        const values = line.subarray(piece * length, (piece + 1) * length);
        [own.amplitudes[piece], own.phases[piece]] = waveOf(values, own.frequencies[0]);
      }
    }
  }
  return true;
}

/** The section: what each number differs by from what the lines before let expect, in Golomb codes of the orders that serve best. */
function writeWaves({ pieces, frequencies, amplitudes, phases }: Waves): Uint8Array {
  const patterns = new Uint32Array(amplitudes.buffer);
  const steps = frequencies.map((frequency, line) => {
    return zigzag((frequency - expectedFrequency(frequencies, line)) | 0);
  });
  const beside = (all: Uint32Array) => all.map((value, wave) => zigzag(value - (all[wave - pieces] ?? 0)));
  const numbers = [steps, beside(patterns), beside(phases)];
  const orders = numbers.map(bestOrder);
  const bits = new BitWriter();
  for (const [line, step] of steps.entries()) {
    writeGolomb(bits, step, orders[0]);
    for (let wave = line * pieces; wave < (line + 1) * pieces; wave++) {
      writeGolomb(bits, numbers[1][wave], orders[1]);
      writeGolomb(bits, numbers[2][wave], orders[2]);
    }
  }
  return concat([Uint8Array.of(pieces, ...orders), bits.finish()]);
}
