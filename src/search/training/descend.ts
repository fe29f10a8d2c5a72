import { calibratedPrune } from '../../calibrate/prune.js';
import type { Model } from '../../model/model.js';
import type { Goal } from '../goal.js';
import { within } from './deadline.js';
import { percent } from './retrain.js';
import type { Session } from './session.js';

/**
 * What calibration alone may lose, as a multiple of the loss that is allowed: training soon wins that back. Where no loss is
 * named it is taken for half a point, by other measures half a per cent. Of points it is no more than this share of those that are
 * left, since of answers at random there is nothing to go on from.
 */
const RECOVERABLE = 4;
const RECOVERABLE_SHARE = 0.25;
const USUAL_LOSS = 0.5;
/**
 * Bits that the value of a weight which is left takes, and bytes of all else in a file: to aim at a size. Weights are worth more than what tells
 * their values apart: half as many weights again of two bits each serve better than those of four.
 */
const VALUE_BITS = 2.2;
const BYTES = 1000;
/** What places take of the bits that they would take if layers were all as dense. */
const PLACES = 0.75;
/** Up to this density files grow with it; and how often an interval is halved to find one. */
const DENSE = 0.85;
const HALVINGS = 30;
/** A density that no net gets by with. */
const LEAST = 0.001;
/** Rounds that one step stands for. */
const STEPS = 2;
/** Of the time that is left this may take no more, since training removes weights, too. */
const TIME_SHARE = 0.3;

/**
 * Removes weights by calibration alone, further and further, as long as the others, or a little training, make up for them: that
 * takes seconds where training takes epochs. The rest is better left to training, which looks again and again at what it needs least.
 *
 * @param keep - what of the weights each step leaves
 */
export async function descend(
  session: Session,
  start: Model,
  keep: number,
): Promise<{ readonly model: Model; readonly density: number }> {
  const { judge, goal, journal, clock } = session;
  const most = recoverable(goal.limit ?? USUAL_LOSS, judge.unit);
  const least = densityFor(goal, start);
  const rest = (1 - TIME_SHARE) * clock.left();
  let reached = { model: start, density: 1 };
  for (let ms = 0; reached.density > least && clock.left() - ms >= rest; ) {
    const began = performance.now();
    // Each step looks at all layers anew, which takes longest while they are dense.
    const density = Math.max(least, reached.density * keep ** STEPS);
    const model = await removed(session, reached.model, density, clock.left() - rest);
    const loss = model && (await judge.loss(model));
    ms = performance.now() - began;
    const isTooMuch = loss === undefined || loss.value > most;
    journal.density = isTooMuch ? reached.density : density;
    const left = `calibration alone leaves ${percent(density)} of the weights`;
    const late = `calibration alone takes too long to leave ${percent(density)} of the weights: training goes on from more`;
    const why = loss ? `${left}${isTooMuch ? ', and loses too much' : ''}` : late;
    session.done({ what: 'remove', lambda: null, judged: null, why, ms });
    if (!model || isTooMuch) break;
    reached = { model, density };
  }
  return reached;
}

/**
 * Removes weights by what inputs make of them, those of all layers together, until this share of them is left; nothing where that
 * takes longer than so many milliseconds.
 */
async function removed(
  { common, context, options }: Session,
  model: Model,
  density: number,
  ms: number,
): Promise<Model | undefined> {
  const stage = calibratedPrune({ ...common, density, scope: 'global', onNote: context.onNote });
  return within(ms, options.signal, async (signal) => stage.run(model, { ...context, signal }));
}

function recoverable(limit: number, unit: string): number {
  const most = RECOVERABLE * limit;
  return unit === 'points' ? Math.min(most, limit + RECOVERABLE_SHARE * (100 - limit)) : most;
}

/** About the density at which a file has the size asked for; without one, one that no net gets by with. */
export function densityFor({ targetSize }: Goal, { tensors }: Model): number {
  if (targetSize === undefined) return LEAST;
  const weights = tensors.reduce((sum, { role, count }) => sum + (role === 'weight' ? count : 0), 0);
  const bits = (8 * Math.max(targetSize - BYTES, targetSize / 2)) / weights;
  let [low, high] = [0, DENSE];
  if (bitsAt(high) < bits) return 1;
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (low + high) / 2;
    if (bitsAt(middle) < bits) low = middle;
    else high = middle;
  }
  return high;
}

/** Bits that a weight takes, be it left or not, with its place. */
function bitsAt(density: number): number {
  const other = 1 - density;
  return VALUE_BITS * density - PLACES * (density * Math.log2(density) + other * Math.log2(other));
}
