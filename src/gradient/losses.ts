import type { GraphBuilder } from '../graph/builder.js';
import { crossEntropy } from './cross-entropy.js';
import { distillation } from './distillation.js';
import type { LossHead } from './loss.js';
import { meanSquaredError } from './mean-squared-error.js';

/** What training can minimise. */
export const LOSSES = ['cross-entropy', 'distillation', 'mean-squared-error'] as const;

export type LossName = (typeof LOSSES)[number];

export interface LossOptions {
  /**
   * `cross-entropy` compares softmax(logits) with labels, `distillation` with a teacher's logits, `mean-squared-error` an
   * output of any kind with the values it should have. Default: `cross-entropy`.
   */
  loss?: LossName;
  /** How much a distillation softens the logits, above 0. Default: 1, not at all. */
  temperature?: number;
}

export interface Loss {
  /** Whether it judges logits: then a Softmax at the model's end is looked through. */
  readonly ofLogits: boolean;
  /** Name for the input with what an output should have been. */
  target(output: string): string;
  /** Appends the loss of one output. */
  append(builder: GraphBuilder, output: string, target: string): LossHead;
}

/**
 * The loss that is asked for.
 *
 * @throws RangeError for a loss that does not exist, or a temperature that is not a number above 0.
 */
export function chooseLoss({ loss = 'cross-entropy', temperature = 1 }: LossOptions): Loss {
  if (!LOSSES.includes(loss)) throw new RangeError(`loss: expected one of ${LOSSES.join(', ')}, got ${loss}`);
  if (!(temperature > 0 && Number.isFinite(temperature))) {
    throw new RangeError(`temperature: expected a number above 0, got ${temperature}`);
  }
  const choices: Record<LossName, Loss> = {
    'cross-entropy': { ofLogits: true, target: () => 'labels', append: crossEntropy },
    distillation: {
      ofLogits: true,
      target: () => 'teacher',
      append: (builder, logits, teacher) => distillation(builder, logits, teacher, temperature),
    },
    'mean-squared-error': {
      ofLogits: false,
      target: (output) => `target_${output}`,
      append: meanSquaredError,
    },
  };
  return choices[loss];
}
