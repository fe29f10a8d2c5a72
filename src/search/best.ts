import { type Goal, type Judged, reaches } from './goal.js';

/** What is known of a model that was tried: its divergence is `null` where nothing was to be chosen by it. */
type Known = Judged & { readonly divergence: number | null };

/** Points whose divergences differ by no more than this factor should lose about the same. */
const ALIKE = 2;

/** A size is met if no more than this share of it is left over. */
const MET = 0.98;

/**
 * The best of all that was tried: the smallest if the goal is a loss, the one of the least divergence if it is a
 * size, and the nearest to the goal if none reaches it.
 *
 * The smallest of many models is likely to be one that was lucky with the inputs that judge it. What it may have lost
 * therefore also has to be within the goal by the average of those that diverge about as far.
 */
export function best<T extends { readonly point: Known }>(all: readonly T[], goal: Goal): T {
  const good = all.filter(({ point }) => reaches(point, goal));
  const least = (tried: readonly T[], by: (point: Known) => number) =>
    tried.reduce((a, b) => (by(b.point) < by(a.point) ? b : a));
  if (good.length === 0) return least(all, goal.limit === undefined ? ({ bytes }) => bytes : worstOf);
  if (goal.limit === undefined) {
    const { targetSize } = goal;
    const met = good.filter(({ point }) => point.bytes >= MET * targetSize);
    return least(met.length > 0 ? met : good, divergenceOf);
  }
  const { limit } = goal;
  const steady = good.filter(({ point }) => steadyWorst(point, all) <= limit);
  return least(steady.length > 0 ? steady : good, ({ bytes }) => bytes);
}

/** What a point may have lost: by the inputs that judge it, or by those points that diverge about as far, whichever is more. */
export function steadyWorst(judged: Known, all: readonly { readonly point: Known }[]): number {
  return Math.max(worstOf(judged), worstByDivergence(judged, all));
}

/** The same as is to be expected of a point: that of all points that diverge about as far. */
function worstByDivergence(judged: Known, all: readonly { readonly point: Known }[]): number {
  const divergence = divergenceOf(judged);
  const alike = all
    .map(({ point }) => point)
    .filter((point) => divergenceOf(point) <= divergence * ALIKE && divergenceOf(point) >= divergence / ALIKE);
  const sum = (by: (point: Known) => number) => alike.reduce((total, point) => total + by(point), 0);
  return divergence > 0 ? (divergence * sum(worstOf)) / sum(divergenceOf) : 0;
}

function divergenceOf({ divergence }: Known): number {
  return divergence ?? 0;
}

/** The upper end of what it has lost. */
function worstOf({ judgement }: Known): number {
  return judgement?.high ?? 0;
}
