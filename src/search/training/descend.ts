import type { Model } from '../../model/model.js';
import type { Goal } from '../goal.js';
import { percent, removed } from './retrain.js';
import type { Session } from './session.js';

/**
 * What retraining is likely to win back: so many times the loss that is allowed, but of points no more than this share of those
 * that are left, since of answers at random there is nothing to go on from; and where a size is asked for, so many points.
 */
const RECOVERABLE = 10;
const RECOVERABLE_SHARE = 0.25;
const RECOVERABLE_POINTS = 5;
/** Bits that a weight which is left takes in the file with its place, and bytes of all else: to begin near a size. */
const BITS = 7;
const BYTES = 1000;
const LEAST = 0.001;
/** Rounds that one step stands for. */
const STEPS = 2;

/**
 * Removes weights by calibration alone, further and further, while retraining can be expected to make up for it: what takes
 * seconds saves the epochs that rounds of less would take.
 *
 * @param keep - what of the weights each step leaves
 */
export async function descend(
  session: Session,
  start: Model,
  keep: number,
): Promise<{ readonly model: Model; readonly density: number }> {
  const { judge, goal, journal } = session;
  const most = recoverable(goal, judge.unit);
  const least = densityFor(goal, start);
  let reached = { model: start, density: 1 };
  for (;;) {
    const began = performance.now();
    // Each step looks at all layers anew, which takes longest while they are dense.
    const density = Math.max(least, reached.density * keep ** STEPS);
    const model = await removed(session, reached.model, density);
    const { value } = await judge.loss(model);
    const isTooMuch = value > most && reached.density < 1;
    journal.density = isTooMuch ? reached.density : density;
    const why = `calibration alone leaves ${percent(density)} of the weights${isTooMuch ? ', and loses too much' : ''}`;
    session.done({ what: 'remove', lambda: null, judged: null, why, ms: performance.now() - began });
    if (isTooMuch) return reached;
    reached = { model, density };
    if (density <= least || value > most) return reached;
  }
}

function recoverable({ limit }: Goal, unit: string): number {
  const isPoints = unit === 'points';
  if (limit === undefined) return isPoints ? RECOVERABLE_POINTS : Number.POSITIVE_INFINITY;
  const most = isPoints ? limit + RECOVERABLE_SHARE * (100 - limit) : Number.POSITIVE_INFINITY;
  return Math.min(RECOVERABLE * limit, most);
}

/** About the density at which a file has the size asked for; without one, one that no net gets by with. */
function densityFor({ targetSize }: Goal, { tensors }: Model): number {
  if (targetSize === undefined) return LEAST;
  const weights = tensors.reduce((sum, { role, count }) => sum + (role === 'weight' ? count : 0), 0);
  return Math.min(1, (8 * Math.max(targetSize - BYTES, targetSize / 2)) / (BITS * weights));
}
