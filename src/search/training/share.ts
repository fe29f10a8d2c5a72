import { fromHalf, toHalf } from '../../binary/half.js';
import { MAX_CODEBOOK } from '../../container/constants.js';
import type { Model } from '../../model/model.js';
import { mapWeights } from '../../model/patch.js';
import { isPatchable, readWeights } from '../../model/weights.js';
import { openOnnx } from '../../onnx/open.js';
import type { Judged } from '../goal.js';
import { isWithin } from './choice.js';
import { trained } from './retrain.js';
import type { Candidate, Session } from './session.js';

/** Epochs that shared values are trained for: two, or of the first round's this share; and what may be missing to the goal for them to be worth it. */
const SHARE_EPOCHS = 2;
const SHARE_OF_ROUND = 1 / 16;
const SHARE_RATE = 3e-4;
const NEAR_LIMIT = 3;
/** The most epochs at the end of a search for a size, where time is left: shared values are few, and soon where they get. */
const LAST_EPOCHS = 8;
/** The share of the time that those of the net as it comes are trained for. */
const FIRST_TIME = 0.25;

/** By what share a file grows where weights come to share other values: one that would be too large for it keeps its places. */
const GROWTH = 0.015;

/**
 * Trains the values that weights share, and which of these each weight has: nothing else is rounded anew, so the file stays about as
 * small as it is.
 *
 * @param price - of a bit, by which they were chosen
 */
export async function share(
  session: Session,
  { model, judged: before }: Candidate,
  price: number | null,
  epochs = Math.max(SHARE_EPOCHS, Math.round(SHARE_OF_ROUND * session.journal.epochs)),
): Promise<Candidate | undefined> {
  const { journal, clock, options, goal } = session;
  if (clock.isOver(epochs * journal.took.epoch)) return undefined;
  const { batchSize, augmentation } = options;
  const why = 'the file is as small as it should be: its shared values are trained to lose less';
  session.plan(why);
  const start = performance.now();
  const reassign = goal.limit !== undefined || (1 + GROWTH) * before.bytes <= goal.targetSize;
  const settings = { epochs, batchSize, augmentation, learningRate: SHARE_RATE, reassign };
  const tuned = await trained(session, withHalves(model), settings);
  if (tuned === undefined) return undefined;
  const sized = await session.sized(tuned);
  const judged = await session.judged(sized);
  session.done({ what: 'share', lambda: price, judged, why, ms: performance.now() - start });
  return { model: sized.model, judged };
}

/** At the end of a search for a size, what time is left goes to the shared values of the best file. */
export async function shareLast(session: Session): Promise<void> {
  const { journal, options, clock } = session;
  if (options.time === undefined || journal.round === 0) return;
  await shareBest(session, Math.min(LAST_EPOCHS, Math.floor((clock.left() - journal.took.price) / journal.took.epoch)));
}

/**
 * Before anything is removed, a net that can spare few weights is the best of its size for good, if only its values are trained:
 * for a part of the time that the first epoch tells how to use, or of the epochs that a round has.
 */
export async function shareFirst(session: Session): Promise<void> {
  const { journal, options, clock } = session;
  if (options.roundEpochs !== undefined || options.time === undefined) {
    return shareBest(session, Math.max(SHARE_EPOCHS, Math.round(SHARE_OF_ROUND * (options.roundEpochs ?? 0))));
  }
  const ms = FIRST_TIME * clock.left();
  await shareBest(session, 1);
  const { epoch } = journal.took;
  if (epoch > 0) await shareBest(session, Math.min(LAST_EPOCHS, Math.floor(ms / epoch) - 1));
}

async function shareBest(session: Session, epochs: number): Promise<void> {
  const { journal, goal } = session;
  const { best, bestJudged } = journal;
  // What is coded without loss has no shared values.
  if (epochs < 1 || goal.limit !== undefined || bestJudged.judgement === null) return;
  const tuned = await share(session, { model: openOnnx(best), judged: bestJudged }, null, epochs);
  if (tuned && session.offer(tuned.model, tuned.judged)) session.keep();
}

/** Whether a file would be the best if it lost a little less. */
export function isNearly({ goal, journal }: Session, judged: Judged): boolean {
  if (goal.limit === undefined || isWithin(judged, goal.limit)) return false;
  const isSmaller = judged.bytes < journal.bestJudged.bytes;
  // Once an epoch has been timed, the net is known to be one that can be trained.
  return journal.took.epoch > 0 && isSmaller && isWithin(judged, NEAR_LIMIT * goal.limit);
}

/**
 * Values on a grid are written as two numbers, and once they are trained as a list: one of half floats, which training keeps as
 * such, is half as long.
 */
function withHalves(model: Model): Model {
  const shared = model.tensors.filter(
    (tensor) => tensor.role !== 'other' && isPatchable(tensor) && isListed(readWeights(tensor)),
  );
  return mapWeights(model, new Map(shared.map((tensor) => [tensor, null])), (weights) => weights.map(nearestHalf));
}

function isListed(weights: Float32Array): boolean {
  const values = new Set<number>();
  return weights.every((value) => values.add(value).size <= MAX_CODEBOOK);
}

/** What would vanish or be infinite stays. */
function nearestHalf(value: number): number {
  const half = fromHalf(toHalf(value));
  return half !== 0 && Number.isFinite(half) ? half : value;
}
