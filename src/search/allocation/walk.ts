import { type Goal, reaches } from '../goal.js';
import type { Frontier, Setting } from './frontier.js';
import type { BudgetPoint } from './options.js';

/** A setting of the whole model that was tried. */
export interface Tried {
  readonly setting: Setting;
  readonly point: BudgetPoint;
}

/** Most settings that one walk tries. */
export const MOST_TRIED = 8;

/** The first step away from where the goal was thought to be; each further one is twice as long. */
const STRIDE = 1.06;

/** A walk ends where the settings on both sides of the goal are this near in size. */
const NARROW = 0.005;

/** Points whose divergences differ by no more than this factor should lose about the same. */
const ALIKE = 2;

/** A size is met if no more than this share of it is left over. */
const MET = 0.98;

/**
 * The best of all settings that were tried: the smallest if the goal is a loss, the one of the least divergence if it is a
 * size, and the nearest to the goal if none reaches it.
 *
 * A loss is counted on a few thousand inputs at most, so that the smallest of many models is likely to be one that was
 * lucky. Its loss therefore also has to be within the goal by the average of those that diverge about as far: the
 * divergence is measured much more finely.
 */
export function best(all: readonly Tried[], goal: Goal): Tried {
  const good = all.filter(({ point }) => reaches(point, goal));
  const least = (tried: readonly Tried[], by: (point: BudgetPoint) => number) =>
    tried.reduce((a, b) => (by(b.point) < by(a.point) ? b : a));
  if (good.length === 0) {
    return goal.maxLoss === undefined ? least(all, ({ bytes }) => bytes) : least(all, ({ loss }) => loss);
  }
  if (goal.maxLoss === undefined) {
    const { targetSize } = goal;
    const met = good.filter(({ point }) => point.bytes >= MET * targetSize);
    return least(met.length > 0 ? met : good, ({ divergence }) => divergence);
  }
  const { maxLoss } = goal;
  const steady = good.filter(({ point }) => lossByDivergence(point, all) <= maxLoss);
  return least(steady.length > 0 ? steady : good, ({ bytes }) => bytes);
}

/** The loss to expect of a point: that of all points that diverge about as far. */
function lossByDivergence({ divergence }: BudgetPoint, all: readonly Tried[]): number {
  const alike = all.filter(
    ({ point }) => point.divergence <= divergence * ALIKE && point.divergence >= divergence / ALIKE,
  );
  const sum = (by: (point: BudgetPoint) => number) => alike.reduce((total, { point }) => total + by(point), 0);
  return divergence > 0 ? (divergence * sum(({ loss }) => loss)) / sum((point) => point.divergence) : 0;
}

/**
 * Walks along a frontier to where the goal is, by bisection: size rises along it, and loss falls but for chance.
 *
 * @param attempt - tries a setting for real
 * @param near - where the goal is thought to be, in bytes of the layers: it is looked for there first, then farther away
 */
export async function walk(
  frontier: Frontier,
  goal: Goal,
  attempt: (setting: Setting) => Promise<Tried>,
  near?: number,
): Promise<void> {
  const last = frontier.length - 1;
  let low = -1;
  let high = frontier.length;
  const bytesAt = (index: number) => frontier.bytes(Math.min(last, Math.max(0, index)));
  let stride = STRIDE;
  let next = nearestTo(frontier, near ?? Math.sqrt(bytesAt(low) * bytesAt(high)), low, high);
  for (let tries = 0; tries < MOST_TRIED && high - low > 1; tries++) {
    const { point } = await attempt(frontier.setting(next));
    // More bytes than are needed for the loss, or than there may be.
    const isAbove = goal.maxLoss === undefined ? point.bytes > goal.targetSize : point.loss <= goal.maxLoss;
    if (isAbove) high = next;
    else low = next;
    const isBracketed = low >= 0 && high <= last;
    if (isBracketed && bytesAt(high) - bytesAt(low) < NARROW * bytesAt(low)) break;
    let aim = Math.sqrt(bytesAt(low) * bytesAt(high));
    // What the file has beside its layers is known by now.
    if (goal.maxLoss === undefined) aim = bytesAt(next) + goal.targetSize - point.bytes;
    else if (near !== undefined && !isBracketed) {
      aim = bytesAt(next) * (isAbove ? 1 / stride : stride);
      stride *= stride;
    }
    next = nearestTo(frontier, aim, low, high);
  }
}

/** The place between two others whose bytes are nearest to a size, in proportion. */
function nearestTo(frontier: Frontier, bytes: number, low: number, high: number): number {
  let best = low + 1;
  for (let at = low + 2; at < high; at++) {
    if (Math.abs(Math.log(frontier.bytes(at) / bytes)) < Math.abs(Math.log(frontier.bytes(best) / bytes))) best = at;
  }
  return best;
}
