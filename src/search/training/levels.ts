import { startCalibration } from '../../calibrate/start.js';
import type { Model } from '../../model/model.js';
import { openOnnx } from '../../onnx/open.js';
import { cluster } from '../../stages/cluster.js';
import { type Judged, reaches } from '../goal.js';
import { isBetter, isWithin, narrowed, usedShare } from './choice.js';
import type { Candidate, Session, Sized } from './session.js';
import { isNearly, share } from './share.js';

/** Values that biases share: in small nets they take as much as weights do. */
const BIASES = 16;
/** Prices of a bit that a round tries: those near a size come to files that differ by chance, of which the best counts. */
const PRICES = 6;
/** Before anything is removed, a file does that uses this share of the loss; of a size more, since it may turn out to be the best. */
const USED = 0.6;
const USED_SIZE = 0.9;

/**
 * Chooses values at several prices of a bit, until the goal is bracketed, and trains those that are shared where that brings a
 * smaller file within the goal, or a better one of the size. Goes on from the prices that the same weights have been through.
 *
 * @param isEnough - whether a file does for now, so that no other price is tried
 * @returns whether a better file was found than all before
 */
export async function chooseLevels(
  session: Session,
  why: string,
  isEnough: (judged: Judged) => boolean = () => false,
): Promise<boolean> {
  const { journal, goal, clock, common, context, options } = session;
  const isFirst = !journal.steps.some(({ what }) => what === 'levels');
  const began = performance.now();
  const calibration = await startCalibration(
    openOnnx(journal.model),
    { ...common, onNote: isFirst ? context.onNote : undefined },
    options.signal,
  );
  journal.took = { ...journal.took, looking: performance.now() - began };
  let isBetterNow = false;
  let best: (Candidate & { readonly price: number }) | undefined;
  for (let tries = 0; tries < PRICES; tries++) {
    const start = performance.now();
    const price = journal.prices.next;
    const plain = await withBiases(session, await calibration.run(price));
    const judged = await session.judged(plain);
    journal.took = { ...journal.took, price: performance.now() - start };
    session.done({ what: 'levels', lambda: price, judged, why, ms: performance.now() - start });
    const smallest = smallestSoFar(session);
    isBetterNow = session.offer(plain.model, judged) || isBetterNow;
    let candidate: Candidate = { model: plain.model, judged };
    if (isNearly(session, judged)) {
      candidate = (await share(session, candidate, price)) ?? candidate;
      isBetterNow = session.offer(candidate.model, candidate.judged) || isBetterNow;
    }
    if (!best || isBetter(candidate.judged, best.judged, goal)) best = { ...candidate, price };
    const { judged: found } = candidate;
    journal.prices = narrowed(journal.prices, found, goal);
    if (isEnough(found) || journal.prices.isEnd || clock.isOver(journal.took.price)) break;
    // At a lower price files are larger: one that is no smaller than what reaches the loss already is of no use.
    if (goal.limit !== undefined && !isWithin(found, goal.limit) && found.bytes >= smallest) break;
  }
  // A size is met; what is left to win is how good the file is.
  if (goal.limit === undefined && best && journal.isTrained) {
    const tuned = await share(session, best, best.price);
    if (tuned) isBetterNow = session.offer(tuned.model, tuned.judged) || isBetterNow;
  }
  return isBetterNow;
}

/** Bytes of the smallest file that reaches the goal. */
function smallestSoFar({ journal, goal }: Session): number {
  const { bestJudged } = journal;
  return reaches(bestJudged, goal) ? bestJudged.bytes : Number.POSITIVE_INFINITY;
}

/** Whether a file of the net as it comes does for now: what removes weights and trains gets further. */
export function isSafe({ goal }: Session): (judged: Judged) => boolean {
  const least = goal.limit === undefined ? USED_SIZE : USED;
  return (judged) => reaches(judged, goal) && usedShare(judged, goal) >= least;
}

/** The model with few values for all of a bias's, if that makes the file smaller. */
export async function withBiases(session: Session, model: Model): Promise<Sized> {
  const shared = await session.sized(await cluster({ include: ['role:bias'], clusters: BIASES }).run(model));
  const plain = await session.sized(model);
  return shared.bytes < plain.bytes ? shared : plain;
}
