import { withWaves } from '../../calibrate/waves.js';
import { FxqError } from '../../errors.js';
import { mainFile } from '../../graph/decoded-graph.js';
import { expectModel } from '../../model/expect-model.js';
import type { Model } from '../../model/model.js';
import { exactly } from '../../model/selectors.js';
import { openOnnx } from '../../onnx/open.js';
import { loadRuntime } from '../../runtime/runtime.js';
import { subjectOf } from '../../tune/subject.js';
import { clockOf, goalOf, type Judged, reaches } from '../goal.js';
import { createJudge } from '../judge.js';
import { TIME_IS_OVER, within } from './deadline.js';
import { firstJournal } from './first.js';
import { divideInputs, type Inputs } from './inputs.js';
import { readJournal, type Step } from './journal.js';
import { checkTrainingOptions, TRAINING_DEFAULTS, type TrainingOptions } from './options.js';
import { runRounds } from './rounds.js';
import { openSession } from './session.js';

/** A model that was pruned, trained and rounded for a goal, and how. */
export interface Trained {
  readonly model: Model;
  /** Bytes of its container, and what it loses on inputs that nothing was fitted to. */
  readonly chosen: Judged;
  readonly steps: readonly Step[];
  /** Inputs to train and calibrate on, and others kept apart to judge by. */
  readonly samples: number;
  readonly heldOut: number;
  readonly isReached: boolean;
  /** Why the search ended, in words. */
  readonly ended: string;
  /** Whether there was more to try: with `resume`, the search goes on. */
  readonly isCutShort: boolean;
  /** How models are judged, in words. */
  readonly judgedBy: string;
}

const STOPPED = 'stopped';
/** A step that is running when the time is over may go on for this share of it. */
const GRACE = 0.1;

/**
 * Finds the smallest file that loses no more than asked, or the best that is no larger, by all that there is: weights are
 * removed by calibration, as long as those that stay make up for it, and then further while these are trained, round by round;
 * values are chosen at a price of a bit; shared values are trained where that brings a smaller file within the goal, or
 * makes one of the size better; what is left is trained through the rounding to as fine values as there is room for; biases
 * share values. Everything is judged against the original, on inputs that are kept out of all of it.
 *
 * @throws RangeError for options out of their range; FxqError what `tune` and `calibrate` throw, `ABORTED` when stopped before
 *   anything was found
 *
 * @example
 * const { model, steps } = await searchTraining(openOnnx(bytes), { dataset, maxLoss: 0.5, time: 1800 });
 */
export async function searchTraining(model: Model, options: TrainingOptions): Promise<Trained> {
  expectModel('searchTraining', model);
  checkTrainingOptions(options);
  if (model.files.length > 1) {
    throw new FxqError('UNSUPPORTED', 'training: expected a model in one file, got external data; take it in first');
  }
  const { signal, onNote, threads, seed = TRAINING_DEFAULTS.seed } = options;
  const clock = clockOf(options);
  const runtime = options.runtime ?? (await loadRuntime());
  const inputs = await divideInputs(options, seed);
  const judge = await createJudge(model, {
    split: inputs.split,
    metric: options.metric,
    runtime,
    threads,
    signal,
    onNote,
  });
  const goal = goalOf(options, judge.unit);
  const { model: original, waves } = withWaves(model, ({ role }) => role === 'weight');
  const subject = subjectOfSearch(model, inputs, options);
  const journal = options.resume ? readJournal(options.resume, subject) : await firstJournal(model, original, options);
  const work = (signal: AbortSignal) =>
    runRounds(
      openSession({
        ...{
          original,
          fixed: waves.map(({ name }) => exactly(name)),
          options: { ...options, seed, runtime, signal },
          inputs,
          judge,
          goal,
          journal,
          subject,
        },
        clock,
      }),
    );
  let ended: string;
  try {
    const most = clock.left() + GRACE * 1000 * (options.time ?? Number.POSITIVE_INFINITY);
    ended = (await within(most, signal, work)) ?? TIME_IS_OVER;
  } catch (error) {
    const isStopped = error instanceof FxqError && error.code === 'ABORTED';
    if (!isStopped) throw error;
    ended = STOPPED;
  }
  const chosen = journal.bestJudged;
  const isReached = reaches(chosen, goal);
  const isCutShort = ended === STOPPED || ended === TIME_IS_OVER;
  return {
    ...{ model: openOnnx(journal.best), chosen, steps: journal.steps, isReached },
    ...{ samples: inputs.count - inputs.heldOut.length, heldOut: inputs.heldOut.length },
    ...{ ended, isCutShort, judgedBy: judge.text },
  };
}

/** What a checkpoint belongs to. */
function subjectOfSearch(model: Model, { count, samples, heldOut }: Inputs, options: TrainingOptions): string {
  const { maxLoss, maxError, targetSize, roundEpochs, keep, batchSize, learningRate, window, augmentation, seed } =
    options;
  // Of a function there is only to know that it is one.
  const metric = typeof options.metric === 'function' ? 'own' : options.metric;
  const goal = { maxLoss, maxError, targetSize, metric };
  const settings = { ...goal, roundEpochs, keep, batchSize, learningRate, window, augmentation, seed, count };
  return subjectOf([mainFile(model)], samples, heldOut, settings);
}
