import { checkPositive, type Dataset } from '../data/dataset.js';
import { LOSSES } from '../gradient/losses.js';
import type { Model } from '../model/model.js';
import type { Selection } from '../model/selectors.js';
import { inRange, integerInRange } from '../options/ranges.js';
import type { Runtime } from '../runtime/runtime.js';
import { SCOPES } from '../stages/prune.js';
import { type Augmentation, checkAugmentation } from './augment.js';
import { OPTIMISERS } from './optimiser.js';
import { SCHEDULES } from './pruning.js';

/** How much of a layer training prunes. */
export interface TunePruneTarget {
  /** Share of the weights that stays at the end, 0 to 1. Default: nothing is pruned that is not. */
  density?: number | undefined;
}

/** Settings of `tune`. */
export interface TuneOptions extends TunePruneTarget, Selection<TunePruneTarget> {
  /** Inputs like those that the model is for, with labels or without. They are held in memory. */
  readonly dataset: Dataset;
  /** The original model, to learn from. Default: the model as it comes in, where the loss needs a teacher. */
  readonly teacher?: Model | undefined;
  /**
   * `cross-entropy` with the labels; `distillation` of the teacher's decisions; or `mean-squared-error` between its outputs and
   * the model's, for models that are no classifiers. Default: labels without a teacher, where there are any; otherwise
   * distillation for a first output [N, classes] or a Softmax, mean squared error of all outputs for others.
   */
  readonly loss?: 'cross-entropy' | 'distillation' | 'mean-squared-error' | undefined;
  /** How much distillation softens the decisions, above 0. Default 1. */
  readonly temperature?: number | undefined;
  /** The output to train on. Default: the model's first; with the mean squared error, all. */
  readonly output?: string | undefined;
  /** Times that every sample is seen. Default 10. */
  readonly epochs?: number | undefined;
  /** Samples that a step is made from. Default 64. */
  readonly batchSize?: number | undefined;
  /** `sgd`, with momentum, or `adam`. Default `adam`. */
  readonly optimiser?: (typeof OPTIMISERS)[number] | undefined;
  /** Length of the first step; half a cosine takes it to zero. Default .001 with Adam, .01 with SGD. */
  readonly learningRate?: number | undefined;
  /** How much of a step the next one goes on with, for SGD. Default .9. */
  readonly momentum?: number | undefined;
  /** Pull of weights towards zero; biases and normalisation are left alone. Default 1e-4. */
  readonly weightDecay?: number | undefined;
  /** Longest gradient, all parameters together; longer ones are shortened. Default 10. */
  readonly clip?: number | undefined;
  /** Decides on the order of samples, on those held out and on augmentation. Default 0. */
  readonly seed?: number | undefined;
  /** At most so many samples, the first ones. Default: all. */
  readonly samples?: number | undefined;
  /** Samples kept out of training, by which the best epoch is chosen: by labels that are met, or by the loss without. Default: a tenth, at most 5000. */
  readonly heldOut?: number | undefined;
  /** Changes to images each time they are seen. Default: none. */
  readonly augmentation?: Augmentation | undefined;
  /** Whether the density is each layer's own, or one for all layers. Default `layer`. */
  readonly scope?: (typeof SCOPES)[number] | undefined;
  /** How the density falls: on a cubic curve, or in steps with retraining between. Default `cubic`. */
  readonly schedule?: (typeof SCHEDULES)[number] | undefined;
  /** Steps of the schedule `steps`. Default 4. */
  readonly pruneSteps?: number | undefined;
  /** Share of the epochs after which the density is reached. Default .6. */
  readonly pruneShare?: number | undefined;
  /** Whether weights that training prunes are trained on while the schedule runs, and may come back. Default false. */
  readonly regrow?: boolean | undefined;
  /** Threads that work on one operator. Default: ONNX Runtime's own choice. */
  readonly threads?: number | undefined;
  /** ONNX Runtime. Default: `onnxruntime-node`, if it is installed. */
  readonly runtime?: Runtime | undefined;
  /** Called after each epoch. */
  readonly onEpoch?: ((epoch: Epoch) => void | Promise<void>) | undefined;
  /** Called after each epoch with all that is needed to go on from there, for `resume`. */
  readonly onCheckpoint?: ((checkpoint: Uint8Array) => void | Promise<void>) | undefined;
  /** A checkpoint of the same model, data and options. */
  readonly resume?: Uint8Array | undefined;
}

