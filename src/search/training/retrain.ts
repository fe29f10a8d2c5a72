import { throwIfAborted } from '../../errors.js';
import { mainFile } from '../../graph/decoded-graph.js';
import type { Model } from '../../model/model.js';
import { openOnnx } from '../../onnx/open.js';
import type { TuneOptions } from '../../tune/options.js';
import { tune } from '../../tune/tune.js';
import { TIME_IS_OVER, within } from './deadline.js';
import type { Session } from './session.js';

const EPOCHS = 4;
/**
 * Of the time that is left a round of retraining takes at most this share: its levels have to be chosen, too, and a loss
 * takes several rounds to be bracketed. For a size the first round already goes to the density that it takes.
 */
const TIME_SHARE = 0.35;
const FIRST_SHARE_BY_SIZE = 0.6;
const MOST_EPOCHS = 200;
/** Share of the weights left that come back at first in each turn of pruning. */
const REGROW = 0.5;
/** With fewer epochs a net loses more than removing weights brings; later rounds need this share of the first one's, too. */
const LEAST_EPOCHS = 3;
const LEAST_SHARE = 0.2;

/**
 * Trains the model so far, and removes weights while it does.
 *
 * @returns that there was no time for it, if so
 */
export async function retrain(session: Session, density: number, why: string): Promise<string | undefined> {
  const { journal, options } = session;
  const { batchSize, learningRate, augmentation } = options;
  const start = performance.now();
  const settings = { batchSize, learningRate, augmentation };
  const pilot = await timed(session, openOnnx(journal.model), settings);
  const epochs = epochsNow(session);
  if (pilot === undefined || epochs < leastEpochs(session)) return TIME_IS_OVER;
  const kept = `${percent(density)} of the weights, ${epochs} ${epochs === 1 ? 'epoch' : 'epochs'}`;
  session.plan(`round ${journal.round + 1}: ${kept}: ${why}`);
  const tuned = await trained(session, pilot, { ...settings, epochs, density, scope: 'global', regrow: REGROW });
  if (tuned === undefined) return TIME_IS_OVER;
  if (journal.round === 0) journal.epochs = epochs;
  journal.density = density;
  journal.model = mainFile(tuned);
  session.done({ what: 'retrain', lambda: null, judged: null, why, ms: performance.now() - start });
  return undefined;
}

/** Where epochs are to fit into a time, the first one tells how long they take. */
async function timed(session: Session, model: Model, settings: TuneSettings): Promise<Model | undefined> {
  const { journal, options } = session;
  if (journal.took.epoch > 0 || options.time === undefined || options.roundEpochs !== undefined) return model;
  return trained(session, model, { ...settings, epochs: 1 });
}

type TuneSettings = Omit<TuneOptions, 'dataset' | 'teacher'>;

/**
 * Trains what is not zero, and values that are shared as such, by the original's answers: how it ranks the classes says more than
 * a label does, and few weights learn it better. Where there is no time for all of it, the best epoch so far counts; nothing where there is none.
 */
export async function trained(session: Session, model: Model, settings: TuneSettings): Promise<Model | undefined> {
  const { common, context, options, original, journal, clock } = session;
  const stage = tune({
    ...{ ...common, ...settings, window: options.window },
    teacher: original,
    onEpoch: ({ ms }) => {
      journal.took = { ...journal.took, epoch: ms };
    },
  });
  // What takes longer than was planned shortens what comes after, but values still have to be chosen.
  const ms = clock.left() - timeForLevels(session);
  const tuned = await within(ms, options.signal, async (signal) => stage.run(model, { ...context, signal }));
  throwIfAborted(options.signal);
  return tuned;
}

/** Milliseconds that choosing values will take at least. */
export function timeForLevels({ journal: { took } }: Session): number {
  return took.looking + took.price;
}

/** Milliseconds that a round will take at least. */
export function leastTime(session: Session): number {
  return leastEpochs(session) * session.journal.took.epoch + timeForLevels(session);
}

function leastEpochs({ journal, options }: Session): number {
  if (options.roundEpochs !== undefined) return options.roundEpochs;
  if (options.time === undefined) return EPOCHS;
  return Math.max(LEAST_EPOCHS, Math.ceil(LEAST_SHARE * journal.epochs));
}

/** As many as were asked for; with a time, as many as fit into its share of what is left. */
function epochsNow(session: Session): number {
  const { options, journal, clock, goal } = session;
  if (options.roundEpochs !== undefined) return options.roundEpochs;
  if (options.time === undefined || journal.took.epoch === 0) return EPOCHS;
  const share = journal.round === 0 && goal.limit === undefined ? FIRST_SHARE_BY_SIZE : TIME_SHARE;
  const left = clock.left() - timeForLevels(session);
  const [wanted, possible] = [share * left, left].map((ms) => Math.max(0, Math.floor(ms / journal.took.epoch)));
  return Math.min(MOST_EPOCHS, possible, Math.max(leastEpochs(session), wanted));
}

export function percent(share: number): string {
  return `${(100 * share).toPrecision(3)} %`;
}
