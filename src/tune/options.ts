import type { Dataset } from '../data/dataset.js';
import type { Loss } from '../evaluate/loss.js';
import { checkMetric, type MetricName, type OwnMetric } from '../evaluate/metric.js';
import { LOSSES } from '../gradient/losses.js';
import type { Model } from '../model/model.js';
import type { Selection } from '../model/selectors.js';
import { checkOptions } from '../options/check.js';
import { defaultsOf, pickGiven } from '../options/defaults.js';
import { choice, number, type OptionsOf, seed, toggle, whole, word } from '../options/option.js';
import { RANGES, type Range } from '../quantize/formats/format.js';
import { FLOAT32 } from '../quantize/formats/parse.js';
import type { Scaling } from '../quantize/formats/scale.js';
import type { By } from '../quantize/lines.js';
import type { Runtime } from '../runtime/runtime.js';
import { checkScope, PRUNE, type PruneOptions } from '../stages/prune.js';
import { checkQuantizeOptions, QUANTIZE } from '../stages/quantize.js';
import { type Augmentation, checkAugmentation } from './augment.js';
import { OPTIMISERS } from './optimiser.js';
import { IMPORTANCES, SCHEDULES } from './pruning.js';
import { SCALES } from './quantized.js';

/** What training does to the ranges of values that the graph rounds. */
const RANGE_KINDS = ['kept', 'ema', 'learned'] as const;
export type RangeKind = (typeof RANGE_KINDS)[number];

/** What training does to the statistics of BatchNormalization. */
const STATISTICS = ['kept', 'batch', 'folded'] as const;

/** How much of a layer training prunes. */
export interface TunePruneTarget {
  /** Share of the weights that stays at the end, 0 to 1. Default: nothing is pruned that is not. */
  density?: number | undefined;
}

/** What numbers the weights of a layer are trained to be. */
export interface TuneFormat {
  /** The number format that weights are trained into, such as `int3`. Default: what `quantize` has recorded in the model. */
  weights?: string | undefined;
  /** Which weights have parameters of their own, as `quantize` has it. Default `layer`. */
  by?: By | undefined;
  /** How parameters are found: `max`, `mse` or `percentile`, or `nnabla`'s. Default: the format's own, or the one recorded. */
  range?: Range | undefined;
}

/** Settings of `tune` that layers may have of their own. */
export interface TuneLayer extends TunePruneTarget, TuneFormat {}