/** What is trained by default: everything that a gradient reaches, and that is not a constant of some formula. */
export const TRAINED = ['role:weight', 'role:bias', 'role:normalisation'] as const;

/** What `tune` does unless told otherwise. */
export const TUNE_DEFAULTS = {
  epochs: 10,
  batchSize: 64,
  optimiser: 'adam',
  learningRate: { adam: 0.001, sgd: 0.01 },
  momentum: 0.9,
  weightDecay: 1e-4,
  clip: 10,
  temperature: 1,
  seed: 0,
  scope: 'layer',
  schedule: 'cubic',
  pruneSteps: 4,
  pruneShare: 0.6,
  augmentation: {},
} as const;

/** Most samples held out if nothing else is said. */
export const MOST_HELD_OUT = 5000;

/** The options that have defaults. */
export type Settled = { readonly [Key in keyof typeof TUNE_DEFAULTS]: NonNullable<TuneOptions[Key]> };

/** Fills in the defaults. */
export function settle(options: TuneOptions): Settled {
  const given = Object.entries(options).filter(([key, value]) => key in TUNE_DEFAULTS && value !== undefined);
  const learningRate = TUNE_DEFAULTS.learningRate[options.optimiser ?? TUNE_DEFAULTS.optimiser];
  return { ...TUNE_DEFAULTS, learningRate, ...Object.fromEntries(given) };
}

/** How training went in one epoch. */
export interface Epoch {
  /** From 1. */
  readonly epoch: number;
  readonly epochs: number;
  /** Mean over the training samples. */
  readonly loss: number;
  /** Of the samples held out: mean loss, and share whose label, or the teacher's decision, is met; `null` for a mean squared error. */
  readonly heldOutLoss: number;
  readonly accuracy: number | null;
  /** Share of the weights of pruned layers that are left; of all trained weights without pruning. */
  readonly density: number;
  /** Whether it is the best so far, among those with the density asked for. */
  readonly isBest: boolean;
  readonly ms: number;
}

/** @throws RangeError, TypeError */
export function checkTuneOptions(options: TuneOptions): void {
  if (typeof options.dataset !== 'function') throw new TypeError(`tune: expected a dataset, got ${options.dataset}`);
  for (const key of ['epochs', 'batchSize', 'samples', 'heldOut', 'threads', 'pruneSteps'] as const) {
    checkPositive(`tune: ${key}`, options[key]);
  }
  inRange('tune', 'learningRate', options.learningRate, 0, Number.MAX_VALUE);
  inRange('tune', 'momentum', options.momentum, 0, 1);
  inRange('tune', 'weightDecay', options.weightDecay, 0, Number.MAX_VALUE);
  inRange('tune', 'clip', options.clip, 0, Number.MAX_VALUE);
  const { temperature = 1 } = options;
  if (!(temperature > 0 && Number.isFinite(temperature))) {
    throw new RangeError(`tune: expected a temperature above 0, got ${temperature}`);
  }
  inRange('tune', 'density', options.density, 0, 1);
  inRange('tune', 'pruneShare', options.pruneShare, 0, 1);
  integerInRange('tune', 'seed', options.seed, 0, 2 ** 31);
  oneOf('loss', options.loss, LOSSES);
  oneOf('optimiser', options.optimiser, OPTIMISERS);
  oneOf('schedule', options.schedule, SCHEDULES);
  oneOf('scope', options.scope, SCOPES);
  checkAugmentation(options.augmentation ?? {});
  for (const { options: rule } of options.rules ?? []) inRange('tune', 'density', rule.density, 0, 1);
  if (options.scope === 'global' && options.rules?.length) {
    throw new RangeError(
      'tune: scope global has one threshold for all layers; rules of single layers need scope layer',
    );
  }
}

function oneOf(option: string, value: string | undefined, values: readonly string[]): void {
  if (value !== undefined && !values.includes(value)) {
    throw new RangeError(`tune: expected ${option} ${values.join(' or ')}, got ${value}`);
  }
}
