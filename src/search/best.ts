import { type Goal, reaches } from './goal.js';

/** What is known of a model that was tried. */
export interface Judged {
  /** Of the container. */
  readonly bytes: number;
  /** Points lost on inputs that were kept apart; `null` where only the size counts. */
  readonly loss: number | null;
  /** `null` where nothing was to be chosen by it. */
  readonly divergence: number | null;
}

/** Points whose divergences differ by no more than this factor should lose about the same. */
const ALIKE = 2;

/** A size is met if no more than this share of it is left over. */
const MET = 0.98;

/**
 * The best of all that was tried: the smallest if the goal is a loss, the one of the least divergence if it is a
 * size, and the nearest to the goal if none reaches it.
 *
 * A loss is counted on a few thousand inputs at most, so that the smallest of many models is likely to be one that was
 * lucky. Its loss therefore also has to be within the goal by the average of those that diverge about as far: the
 * divergence is measured much more finely.
 */
export function best<T extends { readonly point: Judged }>(all: readonly T[], goal: Goal): T {
  const good = all.filter(({ point }) => reaches(point, goal));
  const least = (tried: readonly T[], by: (point: Judged) => number) =>
    tried.reduce((a, b) => (by(b.point) < by(a.point) ? b : a));
  if (good.length === 0) return least(all, goal.maxLoss === undefined ? ({ bytes }) => bytes : lossOf);
  if (goal.maxLoss === undefined) {
    const { targetSize } = goal;
    const met = good.filter(({ point }) => point.bytes >= MET * targetSize);
    return least(met.length > 0 ? met : good, divergenceOf);
  }
  const { maxLoss } = goal;
  const steady = good.filter(({ point }) => lossByDivergence(point, all) <= maxLoss);
  return least(steady.length > 0 ? steady : good, ({ bytes }) => bytes);
}

/** The loss to expect of a point: that of all points that diverge about as far. */
function lossByDivergence(judged: Judged, all: readonly { readonly point: Judged }[]): number {
  const divergence = divergenceOf(judged);
  const alike = all
    .map(({ point }) => point)
    .filter((point) => divergenceOf(point) <= divergence * ALIKE && divergenceOf(point) >= divergence / ALIKE);
  const sum = (by: (point: Judged) => number) => alike.reduce((total, point) => total + by(point), 0);
  return divergence > 0 ? (divergence * sum(lossOf)) / sum(divergenceOf) : 0;
}

function divergenceOf({ divergence }: Judged): number {
  return divergence ?? 0;
}

function lossOf({ loss }: Judged): number {
  return loss ?? 0;
}
