import type { Dataset } from '../../data/dataset.js';
import type { Loss } from '../../evaluate/loss.js';
import type { Model } from '../../model/model.js';
import type { Selection, Selector } from '../../model/selectors.js';
import { checkOptions, givenOf } from '../../options/check.js';
import { seed } from '../../options/option.js';
import type { Runtime } from '../../runtime/runtime.js';
import { CLUSTER, type ClusterOptions, cluster } from '../../stages/cluster.js';
import { type PruneOptions, prune } from '../../stages/prune.js';
import { checkGoal, type GoalOptions } from '../goal.js';
import type { BudgetPoint, BudgetTrial } from './trials.js';

/** Options of {@link searchBudget}. */
export interface BudgetOptions extends GoalOptions, Selection<never> {
  /** Inputs like those that the model is for; labels, where there are any, decide what a loss is. */
  readonly dataset: Dataset;
  /** Pruning that is not searched for: of a layer that it gives a target, the density stays as it is. */
  readonly prune?: Omit<PruneOptions, 'include' | 'exclude'> | undefined;
  /** The same for clustering. `false`: weights keep their values, and only densities are searched for. */
  readonly cluster?: Omit<ClusterOptions, 'include' | 'exclude'> | false | undefined;
  /** Decides which inputs are measured on and which are judged by. Default 0. */
  readonly seed?: number | undefined;
  /** ONNX Runtime. Default: `onnxruntime-node`, if it is installed. */
  readonly runtime?: Runtime | undefined;
  /** Threads that work on one operator. Default: ONNX Runtime's own choice. */
  readonly threads?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called with the share of the work that is done, about. */
  readonly onProgress?: ((share: number) => void) | undefined;
  /** Called with what the user should know of the work, a sentence each time. */
  readonly onNote?: ((text: string) => void) | undefined;
  /** Called before anything is tried with how models are judged, in words. */
  readonly onStart?: ((text: string) => void) | undefined;
  /** Called with every point as it is known. */
  readonly onPoint?: ((point: BudgetPoint) => void) | undefined;
  /** Called with everything that is measured, in an order of its own, for `known`. */
  readonly onTrial?: ((trial: BudgetTrial) => void) | undefined;
  /**
   * What a search that was ended early has measured, of the same model, inputs and options: that is not measured again. What
   * it is of is not checked. Default: nothing.
   */
  readonly known?: readonly BudgetTrial[] | undefined;
}

/** What a layer is given. What was not searched for is absent. */
export interface LayerSetting {
  readonly name: string;
  /** Selects this layer and no other. */
  readonly match: Selector;
  /** Share of the weights that is kept; absent also where all are. */
  readonly density?: number | undefined;
  /** Values that the weights share besides zero. */
  readonly clusters?: number | undefined;
}

/** What {@link searchBudget} finds. */
export interface Budget {
  /** The model with the chosen setting. */
  readonly model: Model;
  readonly chosen: BudgetPoint;
  /** All that was tried, in that order. */
  readonly points: readonly BudgetPoint[];
  /** In the model's order. */
  readonly layers: readonly LayerSetting[];
  /** Layers that were not searched for, and why. */
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
  /** Inputs measured on, and others that it was judged by. */
  readonly samples: number;
  readonly heldOut: number;
  /** How good was measured. */
  readonly metric: Loss['metric'];
  /** Whether the goal was reached. */
  readonly isReached: boolean;
  /** Whether it was reached by leaving the model as it is, as nothing else did. */
  readonly isLossless: boolean;
}

const SEED = seed('which inputs are measured on and which are judged by');

/** Whether nothing is fixed that changes weights, so that a model may also be left as it is. */
export function isOpen({ prune, cluster }: BudgetOptions): boolean {
  if (prune !== undefined) return false;
  return !cluster || (givenOf(CLUSTER.alternatives, cluster).length === 0 && (cluster.rules ?? []).length === 0);
}

/** @throws RangeError */
export function checkBudgetOptions(options: BudgetOptions): void {
  const { prune: pruning, cluster: clustering } = options;
  checkGoal(options, 'budget');
  checkOptions('budget', { seed: SEED }, options);
  const sizes = clustering ? [clustering, ...(clustering.rules ?? []).map((rule) => rule.options)] : [];
  if (sizes.some(({ snr }) => snr !== undefined)) {
    throw new RangeError('budget: expected no snr, which is a goal of its own; give bits or clusters');
  }
  // The stages check their own, also where a search is all that makes them.
  if (clustering) cluster(clustering);
  if (!pruning) return;
  // Without a target all densities are searched for, which a scope of each layer leaves room for.
  const anything = { match: '*', options: {} };
  prune(pruning.scope === 'global' ? pruning : { ...pruning, rules: [...(pruning.rules ?? []), anything] });
}
