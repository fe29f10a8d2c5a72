import { isFloat } from '../data/cast.js';
import type { Dataset } from '../data/dataset.js';
import { answerNoiseMeter } from '../evaluate/answer-noise.js';
import { divergenceMeter } from '../evaluate/fidelity.js';
import { informationOf } from '../evaluate/information.js';
import type { MetricArray } from '../evaluate/metrics.js';
import { mainFile } from '../graph/decoded-graph.js';
import { isProbability } from '../graph/probabilities.js';
import type { Model } from '../model/model.js';
import { type Batches, runBatches, withSession } from '../runtime/batches.js';
import { carrying, type State } from '../runtime/carried.js';
import type { Runtime } from '../runtime/runtime.js';

/** How near a model's answers are to the original's. */
export interface Nearness {
  /** How clearly they stand out of what has changed in them, in decibels; not a number where they are none. */
  readonly snr: number;
  /** How much decisions have changed, in nats; `null` where there are none, or always the same. */
  readonly divergence: number | null;
}

interface JudgeOptions extends Pick<Batches, 'signal'> {
  readonly dataset: Dataset;
  /** What the model keeps from batch to batch. */
  readonly states: readonly State[];
  readonly runtime: Runtime;
  readonly threads?: number | undefined;
}

/** Where decisions differ by less than this from input to input, in nats, nothing is decided by these inputs. */
const LEAST_INFORMATION = 0.05;

/** Of the first output of floats, on the same inputs each time; a state is each model's own. Nothing without such an output. */
export async function createAnswerJudge(
  original: Model,
  { dataset, states, runtime, threads, signal }: JudgeOptions,
): Promise<((model: Model) => Promise<Nearness>) | undefined> {
  let output: string | undefined;
  const answersOf = (model: Model) =>
    withSession(runtime, mainFile(model), { threads }, async (session) => {
      const answers: { array: MetricArray; samples: number }[] = [];
      const batches = () => dataset();
      for await (const { outputs, samples } of runBatches(carrying(session, states), { batches, signal })) {
        output ??= Object.keys(outputs).find((name) => isFloat(outputs[name].type));
        if (output !== undefined) answers.push({ array: outputs[output], samples });
      }
      return answers;
    });
  const references = await answersOf(original);
  if (output === undefined) return undefined;
  const isSoftmax = isProbability(original, output);
  const isShare = isSoftmax || references.every(({ array }) => isBetween0And1(array));
  // What a sigmoid gives are as many decisions by themselves.
  const scale = isSoftmax ? 'probabilities' : isShare ? 'shares' : 'logits';
  const isDecided = informationOf(references, scale) >= LEAST_INFORMATION;
  return async (model) => {
    const noise = answerNoiseMeter(isShare ? 'probabilities' : 'plain');
    const divergence = divergenceMeter(scale);
    const answers = await answersOf(model);
    for (const [i, { array, samples }] of references.entries()) {
      noise.add(answers[i].array, array, samples);
      if (isDecided) divergence.add(answers[i].array, array, samples);
    }
    return { snr: noise.result() ?? Number.NaN, divergence: divergence.result() };
  };
}

/** As what a sigmoid gives is. */
function isBetween0And1({ data }: MetricArray): boolean {
  for (let i = 0; i < data.length; i++) if (!(data[i] >= 0 && data[i] <= 1)) return false;
  return true;
}
