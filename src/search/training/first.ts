import { containerSize } from '../../container/write/container.js';
import { mainFile } from '../../graph/decoded-graph.js';
import type { Model } from '../../model/model.js';
import { cluster, clusteringOf } from '../../stages/cluster.js';
import { type Judged, reaches } from '../goal.js';
import { startingAt } from './choice.js';
import { TIME_IS_OVER } from './deadline.js';
import type { Journal, Step } from './journal.js';
import { chooseLevels, isSafe } from './levels.js';
import type { TrainingOptions } from './options.js';
import type { Session } from './session.js';

/** Price of a bit to begin with. */
const LAMBDA = 1e-7;
/** Of the time no more than this share is for the net as it comes, before anything is removed. */
const TIME_SHARE = 0.4;

/**
 * Where a search starts: the net as it comes loses nothing, and whatever else happens, that is a result.
 *
 * @param trained - the net that is to be trained
 */
export async function firstJournal(
  model: Model,
  trained: Model,
  { signal, onStep }: TrainingOptions,
): Promise<Journal> {
  const start = performance.now();
  const bytes = mainFile(trained);
  const judged: Judged = { bytes: await containerSize(model, { signal }), loss: 0, judgement: null };
  const ms = performance.now() - start;
  const why = 'what loses nothing, to begin with';
  const first: Step = { what: 'encode', round: 0, density: 1, lambda: null, judged, why, ms };
  onStep?.(first);
  return {
    ...{ steps: [first], round: 0, density: 1, previousDensity: 1, isTrained: false, failed: 0, epochs: 0 },
    ...{ prices: startingAt(LAMBDA), took: { looking: 0, price: 0, epoch: 0 } },
    ...{ model: bytes, previous: bytes, best: mainFile(model), bestJudged: judged },
  };
}

/**
 * Files of the net as it comes, so that there is something that reaches the goal before anything is removed.
 *
 * @returns why the search ends there, if it does
 */
export async function offerFirst(session: Session): Promise<string | undefined> {
  const { journal, goal, clock } = session;
  if (goal.limit === undefined && reaches(journal.bestJudged, goal)) return 'what loses nothing has the size already';
  const rest = (1 - TIME_SHARE) * clock.left();
  if (clock.isOver()) return TIME_IS_OVER;
  await offerClustered(session);
  if (clock.isOver()) return TIME_IS_OVER;
  const isDone = isSafe(session);
  const why = 'of the net as it comes, to have something';
  await chooseLevels(session, why, (judged) => isDone(judged) || clock.left() < rest);
  session.keep();
  return undefined;
}

/** Values by the noise of weights take no inputs, and a moment. */
async function offerClustered(session: Session): Promise<void> {
  const start = performance.now();
  const { original, context } = session;
  const model = await cluster(clusteringOf({})).run(original, context);
  const sized = await session.sized(model);
  const judged = await session.judged(sized);
  const why = 'what is made without looking at inputs';
  session.done({ what: 'cluster', lambda: null, judged, why, ms: performance.now() - start });
  session.offer(sized.model, judged);
}
