import type { Judged } from '../goal.js';
import { isWithin } from './choice.js';
import { trained } from './retrain.js';
import type { Candidate, Session } from './session.js';

/** Epochs that shared values are trained for, and what may be missing to the goal for them to be worth it. */
const SHARE_EPOCHS = 2;
const SHARE_RATE = 1e-4;
const NEAR_LIMIT = 3;

/** Trains the values that weights share: nothing is rounded anew, so the file stays about as small as it is. */
export async function share(session: Session, { model }: Candidate, price: number): Promise<Candidate | undefined> {
  const { journal, clock, options } = session;
  if (clock.isOver(SHARE_EPOCHS * journal.took.epoch)) return undefined;
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
  if (tuned === undefined) return undefined;
  const judged = await session.judged(await session.sized(tuned));
  session.done({ what: 'share', lambda: price, judged, why, ms: performance.now() - start });
  return { model: tuned, judged };
}

/** Whether a file would be the best if it lost a little less. */
export function isNearly({ goal, journal }: Session, judged: Judged): boolean {
  if (goal.limit === undefined || isWithin(judged, goal.limit)) return false;
  const isSmaller = judged.bytes < journal.bestJudged.bytes;
  return journal.round > 0 && isSmaller && isWithin(judged, NEAR_LIMIT * goal.limit);
}
