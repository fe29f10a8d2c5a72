import type { Tensor } from '../model/model.js';
import { finiteWeights } from '../model/patch.js';
import type { Fitted } from '../quantize/formats/format.js';
import { deadBelow, fitLine, type Quantization } from '../quantize/quantize.js';
import { roundWeights } from '../quantize/rounding.js';
import { openLines } from './lines.js';
import { ALIVE, FIXED, type Parameter, PRUNED } from './parameter.js';
import { type Scales, scalesOf } from './scales.js';

/** How the weights of a tensor are rounded while they are trained. */
export interface TrainedFormat extends Quantization {
  /** Whether the format's parameters follow the weights, are learned, or stay what they are at first. */
  readonly scales: (typeof SCALES)[number];
  /** Whether weights take one of the two values next to them by chance while they are trained. */
  readonly isRandom: boolean;
  /** Whether weights are floats until they are fixed, some at a time. */
  readonly isIncremental: boolean;
}

export const SCALES = ['found', 'learned', 'kept'] as const;

/** Parameters that take a search are found anew that often, in steps; lines take turns. */
const SEARCH_STEPS = 32;

/** Of weights that are bounded by their values: so many deviations lie within. */
const BOUND = 2;

/**
 * A tensor of a number format. The free numbers are floats, what the model sees are those rounded. The gradient of a value goes
 * straight through to its float, unless that lies outside the range of the format, where moving it changes nothing.
 *
 * Source: Bengio, Léonard & Courville 2013; Courbariaux, Bengio & David 2015 for weights that are bounded.
 *
 * @param isPruned - whether zeros are pruned weights; in a tensor that has been rounded already they may be rounded ones
 */
