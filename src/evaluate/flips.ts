import { DEVIATIONS, differenceOf, type Interval, normalBelow, rareInterval } from './interval.js';

/** A decision as the original makes it, and what compression does to its scores, where that was looked at. */
export interface Decision {
  /** Number of the input that it belongs to. */
  readonly input: number;
  /** How many decisions of this input it stands for. */
  readonly share: number;
  /** Whether the original is right; without labels it always is. */
  readonly isRight: boolean;
  /** By how much the class that is right stands above the others, the nearest of them. */
  readonly gaps: readonly number[];
  /** By how much the one decided on stands above the next. */
  readonly margin: number;
  readonly noise?: Noise | undefined;
  /** Whether the model was fitted to the input: its noise is then less than what others will see. */
  readonly isFitted?: boolean | undefined;
}

/** What compression has added to the scores of a row. */
export interface Noise {
  /** Variance over the classes, and how many tell it. */
  readonly variance: number;
  readonly degrees: number;
  /** Change of the margin. */
  readonly shift: number;
}

/** Rivals of a class that are looked at: others hardly ever win. */
export const RIVALS = 8;

/**
 * What compression does is not mere noise: of wrong answers it puts right about half as many as noise of its strength would
 * (.38 points where .71 were expected, with .99 expected to be lost and 1.09 lost, of a LeNet-300-100 on 9,000 inputs).
 */
const WON = 0.5;

/** With less than this many deviations between, nothing is certain. */
const CERTAIN = 9;

/**
 * Noise is made stronger by these factors, and what it then costs is divided by them. Where decisions that are in the balance are
 * rare, a few inputs hold none; stronger noise reaches those next to them, of which there are more. Margins that grow
 * rarer towards nought, as those of trained nets do, make that too much rather than too little.
 */
const FACTORS = [1, 1.5, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128];
/** Not so strong that this share of all decisions is lost: there it no longer grows in proportion. */
const MOST_LOST = 0.15;
/**
 * What is lost has to come from so many inputs, as far as they count alike. Fewer that happen to be clear would tell too little of
 * it, and nothing tells that: of a few inputs those in the balance are missing more often than not.
 */
const ENOUGH_INPUTS = 12;

/** An input's own noise counts as that of all with this many degrees of freedom. */
const COMMON_DEGREES = 4;

/** Places and weights of the Gauss-Hermite quadrature of nine points. */
const PLACES = [
  [0, 0.406349206349206],
  [1.023255663789133, 0.244097502894939],
  [2.07684797867783, 0.049916406765218],
  [3.20542900285647, 0.002789141321231769],
  [4.512745863399783, 2.234584400774658e-5],
].flatMap(([place, weight]) => (place === 0 ? [[place, weight]] : [-place, place].map((each) => [each, weight])));

/**
 * How many decisions noise will turn, as a share of all that are made on inputs of this kind. Counting them tells little: of 64
 * inputs one lost is 1.6 points, and none lost may be five. But every input tells how far its decision is from turning, and
 * every score of an input that the model was not fitted to tells how strong the noise is. Inputs that it was fitted to see less
 * of it, and have theirs made stronger by as much, so that every input judges. That together gives a chance of turning for each,
 * whose mean varies much less. Noise counts as normal, as strong as where margins are narrow, and
 * margins as narrower by what they lose on average.
 *
 * @returns `undefined` where no noise was looked at
 */
