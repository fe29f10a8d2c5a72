import type { BatchRun } from '../runtime/batches.js';
import type { Interval } from './interval.js';
import type { Kind, LossUnit, MetricName, Outputs, OwnMetric } from './metric.js';

/**
 * What a model has lost against the original, with an interval that holds what it loses on all such inputs in 95 of 100
 * cases.
 */
export interface Loss extends Interval {
  /** By which it was measured; `own` is one's own. */
  readonly metric: MetricName | 'own';
  /** `points` of a hundred, a `share` of the outputs' energy or of a cosine of one, or a number of one's `own` metric. */
  readonly unit: LossUnit;
  /** Whether turned decisions were counted, or expected from how far the scores of all inputs have moved; see `flips.ts`. */
  readonly by: 'count' | 'divergence';
  /** Inputs that tell it. */
  readonly samples: number;
  /** Of a model that answers by several outputs, the one that loses most. */
  readonly output?: string | undefined;
}

/** What is measured, and of what. */
export interface Measured {
  readonly metric: MetricName | OwnMetric;
  readonly kind: Kind;
  /** The output that decides. */
  readonly output: string;
  /** Further outputs that are judged in the same unit. Default: none. */
  readonly heads?: readonly Measured[] | undefined;
  /** Those whose losses are in another unit, and are not judged. Default: none. */
  readonly leftOut?: readonly Measured[] | undefined;
}

/** A batch as the original sees it. */
export type Reference = Pick<BatchRun<Outputs>, 'batch' | 'samples' | 'labels' | 'outputs'>;

/** Measures a {@link Loss} over batches. */
export interface LossMeter {
  /**
   * @param outputs - the model's; without them inputs tell only how near to turning the original's decisions are
   * @param isFitted - whether the model was fitted to these inputs: what is seen there is less than what others will see, and
   *   is made up for by how much less it is. Default false
   */
  add(reference: Reference, outputs: Outputs | undefined, isFitted?: boolean): void | Promise<void>;
  result(): Loss | undefined;
}
