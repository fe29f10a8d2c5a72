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
const TRIES = 9;
/** At most so many decades at a time: far from the first try the slope is another. */
const STRIDE = 1.5;
/** Decibels from what is wanted at which a try tells half as much of where that is as one that hits it. */
const FAR = 2;
/** Prices nearer to each other than this are the same: their bytes differ by less than one in two hundred. */
const SAME = 1.04;

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
 * The largest price of a bit at which answers are as clear as wanted, or the nearest to it. Weights round otherwise at every
 * price, so that answers get clearer and less clear by a decibel or more from one price to the next: no bisection finds
 * its way there, so every try tells where what is wanted should be, and those around it are tried.
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
  const tried: Pick<Tried, 'lambda' | 'margin'>[] = [];
  let lambda = FIRST_LAMBDA;
  while (tried.length < TRIES) {
    const model = await run(lambda, (share) => onProgress?.((tried.length + share) / TRIES));
    const nearness = await judge(model);
    const margin = marginOf(nearness, wanted);
    if (Number.isNaN(margin)) return 'its answers to synthetic inputs are no numbers';
    const isEnough = margin >= 0;
    const isBetter = !best || (isEnough ? best.margin < 0 || lambda > best.lambda : margin > best.margin);
    if (isBetter) best = { ...nearness, model, lambda, margin };
    tried.push({ lambda, margin });
    const next = nextLambda(tried, best && best.margin >= 0 ? best.lambda : SMALLEST_LAMBDA);
    if (next === undefined) break;
    lambda = next;
  }
  return best ?? 'nothing was tried';
}

/** Where what is wanted should be, or below it where that was tried; nothing where that is no more than what is had. */
function nextLambda(tried: readonly Pick<Tried, 'lambda' | 'margin'>[], had: number): number | undefined {
  let [sum, weights] = [0, 0];
  for (const { lambda, margin } of tried) {
    const weight = 1 / (1 + (margin / FAR) ** 2);
    sum += weight * (Math.log10(lambda) + margin / DECIBELS_A_DECADE);
    weights += weight;
  }
  const lambdas = tried.map(({ lambda }) => lambda);
  const low = Math.max(SMALLEST_LAMBDA, Math.min(...lambdas) / 10 ** STRIDE);
  const high = Math.min(LARGEST_LAMBDA, Math.max(...lambdas) * 10 ** STRIDE);
  let next = Math.max(low, Math.min(high, 10 ** (sum / weights)));
  const isTried = (lambda: number) => lambdas.some((each) => Math.abs(Math.log(each / lambda)) < Math.log(SAME));
  while (isTried(next)) next /= SAME;
  return next > had && next >= SMALLEST_LAMBDA ? next : undefined;
}

/** Decibels by which answers are nearer than is wanted, by what they say or by what they decide. */
function marginOf({ snr, divergence }: Nearness, wanted: number): number {
  // Of small changes, divergence is in proportion to their squares.
  const decided = divergence === null ? Number.NEGATIVE_INFINITY : 10 * Math.log10(ENOUGH_DIVERGENCE / divergence);
  return Number.isNaN(snr) ? snr : Math.max(snr - wanted, decided);
}
