import type { Dataset } from '../../data/dataset.js';
import { checkOptions } from '../../options/check.js';
import { defaultsOf } from '../../options/defaults.js';
import { number, type OptionsOf, seed, whole } from '../../options/option.js';
import type { Runtime } from '../../runtime/runtime.js';
import type { Augmentation } from '../../tune/augment.js';
import { TUNE } from '../../tune/options.js';
import { checkGoal, type GoalOptions } from '../goal.js';
import type { Step } from './journal.js';

/** Settings of `searchTraining`. */
export interface TrainingOptions extends GoalOptions {
  /** Inputs to train on, with labels or without; some are kept apart to judge by. Without `window` they are held in memory. */
  readonly dataset: Dataset;
  /** Epochs of each round of retraining. Default 4, and with a time as many as fit. */
  readonly roundEpochs?: number | undefined;
  /** What of the weights each round leaves, 0 to 1. Default .5. */
  readonly keep?: number | undefined;
  /** Most rounds of removing and retraining. Default 8. */
  readonly rounds?: number | undefined;
  /** Samples a step of training. Default 64. */
  readonly batchSize?: number | undefined;
  /** Samples in memory at a time, beside those kept apart: the others are read anew in each epoch, as with `tune`. Default: all. */
  readonly window?: number | undefined;
  /** Length of the first step of each round. Default that of `tune`. */
  readonly learningRate?: number | undefined;
  /** Decides what is kept apart, and all else that chance does. Default 0. */
  readonly seed?: number | undefined;
  /** Threads of ONNX Runtime. Default: its own choice. */
  readonly threads?: number | undefined;
  readonly augmentation?: Augmentation | undefined;
  /** ONNX Runtime. Default: `onnxruntime-node`, if it is installed. */
  readonly runtime?: Runtime | undefined;
  /** Ends the search: the best so far is the result then, and without one it is an error. */
  readonly signal?: AbortSignal | undefined;
  /** Called with what is about to be done and why, a sentence each time. */
  readonly onPlan?: ((text: string) => void) | undefined;
  /** Called with every step as it is done. */
  readonly onStep?: ((step: Step) => void) | undefined;
  /** Called with what to know of a step, in a sentence. */
  readonly onNote?: ((text: string) => void) | undefined;
  /** Called after each round with all that is needed to go on from there, for `resume`. */
  readonly onCheckpoint?: ((checkpoint: Uint8Array) => void) | undefined;
  /** A checkpoint of the same model, data and options. */
  readonly resume?: Uint8Array | undefined;
}

type HandedIn =
  | 'dataset'
  | 'runtime'
  | 'augmentation'
  | 'signal'
  | 'onPlan'
  | 'onStep'
  | 'onNote'
  | 'onCheckpoint'
  | 'resume';

export const TRAINING = {
  roundEpochs: whole({ text: 'epochs of each round', low: 1, otherwise: '4, with --time as many as fit' }),
  keep: number({ text: 'share of the weights that a round leaves', value: 'share', above: 0, high: 1, default: 0.5 }),
  rounds: whole({ text: 'most rounds of removing and retraining', low: 1, default: 8 }),
  batchSize: whole({ text: 'samples a step of training', value: 'samples', low: 1, default: 64 }),
  window: TUNE.window,
  learningRate: number({ text: 'length of the first step of a round', low: 0, otherwise: 'that of tune' }),
  seed: seed('what is kept apart, and all else that chance does'),
  threads: whole({ text: 'threads of ONNX Runtime', low: 1, otherwise: 'its own choice' }),
} satisfies OptionsOf<TrainingOptions, HandedIn | keyof GoalOptions>;

/** What `searchTraining` does unless told otherwise. */
export const TRAINING_DEFAULTS = defaultsOf(TRAINING);

/** @throws RangeError, TypeError */
export function checkTrainingOptions(options: TrainingOptions): void {
  if (typeof options.dataset !== 'function') {
    throw new TypeError(`training: expected a dataset to train on, got ${options.dataset}`);
  }
  checkGoal(options, 'training');
  checkOptions('training', TRAINING, options);
}
