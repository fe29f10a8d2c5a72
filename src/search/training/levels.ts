import { startCalibration } from '../../calibrate/start.js';
import type { Model } from '../../model/model.js';
import { openOnnx } from '../../onnx/open.js';
import { cluster } from '../../stages/cluster.js';
import type { Judged } from '../goal.js';
import { isBetter, isMet, isWithin, nextPrice } from './choice.js';
import { trained } from './retrain.js';
import type { Session, Sized } from './session.js';

/** Values that biases share: in small nets they take as much as weights do. */
const BIASES = 16;
/** Epochs that shared values are trained for, and what may be missing to the goal for them to be worth it. */
const SHARE_EPOCHS = 2;
const SHARE_RATE = 1e-4;
const NEAR_LIMIT = 3;

/** A model whose values are chosen, and what it loses. */
interface Candidate {
  readonly model: Model;
  readonly judged: Judged;
}

/**
 * Chooses values at several prices of a bit, until the goal is bracketed, and trains those that are shared where that brings a
 * smaller file within the goal, or a better one of the size.
 *
 * @param most - prices to try
 * @returns whether a better file was found than all before
 */
export async function chooseLevels(session: Session, why: string, most: number): Promise<boolean> {
  const { journal, goal, clock, common, context, options } = session;
  const isFirst = journal.steps.length === 0;
  const calibration = await startCalibration(
    openOnnx(journal.model),
    { ...common, onNote: isFirst ? context.onNote : undefined },
    options.signal,
  );
  let [low, high]: (number | undefined)[] = [];
  let price = journal.lambda;
  let isBetterNow = false;
  let best: Candidate | undefined;
  for (let tries = 0; tries < most; tries++) {
    const start = performance.now();
    const plain = await withBiases(session, await calibration.run(price));
    const judged = await session.judged(plain);
    session.done({ what: 'levels', lambda: price, judged, why, ms: performance.now() - start });
    isBetterNow = session.offer(plain.model, judged) || isBetterNow;
    let candidate: Candidate = { model: plain.model, judged };
    if (isNearly(session, judged)) {
      candidate = (await share(session, candidate, price)) ?? candidate;
      isBetterNow = session.offer(candidate.model, candidate.judged) || isBetterNow;
    }
    if (!best || isBetter(candidate.judged, best.judged, goal)) best = candidate;
    const { judged: found } = candidate;
    const isTooMuch = goal.limit === undefined ? found.bytes <= goal.targetSize : !isWithin(found, goal.limit);
    if (isTooMuch) high = price;
    else low = price;
    if (isMet(found, goal) || clock.isOver(performance.now() - start)) break;
    price = nextPrice(price, found, goal, low, high);
  }
  journal.lambda = low ?? price;
  // A size is met; what is left to win is how good the file is.
  if (goal.limit === undefined && best && journal.round > 0) {
    const tuned = await share(session, best, journal.lambda);
    if (tuned) isBetterNow = session.offer(tuned.model, tuned.judged) || isBetterNow;
  }
  return isBetterNow;
}

/** Trains the values that weights share: nothing is rounded anew, so the file stays as small as it is. */
async function share(session: Session, { model }: Candidate, price: number): Promise<Candidate | undefined> {
  const { journal, clock, options } = session;
  if (clock.isOver(SHARE_EPOCHS * journal.epochMs)) return undefined;
  const { batchSize, augmentation } = options;
  const why = 'the file is as small as it should be: its shared values are trained to lose less';
  session.plan(why);
  const start = performance.now();
  const tuned = await trained(session, model, {
    epochs: SHARE_EPOCHS,
    batchSize,
    augmentation,
    learningRate: SHARE_RATE,
  });
  const judged = await session.judged(await session.sized(tuned));
  session.done({ what: 'share', lambda: price, judged, why, ms: performance.now() - start });
  return { model: tuned, judged };
}

/** Whether a file would be the best if it lost a little less. */
function isNearly({ goal, journal }: Session, judged: Judged): boolean {
  if (goal.limit === undefined || isWithin(judged, goal.limit)) return false;
  const isSmaller = judged.bytes < (journal.bestJudged?.bytes ?? Number.POSITIVE_INFINITY);
  return journal.round > 0 && isSmaller && isWithin(judged, NEAR_LIMIT * goal.limit);
}

/** The model with few values for all of a bias's, if that makes the file smaller. */
async function withBiases(session: Session, model: Model): Promise<Sized> {
  const shared = await session.sized(await cluster({ include: ['role:bias'], clusters: BIASES }).run(model));
  const plain = await session.sized(model);
  return shared.bytes < plain.bytes ? shared : plain;
}