export function expectedLoss(decisions: readonly Decision[], inputs: number): Interval | undefined {
  const noise = noiseOf(decisions);
  if (!noise) return undefined;
  if (noise.isNone) return { value: 0, low: 0, high: 0 };
  const total = decisions.reduce((sum, { share }) => sum + share, 0);
  let best: { interval: Interval; isEnough: boolean } | undefined;
  for (const factor of FACTORS) {
    const lost = new Float64Array(inputs);
    const won = new Float64Array(inputs);
    for (const decision of decisions) {
      const { input, share, isRight, gaps } = decision;
      const deviation = factor * noise.deviationOf(decision);
      const shift = isRight ? factor * noise.shift : 0;
      const stays = chanceToLead(gaps, shift, deviation);
      if (isRight) lost[input] += share * (1 - stays);
      else won[input] += WON * share * stays;
    }
    const each = total / inputs;
    const [losses, wins] = [lost, won].map((parts) => {
      let [sum, squares] = [0, 0];
      for (const part of parts) {
        sum += part / each;
        squares += (part / each) ** 2;
      }
      const alike = squares > 0 ? sum ** 2 / squares : 0;
      return { lost: sum / inputs, alike, ...scaled(rareInterval(sum, squares, inputs), 1 / factor) };
    });
    if (factor > 1 && losses.lost > MOST_LOST) break;
    const difference = differenceOf(losses, wins);
    // How strong the noise is is known from few inputs only.
    const unsure = noise.error * losses.value * DEVIATIONS;
    // What is won is counted on as far as it is sure: a few inputs that the original is wrong about tell it, by chance too much of it.
    const high = difference.value + Math.hypot(losses.high - wins.low - difference.value, unsure);
    const low = difference.value - Math.hypot(difference.value - difference.low, unsure);
    const isEnough = losses.alike >= ENOUGH_INPUTS;
    // The strongest noise where there is never enough, and of what is enough the narrowest.
    if (!best?.isEnough || (isEnough && high < best.interval.high)) {
      best = { interval: { value: difference.value, low, high }, isEnough };
    }
  }
  return best?.interval;
}

function scaled({ value, low, high }: Interval, by: number): Interval {
  return { value: value * by, low: low * by, high: high * by };
}

/** How strong noise is, from the inputs where it was looked at: those of narrow margins count most. */
function noiseOf(decisions: readonly Decision[]) {
  const margins = decisions.map(({ margin }) => margin).sort((a, b) => a - b);
  const narrow = margins[Math.floor(margins.length / 4)] || 1;
  const byInput = new Map<number, number>();
  let [weights, variance, squares, gap, shift, degrees] = [0, 0, 0, 0, 0, 0];
  let [fittedWeights, fittedVariance] = [0, 0];
  for (const { input, margin, noise, share, isFitted } of decisions) {
    if (!noise) continue;
    const weight = share / (1 + (margin / narrow) ** 2);
    if (isFitted) {
      fittedWeights += weight;
      fittedVariance += weight * noise.variance;
      continue;
    }
    byInput.set(input, (byInput.get(input) ?? 0) + weight);
    weights += weight;
    variance += weight * noise.variance;
    squares += weight * noise.variance ** 2;
    gap += weight * noise.shift ** 2;
    shift += weight * noise.shift;
    degrees += weight * noise.degrees;
  }
  if (weights === 0) return undefined;
  const common = variance / weights;
  // Between the class decided on and the next there may be more noise than between any two.
  const pull = common > 0 ? Math.max(1, gap / weights / (2 * common)) : 1;
  const spread = common > 0 ? Math.max(0, squares / weights / common ** 2 - 1) : 0;
  // Never weaker, since fitting makes nothing noisier.
  const lacking = fittedVariance > 0 ? Math.max(1, common / (fittedVariance / fittedWeights)) : 1;
  const effective = weights ** 2 / [...byInput.values()].reduce((sum, weight) => sum + weight ** 2, 0);
  return {
    isNone: common === 0,
    shift: Math.max(0, -shift / weights),
    /** Relative standard error of the deviation. */
    error: 0.5 * Math.sqrt((spread + (2 * weights) / degrees) / effective),
    deviationOf({ noise, isFitted }: Decision): number {
      if (!noise) return Math.sqrt(pull * common);
      const all = noise.degrees + COMMON_DEGREES;
      const own = noise.variance * (isFitted ? lacking : 1);
      return Math.sqrt((pull * (noise.degrees * own + COMMON_DEGREES * common)) / all);
    },
  };
}

/** Chance that a class stands above its rivals once noise of this deviation is added to each of them. */
function chanceToLead(gaps: readonly number[], shift: number, deviation: number): number {
  if (gaps.some((gap) => gap < -CERTAIN * deviation)) return 0;
  const near = gaps.filter((gap) => gap - shift < CERTAIN * deviation);
  if (near.length === 0) return 1;
  if (near.length === 1) return normalBelow((near[0] - shift) / (deviation * Math.SQRT2));
  let chance = 0;
  for (const [place, weight] of PLACES) {
    let all = weight;
    for (const gap of near) all *= normalBelow((gap - shift) / deviation + place);
    chance += all;
  }
  return chance;
}
