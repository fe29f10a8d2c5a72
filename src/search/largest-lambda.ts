import type { Model } from '../model/model.js';
import type { Nearness } from './answers.js';

/**
 * What is enough, in nats, where answers are decisions: a model that is sure of all of them may be off by more in how sure
 * it is. On real data that is about what k-means leaves at 40 dB of the weights of a ResNet.
 */
const ENOUGH_DIVERGENCE = 4e-4;

/** λ of the first try, and how far answers move with it. */
export const FIRST_LAMBDA = 5e-10;
const DECIBELS_A_DECADE = 9;
const SMALLEST_LAMBDA = 1e-14;
const LARGEST_LAMBDA = 1e-3;
const TRIES = 6;
/** At most so many decades at a time: far from the first try the slope is another. */
const STRIDE = 1.5;
/** Decibels beyond what is wanted that are near enough. */
const NEAR = 0.7;

/** A model at a price of a bit, and how near its answers are. */
interface Tried extends Nearness {
  readonly model: Model;
  readonly lambda: number;
  /** Decibels beyond what is wanted. */
  readonly margin: number;
}

/** A calibration at a price of a bit. */
export type CalibrationRun = (lambda: number, onProgress: (share: number) => void) => Promise<Model>;

/**
 * The largest price of a bit at which answers are as clear as wanted, or the nearest to it, by secants between bounds.
 *
 * @param wanted - decibels by which answers stand out of what has changed in them
 * @returns in words why there is none, where answers are no numbers
 */
export async function largestLambda(
  run: CalibrationRun,
  judge: (model: Model) => Promise<Nearness>,
  wanted: number,
  onProgress: ((share: number) => void) | undefined,
): Promise<Tried | string> {
  let best: Tried | undefined;
  let [low, high, lambda] = [SMALLEST_LAMBDA, LARGEST_LAMBDA, FIRST_LAMBDA];
  for (let i = 0; i < TRIES; i++) {
    const model = await run(lambda, (share) => onProgress?.((i + share) / TRIES));
    const nearness = await judge(model);
    const margin = marginOf(nearness, wanted);
    if (Number.isNaN(margin)) return 'its answers to synthetic inputs are no numbers';
    const isEnough = margin >= 0;
    const isBetter = !best || (isEnough ? best.margin < 0 || lambda > best.lambda : margin > best.margin);
    if (isBetter) best = { ...nearness, model, lambda, margin };
    if (isEnough && margin <= NEAR) break;
    if (isEnough) low = lambda;
    else high = lambda;
    const step = (margin - NEAR / 2) / DECIBELS_A_DECADE;
    const next = lambda * 10 ** Math.max(-STRIDE, Math.min(STRIDE, step));
    lambda = next > low && next < high ? next : Math.sqrt(low * high);
  }
  return best ?? 'nothing was tried';
}

/** Decibels by which answers are nearer than is wanted, by what they say or by what they decide. */
function marginOf({ snr, divergence }: Nearness, wanted: number): number {
  // Of small changes, divergence is in proportion to their squares.
  const decided = divergence === null ? Number.NEGATIVE_INFINITY : 10 * Math.log10(ENOUGH_DIVERGENCE / divergence);
  return Number.isNaN(snr) ? snr : Math.max(snr - wanted, decided);
}
