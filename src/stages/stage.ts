import type { Model } from '../model/model.js';
import type { WeightChange } from '../model/patch.js';

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

/** What is known of a stage by its name, whoever asks: threads, config files, the command line. */
export interface StageDefinition {
  readonly name: string;
  /** What the stage does to one tensor's weights, given what it has resolved for that tensor; absent where it has no such form. */
  readonly change?: WeightChange<never>;
}
