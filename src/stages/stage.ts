import type { Model } from '../model/model.js';
import type { WeightChange } from '../model/patch.js';
import type { Options } from '../options/option.js';

/** What a stage may use while it runs. */
export interface StageContext {
  /** Stops long work: stages check it between tensors. */
  readonly signal?: AbortSignal;
  /** Called as work proceeds, with a share between 0 and 1. */
  readonly onProgress?: (share: number) => void;
  /** Called with what the user should know of the work, a sentence each time. */
  readonly onNote?: (text: string) => void;
}

/**
 * One step of the pipeline: a model in, a model out. Made by a factory (`prune(options)`) that checks its options, so
 * that a wrong one fails before any work. A stage never edits its input and never prints.
 */
export interface Stage {
  readonly name: string;
  /** The model after this step. Weights may be changed only when they are read. */
  run(model: Model, context?: StageContext): Model | Promise<Model>;
}

/**
 * A stage as it is found by its name: what config files, the command line, threads and docs know of it. A new stage is one
 * such object in the registry.
 */
export interface StageDefinition {
  readonly name: string;
  /** What its options say, in a config file: the beginning of a sentence. */
  readonly text: string;
  readonly options: Options;
  /** The options of which one may be given; of those, a rule for a layer takes the place of them all. */
  readonly alternatives: readonly string[];
  /** The options that rules give to single layers. */
  readonly perLayer: readonly string[];
  /** Whether it runs without being asked for: then a config file may turn it off with `false`. */
  readonly isDefault?: boolean;
  /** Options worth trying, for all layers and for one. */
  readonly example: { readonly all: object; readonly layer: object };
  /** The factory. */
  create(options: object): Stage;
  /** What the stage does to a tensor's weights, given its settings for that tensor, so that other threads can do it. */
  readonly change?: WeightChange<never>;
}