/** Settings of `tune`. */
export interface TuneOptions extends TuneLayer, Selection<TuneLayer> {
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
  /**
   * Samples in memory at a time, beside those held out: the data set is read anew in each epoch, and so many of its samples are mixed with
   * each other. Default: all.
   */
  readonly window?: number | undefined;
  /** Samples kept out of training, by which the best epoch is chosen: by labels that are met, or by the loss without. Default: a tenth, at most 5000. */
  readonly heldOut?: number | undefined;
  /**
   * How samples held out are judged against the teacher, or against the model as it comes in, and which epoch is the best: by
   * a name, or by a function of your own. Default: as labels and outputs suggest, and the best epoch as `heldOut` says.
   */
  readonly metric?: MetricName | OwnMetric | undefined;
  /** Changes to images each time they are seen. Default: none. */
  readonly augmentation?: Augmentation | undefined;
  /** Whether the density is each layer's own, or one for all layers. Default `layer`. */
  readonly scope?: PruneOptions['scope'];
  /**
   * What weights are compared by where some are pruned: by `sensitivity`, their magnitude times the root of their gradient's mean
   * square, or by `magnitude` alone, as SGD always does. Default `sensitivity`.
   */
  readonly importance?: (typeof IMPORTANCES)[number] | undefined;
  /** How the density falls: on a cubic curve, or in steps with retraining between. Default `cubic`. */
  readonly schedule?: (typeof SCHEDULES)[number] | undefined;
  /** Steps of the schedule `steps`. Default 4. */
  readonly pruneSteps?: number | undefined;
  /** Share of the epochs after which the density is reached. Default .6. */
  readonly pruneShare?: number | undefined;
  /**
   * Share of the weights left, 0 to 1, that at first come back in each turn of pruning, where the loss would fall most; as many more
   * are pruned for them. For few weights: at a fiftieth of them a net errs less by some per cent. Default 0.
   */
  readonly regrow?: number | undefined;
  /** The format of the layer that runs first, and of the one that runs last. Default: that of all. */
  readonly first?: string | undefined;
  readonly last?: string | undefined;
  /** Of range `percentile`: how many per cent of the weights are held. Default 99.99. */
  readonly percentile?: number | undefined;
  /** What scales are restricted to. Default `float16`. */
  readonly scaling?: Scaling | undefined;
  /**
   * What becomes of a format's parameters: found anew from the weights in each step (those that take a search, every 32
   * steps); learned, which formats with a free scale allow (step sizes; of ternary weights a value for each side of zero); or
   * kept as they are found at first. Default `found`.
   */
  readonly scales?: (typeof SCALES)[number] | undefined;
  /**
   * What becomes of the ranges of values that the graph rounds, as `quantize` with inputs makes it: kept; a moving average of the
   * largest magnitudes of batches; or learned. Default `kept`.
   */
  readonly ranges?: RangeKind | undefined;
  /**
   * What becomes of the statistics of BatchNormalization: kept; those of each batch are normalised by, and the stored ones follow
   * them as moving averages; or the stored ones follow, are normalised by, and each layer is folded into the one before it, whose
   * weights are rounded with its factor. Default `kept`.
   */
  readonly statistics?: (typeof STATISTICS)[number] | undefined;
  /** Share of the epochs, 0 to 1, after which statistics are kept as they are then. Default 1. */
  readonly freezeAfter?: number | undefined;
  /** Share of the epochs, 0 to 1, after which weights of a format, and values that the graph rounds, are rounded. Default 0. */
  readonly roundAfter?: number | undefined;
  /** While training, weights take the nearest value, or one of the two next to them by chance. Default `nearest`. */
  readonly rounding?: 'nearest' | 'stochastic' | undefined;
  /**
   * Rounds weights for good in so many jumps, half of those that are left each time, the largest first, while the others go
   * on as floats to make up for it. Default: all are rounded in every step.
   */
  readonly incremental?: number | undefined;
  /**
   * Whether weights that share values may come to share others of these: a number of its own is trained behind each, and the
   * weight has the value that is next to it. The file grows or shrinks a little. Default: weights keep their places, and only
   * values are trained.
   */
  readonly reassign?: boolean | undefined;
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

/** What is handed in and not typed, beside the changes of images, which have ranges of their own. */
type HandedIn = 'dataset' | 'teacher' | 'metric' | 'runtime' | 'onEpoch' | 'onCheckpoint' | 'resume' | 'augmentation';

const LEARNING_RATES = { adam: 0.001, sgd: 0.01 } as const;

/** Rounded weights need smaller steps: each changes values by whole steps of the format, those of many bits by few weights. */
const ROUNDED_RATES = { few: 0.5, many: 0.1 } as const;
/** Bits that are few. */
const FEW_BITS = 2;

const FORMAT = QUANTIZE.options;

export const TUNE = {
  loss: choice({ text: 'what to learn by', value: 'loss', of: LOSSES, otherwise: 'what data and model suggest' }),
  temperature: number({ text: 'how much distillation softens decisions', above: 0, default: 1 }),
  epochs: whole({ text: 'times that every sample is seen', low: 1, default: 10 }),
  batchSize: whole({ text: 'samples a step', value: 'samples', low: 1, default: 64 }),
  optimiser: choice({ text: 'how weights move', value: 'method', of: OPTIMISERS, default: 'adam' }),
  learningRate: number({
    text: 'length of the first step',
    low: 0,
    otherwise: `${LEARNING_RATES.adam}, with sgd ${LEARNING_RATES.sgd}; of rounded weights a tenth, up to ${FEW_BITS} bits half`,
  }),
  momentum: number({
    text: 'what a step keeps of the one before, for sgd',
    value: 'share',
    low: 0,
    high: 1,
    default: 0.9,
  }),
  weightDecay: number({ text: 'pull of weights towards zero', low: 0, default: 1e-4 }),
  clip: number({ text: 'longest gradient', value: 'length', low: 0, default: 10 }),
  heldOut: whole({
    text: 'samples to judge epochs by',
    value: 'samples',
    low: 1,
    otherwise: 'a tenth, at most 5000',
  }),
  window: whole({
    text: 'samples in memory at a time, read anew each epoch',
    value: 'samples',
    low: 1,
    otherwise: 'all',
  }),
  samples: whole({ text: 'use the first samples only', value: 'samples', low: 1, flag: 'limit' }),
  output: word({
    text: 'the output to train on',
    what: 'that names one',
    pattern: /[\s\S]/,
    otherwise: "the model's first",
    flag: 'train-output',
  }),
  density: number({ text: 'prune while training, down to this share of the weights', value: 'share', low: 0, high: 1 }),
  scope: { ...PRUNE.options.scope, text: 'one density for each layer or for all' },
  importance: choice({
    text: 'what weights are compared by where some are pruned (sgd: magnitude)',
    value: 'measure',
    of: IMPORTANCES,
    default: 'sensitivity',
  }),
  schedule: choice({ text: 'how density falls', value: 'kind', of: SCHEDULES, default: 'cubic' }),
  pruneSteps: whole({ text: 'steps of the schedule steps', low: 1, default: 4 }),
  pruneShare: number({ text: 'share of the epochs to reach it in', value: 'share', low: 0, high: 1, default: 0.6 }),
  regrow: number({
    text: 'while pruning, share of the weights that come back',
    value: 'share',
    low: 0,
    high: 1,
    default: 0,
  }),
  weights: { ...FORMAT.weights, text: 'train into this number format, such as int3, ternary, binary' },
  by: FORMAT.by,
  range: choice({
    text: 'how parameters of formats are found',
    value: 'rule',
    of: RANGES,
    otherwise: FORMAT.range.otherwise,
  }),
  percentile: FORMAT.percentile,
  scaling: FORMAT.scaling,
  first: FORMAT.first,
  last: FORMAT.last,
  scales: choice({
    text: 'whether scales of formats follow the weights, are learned or kept',
    value: 'kind',
    of: SCALES,
    default: 'found',
  }),
  ranges: choice({
    text: 'ranges of values that the graph rounds: kept, followed as a moving average, or learned',
    value: 'kind',
    of: RANGE_KINDS,
    default: 'kept',
  }),
  statistics: choice({
    text: 'of BatchNormalization: kept, those of the batch, or followed and folded in the end',
    value: 'kind',
    of: STATISTICS,
    default: 'kept',
  }),
  freezeAfter: number({
    text: 'share of the epochs after which statistics are kept',
    value: 'share',
    low: 0,
    high: 1,
    default: 1,
  }),
  roundAfter: number({
    text: 'share of the epochs after which is rounded',
    value: 'share',
    low: 0,
    high: 1,
    default: 0,
  }),
  rounding: { ...FORMAT.rounding, text: 'in training to the nearest value, or to one of two by chance' },
  incremental: whole({ text: 'round for good in so many jumps, with training between', value: 'jumps', low: 1 }),
  reassign: toggle({ text: 'let weights that share values come to share others of these' }),
  seed: seed('of order, samples held out and augmentation'),
  threads: whole({ text: 'threads of ONNX Runtime', low: 1, otherwise: 'its own choice' }),
} satisfies OptionsOf<TuneOptions, HandedIn | keyof Selection<never>>;

/** What `tune` does unless told otherwise. */
export const TUNE_DEFAULTS = { ...defaultsOf(TUNE), learningRate: LEARNING_RATES, augmentation: {} } as const;

/** Most samples held out if nothing else is said. */
export const MOST_HELD_OUT = 5000;

/** The options that have defaults. */
export type Settled = { readonly [Key in keyof typeof TUNE_DEFAULTS]: NonNullable<TuneOptions[Key]> };

/**
 * Fills in the defaults.
 *
 * @param bits - of the formats that weights are rounded to, the most; absent: none are
 */
export function settle(options: TuneOptions, bits?: number): Settled {
  const share = bits === undefined ? 1 : ROUNDED_RATES[bits <= FEW_BITS ? 'few' : 'many'];
  const learningRate = share * LEARNING_RATES[options.optimiser ?? TUNE_DEFAULTS.optimiser];
  const names = Object.keys(TUNE_DEFAULTS) as (keyof typeof TUNE_DEFAULTS)[];
  return { ...TUNE_DEFAULTS, learningRate, ...(pickGiven(names, options) as Partial<Settled>) };
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
  /** The ends of what that is on other samples, in 95 of 100 cases. */
  readonly accuracyInterval: readonly [low: number, high: number] | null;
  /** What the samples held out have lost against the teacher, or against the model as it came; `null` where nothing tells. */
  readonly judgement: Loss | null;
  /** Share of the weights of pruned layers that are left; of all trained weights without pruning. */
  readonly density: number;
  /** Whether it is the best so far, among those with the density asked for. */
  readonly isBest: boolean;
  readonly ms: number;
}

/** The formats that options name, for all layers or for some. */
export function askedFormats({ weights, first, last, rules = [] }: TuneOptions): string[] {
  const names = [weights, first, last, ...rules.map(({ options }) => options.weights)];
  return names.filter((name) => name !== undefined);
}

/** @throws RangeError, TypeError */
export function checkTuneOptions(options: TuneOptions): void {
  if (typeof options.dataset !== 'function') throw new TypeError(`tune: expected a dataset, got ${options.dataset}`);
  checkOptions('tune', TUNE, options);
  checkMetric('tune', options.metric);
  checkAugmentation(options.augmentation ?? {});
  const { density, weights, by, range } = TUNE;
  for (const rule of options.rules ?? []) checkOptions('tune', { density, weights, by, range }, rule.options);
  const {
    incremental,
    scales,
    first,
    last,
    roundAfter = 0,
    freezeAfter,
    statistics = TUNE_DEFAULTS.statistics,
  } = options;
  if (incremental !== undefined && roundAfter > 0) {
    throw new RangeError(`tune: expected no roundAfter with incremental, which rounds in turns, got ${roundAfter}`);
  }
  if (freezeAfter !== undefined && statistics === 'kept') {
    throw new RangeError('tune: expected statistics batch or folded with freezeAfter, got statistics that are kept');
  }
  if (incremental !== undefined && scales !== undefined && scales !== 'kept') {
    throw new RangeError(`tune: expected scales kept with incremental, got ${scales}`);
  }
  if (askedFormats(options).length > 0) {
    const rules = options.rules?.map(({ match, options: { weights, range } }) => ({
      match,
      options: { weights, range },
    }));
    checkQuantizeOptions({ weights: options.weights ?? FLOAT32, range: options.range, first, last, rules });
  }
  checkScope('tune', options);
}
