import type { Dataset } from '../data/dataset.js';
import type { Split } from '../data/split.js';
import { FxqError } from '../errors.js';
import { type EvaluateOptions, evaluate } from '../evaluate/evaluate.js';
import { mainFile } from '../graph/decoded-graph.js';
import type { Model } from '../model/model.js';

/** Points that a model loses against the original. */
export type Judge = (model: Model) => Promise<number>;

/** The inputs kept out; with a handful of inputs there are none to keep out. */
export function judgedBy(split: Split): Dataset {
  return () => (split.heldOutBatches === 0 ? split.calibration() : split.heldOut());
}

interface JudgeOptions extends Pick<EvaluateOptions, 'dataset' | 'runtime' | 'threads' | 'signal'> {
  /** Called with what to know of the judgement, a sentence each time. */
  readonly onNote?: ((text: string) => void) | undefined;
}

/** Judges by what the inputs tell: labels, or the original's answers where there are none that it is better on than chance. */
export async function createJudge(original: Model, { onNote, ...options }: JudgeOptions): Promise<Judge> {
  const reference = mainFile(original);
  const { top1: measured, doubt, isUndecided, warnings } = await evaluate({ model: reference, ...options });
  for (const warning of warnings) onNote?.(warning);
  if (isUndecided) {
    const message = `data set: expected inputs that the original gives numbers for, got NaN for all of them (${warnings.join('; ')})`;
    throw new FxqError('DATASET', message, { actual: Number.NaN });
  }
  // Of labels that the original knows nothing of, a model cannot lose anything.
  const top1 = doubt === null ? measured : null;
  if (doubt !== null) onNote?.('models are judged by how often they agree with the original, and not by these labels');
  return async (model) => {
    // With labels the original's answers are of no account any more.
    const result = await evaluate({
      model: mainFile(model),
      reference: top1 === null ? reference : undefined,
      ...options,
    });
    if (top1 !== null && result.top1 !== null) return 100 * (top1 - result.top1);
    if (result.agreement !== null) return 100 * (1 - result.agreement);
    // Nothing to decide on: how far the outputs are off takes its place.
    return 100 * (result.meanAbsDiff ?? 0);
  };
}
