import { createRandom } from '../random.js';
import type { FitOptions, Fitted, Format } from './formats/format.js';
import { largestOf } from './formats/range.js';
import { type Lines, placesOf } from './lines.js';
import { roundWeights } from './rounding.js';

/** A channel whose largest weight is below this share of the layer's is dead: it becomes zero. */
const DEAD = 2 ** -9;

/** How a layer's weights are quantized. */
export interface Quantization extends FitOptions {
  readonly format: Format;
  /** Which weights have parameters together. */
  readonly lines: Lines;
  /** Whether lines are channels, so that those that do next to nothing become zero. */
  readonly hasDead: boolean;
  /** Seeds stochastic rounding; absent: weights take the nearest values. */
  readonly seed?: number | undefined;
}

/** The parameters of a line's weights; `undefined` for a line that becomes zero. */
export function fitLine(
  weights: Float32Array,
  floor: number,
  { format, ...options }: Quantization,
): Fitted | undefined {
  const largest = largestOf(weights);
  return largest === 0 || largest < floor ? undefined : format.fit(weights, options);
}

/** Below what a line of these weights is dead. */
export function deadBelow(weights: Float32Array, { hasDead, lines }: Pick<Quantization, 'hasDead' | 'lines'>): number {
  return hasDead && lines.count > 1 ? DEAD * largestOf(weights) : 0;
}

/** Quantizes a layer's weights, in place. */
export function quantizeWeights(weights: Float32Array, quantization: Quantization): Float32Array {
  const { lines, seed } = quantization;
  const random = seed === undefined ? undefined : createRandom(seed);
  const floor = deadBelow(weights, quantization);
  for (const places of placesOf(lines, weights.length)) {
    const line = Float32Array.from(places, (place) => weights[place]);
    const fitted = fitLine(line, floor, quantization);
    if (fitted) roundWeights(line, fitted, random);
    else line.fill(0);
    for (let i = 0; i < places.length; i++) weights[places[i]] = line[i];
  }
  return weights;
}
