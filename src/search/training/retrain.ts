import { throwIfAborted } from '../../errors.js';
import { mainFile } from '../../graph/decoded-graph.js';
import type { Model } from '../../model/model.js';
import { openOnnx } from '../../onnx/open.js';
import { tune } from '../../tune/tune.js';
import type { Session } from './session.js';

const EPOCHS = 4;
/**
 * Of the time that is left a round of retraining takes at most this share: its levels have to be chosen, too, and a loss
 * takes several rounds to be bracketed. For a size the first round already goes to the density that it takes.
 */
const TIME_SHARE = 0.35;
const FIRST_SHARE_BY_SIZE = 0.6;
const MOST_EPOCHS = 80;

/** Trains the model so far, and removes weights while it does. */
export async function retrain(session: Session, density: number, why: string): Promise<void> {
  const { journal, options } = session;
  const { batchSize, learningRate, augmentation } = options;
  const start = performance.now();
  const settings = { batchSize, learningRate, augmentation };
  const pilot = await timed(session, openOnnx(journal.model), settings);
  const epochs = epochsNow(session);
  session.plan(`round ${journal.round + 1}: ${percent(density)} of the weights, ${epochs} epochs: ${why}`);
  const tuned = await trained(session, pilot, { ...settings, epochs, density, scope: 'global' }, (ms) => {
    journal.epochMs = ms;
  });
  journal.model = mainFile(tuned);
  journal.density = density;
  session.done({ what: 'retrain', lambda: null, judged: null, why, ms: performance.now() - start });
}

/** Where epochs are to fit into a time, the first one tells how long they take. */
async function timed(session: Session, model: Model, settings: TuneSettings): Promise<Model> {
  const { journal, options } = session;
  if (journal.epochMs > 0 || options.time === undefined || options.roundEpochs !== undefined) return model;
  return trained(session, model, { ...settings, epochs: 1 }, (ms) => {
    journal.epochMs = ms;
  });
}

type TuneSettings = Pick<
  Parameters<typeof tune>[0],
  'epochs' | 'batchSize' | 'learningRate' | 'augmentation' | 'density' | 'scope'
>;

/** Trains what is not zero, and values that are shared as such: by labels where there are some, else by the original's answers. */
export async function trained(
  { common, context, inputs, options, original }: Session,
  model: Model,
  settings: TuneSettings,
  onEpochMs: (ms: number) => void = () => {},
): Promise<Model> {
  const isTaught = inputs.samples.labels === undefined;
  const stage = tune({
    ...{ ...common, ...settings, window: options.window },
    teacher: isTaught ? original : undefined,
    onEpoch: ({ ms }) => onEpochMs(ms),
  });
  const tuned = await stage.run(model, context);
  throwIfAborted(options.signal);
  return tuned;
}

/** Milliseconds that a round's training will take at least. */
export function leastTime({ journal, options }: Session): number {
  return (options.roundEpochs ?? (options.time === undefined ? EPOCHS : 1)) * journal.epochMs;
}

/** As many as were asked for; with a time, as many as fit into its share of what is left. */
function epochsNow({ options, journal, clock, goal }: Session): number {
  if (options.roundEpochs !== undefined) return options.roundEpochs;
  if (options.time === undefined || journal.epochMs === 0) return EPOCHS;
  const share = journal.round === 0 && goal.limit === undefined ? FIRST_SHARE_BY_SIZE : TIME_SHARE;
  const fitting = Math.floor((share * clock.left()) / journal.epochMs);
  return Math.min(MOST_EPOCHS, Math.max(1, fitting));
}

export function percent(share: number): string {
  return `${(100 * share).toPrecision(3)} %`;
}
