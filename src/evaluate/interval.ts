/** A figure with the ends of its interval of 95 %. */
export interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** Deviations of a bell that hold 95 % of it. */
export const DEVIATIONS = 1.96;

/** What may be behind nothing seen in n trials, times n: −ln of the 2.5 % on one side. */
export const NONE_SEEN = -Math.log(0.025);

/** Chance that a normal number of deviation 1 is below this one. (Abramowitz & Stegun 26.2.17: to 1e-7.) */
export function normalBelow(x: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(x));
  const tail =
    Math.exp((-x * x) / 2) *
    t *
    (0.1274147959 + t * (-0.1422483683 + t * (0.7107068706 + t * (-0.726576013 + t * 0.5307027145))));
  return x >= 0 ? 1 - tail : tail;
}

/**
 * Interval of what is behind a sum of events that are rare: `sum` of parts whose squares add up to `squares`, each of one of
 * `trials`. Of ones and zeros it is that of Poisson; of parts it is that of as many events as would vary as much
 * (Wilson & Hilferty's roots of the gamma distribution).
 */
export function rareInterval(sum: number, squares: number, trials: number): Interval {
  const part = squares > 0 ? squares / sum : 0;
  const events = part > 0 ? sum / part : 0;
  // Hardly anything seen is as good as nothing seen, however evenly it is spread: what was not seen may be as large as one.
  if (sum < 0.5) return { value: sum / trials, low: 0, high: (sum + NONE_SEEN) / trials };
  const root = (count: number, side: number) =>
    Math.max(0, 1 - 1 / (9 * count) + (side * DEVIATIONS) / (3 * Math.sqrt(count))) ** 3 * count;
  return {
    value: sum / trials,
    low: (part * root(events, -1)) / trials,
    high: (part * root(events + 1, 1)) / trials,
  };
}

/** Interval of the share behind one seen in `trials` independent ones, 0 to 1 (Wilson, 1927). */
export function shareInterval(share: number, trials: number): Interval {
  const z2 = DEVIATIONS ** 2;
  const middle = (share + z2 / (2 * trials)) / (1 + z2 / trials);
  const far = (DEVIATIONS * Math.sqrt((share * (1 - share)) / trials + z2 / (4 * trials ** 2))) / (1 + z2 / trials);
  return { value: share, low: Math.max(0, middle - far), high: Math.min(1, middle + far) };
}

/** Interval of a difference of two figures that are independent (the square-and-add rule; Newcombe, 1998). */
export function differenceOf(one: Interval, other: Interval): Interval {
  const value = one.value - other.value;
  return {
    value,
    low: value - Math.hypot(one.value - one.low, other.high - other.value),
    high: value + Math.hypot(one.high - one.value, other.value - other.low),
  };
}

/** Interval of a mean, by Student's t. One number tells nothing of how far off it is. */
export function meanInterval(values: readonly number[]): Interval {
  const { length } = values;
  const value = values.reduce((sum, each) => sum + each, 0) / length;
  if (length < 2) return { value, low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };
  const squares = values.reduce((sum, each) => sum + (each - value) ** 2, 0);
  const far = student(length - 1) * Math.sqrt(squares / (length - 1) / length);
  return { value, low: value - far, high: value + far };
}

/**
 * Interval of a ratio of two sums over the same inputs, both of numbers from 0 on, from how its logarithm varies with the
 * inputs: errors are skewed, and a symmetrical interval would end too early.
 */
export function ratioInterval(above: readonly number[], below: readonly number[]): Interval {
  const { length } = above;
  const [sum, base] = [above, below].map((values) => values.reduce((total, each) => total + each, 0));
  if (sum === 0) return { value: 0, low: 0, high: 0 };
  const value = base > 0 ? sum / base : Number.POSITIVE_INFINITY;
  if (length < 2 || !Number.isFinite(value)) return { value, low: 0, high: Number.POSITIVE_INFINITY };
  const squares = above.reduce((total, each, i) => total + (each / sum - below[i] / base) ** 2, 0);
  const far = Math.exp(student(length - 1) * Math.sqrt((squares * length) / (length - 1)));
  return { value, low: value / far, high: value * far };
}

/** Student's t of 97.5 %, from the bell's by its first terms in one over the degrees of freedom (Hill, 1970, shortened). */
function student(degrees: number): number {
  if (degrees < 3) return degrees < 2 ? 12.71 : 4.303;
  const z = DEVIATIONS;
  const first = (z ** 3 + z) / 4;
  const second = (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96;
  const third = (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384;
  return z + first / degrees + second / degrees ** 2 + third / degrees ** 3;
}
