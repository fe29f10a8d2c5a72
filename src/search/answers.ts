import { isFloat } from '../data/cast.js';
import type { Dataset } from '../data/dataset.js';
import { answerNoiseMeter } from '../evaluate/answer-noise.js';
import { divergenceMeter } from '../evaluate/fidelity.js';
import { informationOf } from '../evaluate/information.js';
import type { MetricArray } from '../evaluate/metrics.js';
import { mainFile } from '../graph/decoded-graph.js';
import { withOutput } from '../graph/open-model.js';
import { activationOf } from '../graph/probabilities.js';
import type { Model } from '../model/model.js';
import { readInterface } from '../onnx/interface.js';
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

/** Says how near a model's answers are to the original's. */
export interface AnswerJudge {
  (model: Model): Promise<Nearness>;
  /** How much the original's decisions tell of the inputs that are judged on, in nats. */
  readonly information: number;
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

/**
 * Of the first output of floats, on the same inputs each time; a state is each model's own. Nothing without such an output.
 * Where the model ends in a Softmax or Sigmoid, the scores in front of it are what has to stand out: behind it, answers to
 * inputs that the model sees nothing in are all the same.
 */
export async function createAnswerJudge(
  original: Model,
  { dataset, states, runtime, threads, signal }: JudgeOptions,
): Promise<AnswerJudge | undefined> {
  let output = readInterface(original).outputs.find(({ type }) => isFloat(type))?.name;
  const activation = output === undefined ? undefined : activationOf(original, output);
  const fileOf = (model: Model) => (activation ? withOutput(mainFile(model), activation.scores) : mainFile(model));
  const answersOf = (model: Model) =>
    withSession(runtime, fileOf(model), { threads }, async (session) => {
      const answers: { array: MetricArray; scores: MetricArray; samples: number }[] = [];
      const batches = () => dataset();
      for await (const { outputs, samples } of runBatches(carrying(session, states), { batches, signal })) {
        output ??= Object.keys(outputs).find((name) => isFloat(outputs[name].type));
        if (output === undefined) continue;
        const scores = outputs[activation?.scores ?? output];
        answers.push({ array: outputs[output], scores: isMany ? oneByOne(scores) : scores, samples });
      }
      return answers;
    });
  // What a sigmoid gives are as many decisions by themselves.
  const isMany = activation?.opType === 'Sigmoid';
  const references = await answersOf(original);
  if (output === undefined) return undefined;
  const isSoftmax = activation?.opType === 'Softmax';
  const isShare = isSoftmax || references.every(({ array }) => isBetween0And1(array));
  const scale = isSoftmax ? 'probabilities' : isShare ? 'shares' : 'logits';
  const information = informationOf(references, scale);
  const isDecided = information >= LEAST_INFORMATION;
  const judge = async (model: Model) => {
    const noise = answerNoiseMeter(isShare && !activation ? 'probabilities' : 'plain');
    const divergence = divergenceMeter(scale);
    const answers = await answersOf(model);
    for (const [i, { array, scores, samples }] of references.entries()) {
      noise.add(answers[i].scores, scores, isMany ? scores.data.length : samples);
      if (isDecided) divergence.add(answers[i].array, array, samples);
    }
    return { snr: noise.result() ?? Number.NaN, divergence: divergence.result() };
  };
  return Object.assign(judge, { information });
}

/** Scores that are rows by themselves. */
function oneByOne({ data, ...rest }: MetricArray): MetricArray {
  return { ...rest, data, dims: [data.length, 1] };
}

/** As what a sigmoid gives is. */
function isBetween0And1({ data }: MetricArray): boolean {
  for (let i = 0; i < data.length; i++) if (!(data[i] >= 0 && data[i] <= 1)) return false;
  return true;
}