export function openQuantized(name: string, tensor: Tensor, format: TrainedFormat, isPruned: boolean): Parameter {
  const values = finiteWeights(tensor);
  const free = values.slice();
  const { isBounded, isSign } = format.format;
  if (isBounded) stretch(free);
  const alive = Uint8Array.from(values, (value) => (isPruned && value === 0 ? PRUNED : ALIVE));
  const lines = openLines(format.lines, free.length);
  const longest = lines.reduce((most, { length }) => Math.max(most, length), 0);
  const [first, second, third] = [0, 1, 2].map(() => new Float32Array(longest));
  const learned = format.scales === 'learned' ? scalesOf(format.format, format.scaling) : undefined;
  const scales = new Float32Array(lines.length * (learned?.count ?? 0));
  const floor = deadBelow(free, format);
  const starts = lines.map((line) => fitAlive(line.read(free, first), floor));
  const fits = starts.slice();
  let isRounded = true;
  const isSearched = (format.range ?? format.format.range) !== 'max';

  /** The parameters of a line by its weights, those that are pruned apart. */
  function fitAlive(weights: Float32Array, floor: number): Fitted | undefined {
    const kept = weights.includes(0) ? weights.filter((weight) => weight !== 0) : weights;
    return fitLine(kept, floor, format);
  }

  function refit(step: number): void {
    if (learned) {
      for (const [k, line] of lines.entries()) fits[k] = refitLearned(learned, k, line.read(free, first));
    } else if (format.scales === 'found') {
      const floor = deadBelow(free, format);
      for (const [k, line] of lines.entries()) {
        const isTurn = !isSearched || step === 0 || (step + k) % SEARCH_STEPS === 0;
        if (isTurn) fits[k] = fitAlive(line.read(free, first), floor);
      }
    }
  }

  function refitLearned({ fit: fitted, count }: Scales, k: number, weights: Float32Array): Fitted | undefined {
    const start = starts[k];
    return start && fitted(weights, start, scales.subarray(k * count, (k + 1) * count));
  }

  return {
    ...{ name, tensor, values, free, alive, isShared: false, isBounded },
    scales: learned ? scales : undefined,
    collect(gradient, into, intoScales) {
      if (!isRounded) intoScales?.fill(0);
      for (const [k, line] of lines.entries()) {
        const fitted = fits[k];
        const weights = line.read(free, first);
        if (isRounded && learned && fitted && intoScales) {
          const parts = { weights, values: line.read(values, second), gradient: line.read(gradient, third), fitted };
          learned.gradient(parts, intoScales.subarray(k * learned.count, (k + 1) * learned.count));
        }
        const isCut = isRounded && fitted && !isSign && !format.isIncremental;
        const low = isCut ? fitted.offset + fitted.scale * fitted.set.low : Number.NEGATIVE_INFINITY;
        const high = isCut ? fitted.offset + fitted.scale * fitted.set.high : Number.POSITIVE_INFINITY;
        // Half a unit in the last place: scales are rounded, and the weight that a range was made for is not outside it.
        const slack = Math.max(Math.abs(low), Math.abs(high)) * 2 ** -10;
        for (let i = 0; i < weights.length; i++) {
          const place = line.place(i);
          const isFree = alive[place] === ALIVE && weights[i] >= low - slack && weights[i] <= high + slack;
          into[place] = isFree ? gradient[place] : 0;
        }
      }
    },
    publish(turn) {
      isRounded = !turn?.areFloats;
      if (isBounded || format.isIncremental) settle();
      if (!isRounded) values.set(free);
      else if (!format.isIncremental) {
        refit(turn?.step ?? 0);
        for (const [k, line] of lines.entries()) {
          const rounded = line.read(values, first);
          line.write(
            round(line.read(free, second), rounded, fits[k], format.isRandom ? turn?.random : undefined),
            values,
          );
        }
      }
      for (let i = 0; i < values.length; i++) {
        if (alive[i] === PRUNED) values[i] = 0;
        else if (format.isIncremental && alive[i] === ALIVE) values[i] = free[i];
      }
    },
    fix: format.isIncremental ? fix : undefined,
  };

  /** Takes back what momentum does to weights that do not move, and keeps bounded ones within their bounds. */
  function settle(): void {
    for (let i = 0; i < free.length; i++) {
      if (alive[i] === FIXED) free[i] = values[i];
      else if (isBounded) free[i] = Math.min(1, Math.max(-1, free[i]));
    }
  }

  /** Rounds the largest of the weights that are free, until this share of all that are left is fixed. */
  function fix(share: number): void {
    for (const [k, line] of lines.entries()) {
      const places = Array.from({ length: line.length }, (_, i) => line.place(i));
      const isFixed = (place: number) => alive[place] === FIXED;
      const kept = places.filter((place) => alive[place] !== PRUNED);
      const open = kept.filter((place) => !isFixed(place)).sort((a, b) => Math.abs(free[b]) - Math.abs(free[a]));
      const more = Math.round(share * kept.length) - (kept.length - open.length);
      const chosen = open.slice(0, Math.max(0, more));
      const rounded = round(
        Float32Array.from(chosen, (place) => free[place]),
        new Float32Array(chosen.length),
        fits[k],
      );
      for (const [i, place] of chosen.entries()) {
        alive[place] = FIXED;
        free[place] = values[place] = rounded[i];
      }
    }
  }
}

function round(
  weights: Float32Array,
  into: Float32Array,
  fitted: Fitted | undefined,
  random?: Parameters<typeof roundWeights>[2],
): Float32Array {
  into.set(weights);
  if (fitted) roundWeights(into, fitted, random);
  else into.fill(0);
  return into;
}

/** Makes weights, of whatever size, fill the bounds from −1 to 1. */
function stretch(weights: Float32Array): void {
  const square = weights.reduce((sum, weight) => sum + weight * weight, 0) / weights.length;
  const factor = square > 0 ? 1 / (BOUND * Math.sqrt(square)) : 1;
  for (let i = 0; i < weights.length; i++) weights[i] = Math.min(1, Math.max(-1, weights[i] * factor));
}
