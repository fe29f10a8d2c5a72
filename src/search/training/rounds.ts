import { FxqError } from '../../errors.js';
import { mainFile } from '../../graph/decoded-graph.js';
import { openOnnx } from '../../onnx/open.js';
import { anew } from './choice.js';
import { TIME_IS_OVER } from './deadline.js';
import { densityFor, descend } from './descend.js';
import { offerFirst } from './first.js';
import { chooseLevels } from './levels.js';
import { TRAINING_DEFAULTS } from './options.js';
import { leastTime, percent, retrain, timeForLevels } from './retrain.js';
import { roundTrained } from './round.js';
import type { Session } from './session.js';
import { shareFirst, shareLast } from './share.js';

/** Densities closer than this to one that failed are not tried. */
const CLOSE = 1.12;

/** Goes on until nothing better reaches the goal, rounds or time are over; says which. */
export async function runRounds(session: Session): Promise<string> {
  const ended = await goThrough(session);
  await shareLast(session);
  return ended;
}

async function goThrough(session: Session): Promise<string> {
  const { journal, options, clock } = session;
  const { rounds = TRAINING_DEFAULTS.rounds } = options;
  const isBegun = journal.steps.some(({ what }) => what === 'levels');
  const endedAtOnce = isBegun ? undefined : await offerFirst(session);
  if (endedAtOnce !== undefined) return endedAtOnce;
  // What cannot be trained is told by the first round.
  if (!isBegun && !clock.isOver()) await shareFirst(session).catch(untrainable);
  while (journal.round < rounds) {
    if (!journal.isTrained) {
      const { failed, density } = journal;
      if (failed > 0 && density / failed < CLOSE ** 2) return nothingBetween(session);
      if (clock.isOver(leastTime(session))) return endEarly(session, TIME_IS_OVER);
      const obstacle = await begin(session).catch(untrainable);
      if (obstacle !== undefined) return endEarly(session, obstacle);
      journal.isTrained = true;
      journal.prices = anew(journal.prices);
      session.keep();
    }
    const isChosen = await chooseLevels(session, `${percent(journal.density)} of the weights are left`);
    const isBetter = (await roundTrained(session)) || isChosen;
    journal.isTrained = false;
    journal.round++;
    if (!isBetter && excessAt(session, journal.density) <= 1) {
      // Back to where it was good, to remove less of it.
      journal.failed = journal.density;
      journal.density = journal.previousDensity;
      journal.model = journal.previous;
    }
    session.keep();
  }
  return 'all rounds are done';
}

/** Where the net is not trained, for want of time or of gradients, what time is left serves to choose its values better. */
async function endEarly(session: Session, obstacle: string): Promise<string> {
  const { journal, clock, original } = session;
  if (journal.round === 0 && !journal.prices.isEnd && !clock.isOver(timeForLevels(session))) {
    journal.model = mainFile(original);
    journal.density = 1;
    await chooseLevels(session, 'of the net as it comes, since it is not trained');
  }
  return obstacle;
}

/** A net without gradients has files all the same. */
function untrainable(error: unknown): string {
  if (error instanceof FxqError && error.code === 'UNSUPPORTED') return `the net cannot be trained (${error.message})`;
  throw error;
}

function nothingBetween({ goal, journal }: Session): string {
  const wanted = goal.limit === undefined ? 'lose less within the size' : 'give a smaller file within the loss';
  return `fewer weights, down from ${percent(journal.density)}, do not ${wanted}`;
}

/**
 * Removes weights, in the first round by calibration as far as that goes, and then while the rest is trained.
 *
 * @returns what has kept it from that, if anything
 */
async function begin(session: Session): Promise<string | undefined> {
  const { journal, options, goal } = session;
  const { keep = TRAINING_DEFAULTS.keep } = options;
  if (journal.round === 0) {
    const found = await descend(session, openOnnx(journal.model), keep);
    journal.model = mainFile(found.model);
    journal.density = found.density;
  }
  const { model, density, failed, round } = journal;
  journal.previous = model;
  journal.previousDensity = density;
  if (round === 0) {
    const next = goal.limit === undefined ? Math.min(density, densityFor(goal, openOnnx(model))) : density * keep;
    return retrain(session, next, 'what calibration alone cannot spare goes while the rest is trained');
  }
  const excess = excessAt(session, density);
  if (excess > 1) {
    return retrain(session, density / excess, 'no price of a bit came down to the size: fewer weights');
  }
  // What one training after another has made good is near its end: smaller steps than the first.
  // Half way back may be far above a first round that has gone too far.
  const next = failed === 0 ? density * Math.sqrt(keep) : Math.min(failed / keep, Math.sqrt(failed * density));
  const why = failed > 0 ? 'half way back from a density that was too low' : 'while it gets better, fewer weights';
  return retrain(session, next, why);
}

/** By how much the smallest file of a density is larger than the size asked for: 1 and less where it is not. */
function excessAt({ journal, goal }: Session, density: number): number {
  if (goal.limit !== undefined) return 1;
  const sizes = journal.steps.flatMap((step) => (step.density === density && step.judged ? [step.judged.bytes] : []));
  return sizes.length === 0 ? 1 : Math.min(...sizes) / goal.targetSize;
}
