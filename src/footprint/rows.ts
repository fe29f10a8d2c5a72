import { simulate } from '../calibrate/simulate.js';
import type { Dataset } from '../data/dataset.js';
import { type EvaluateOptions, type Evaluation, evaluate } from '../evaluate/evaluate.js';
import { mainFile } from '../graph/decoded-graph.js';
import type { Model } from '../model/model.js';
import { FLOAT32 } from '../quantize/formats/parse.js';
import { quantize } from '../stages/quantize.js';
import { type Footprint, parameterBytes } from './footprint.js';
import { surveyValues } from './survey.js';

const FLOATS = ['float32', 'float16'];
/** Inputs that tell the ranges of values. */
const SAMPLES = 64;

/** A row of nnabla's table: what a model takes in some formats, and how good it is. */
export interface FootprintRow {
  /** The formats of weights and of values. */
  readonly weights: string;
  readonly values: string;
  /** Bytes of the parameters, packed. */
  readonly size: number;
  /** Those, and what values take as they are placed. */
  readonly footprint: number;
  /** Shares from 0 to 1, on the data; `null` where they were not measured. */
  readonly top1: number | null;
  readonly agreement: number | null;
}

/** What a plan says of its formats, and what values take there. */
export type RowPlan = Pick<Footprint, 'weights' | 'values' | 'peak'>;

/** How answers are measured. */
export interface AnswerOptions extends Omit<EvaluateOptions, 'model' | 'reference'> {
  /** Inputs that ranges of values are taken of. Default: the first of those that answers are measured on. */
  readonly ranges?: Dataset | undefined;
}

/**
 * nnabla's table: a model as it is, with its weights in the format of the plan, and with its values, too. Where there is data, how
 * good each is.
 *
 * @param plans - of float values, and of values in a format
 */
export async function footprintRows(
  model: Model,
  [float, rounded]: readonly [RowPlan, RowPlan],
  answers?: AnswerOptions,
): Promise<FootprintRow[]> {
  const { weights, values } = rounded;
  // Models are made for what is measured of them alone.
  const measure = async (rounding: (answers: AnswerOptions) => Model | Promise<Model>): Promise<Partial<Evaluation>> =>
    answers ? evaluate({ ...answers, model: mainFile(await rounding(answers)), reference: mainFile(model) }) : {};
  const original = await measure(() => model);
  const quantized = await measure(({ signal }) => quantize({ weights }).run(model, { ...(signal && { signal }) }));
  const row = (formats: Pick<FootprintRow, 'weights' | 'values'>, peak: number, found: Partial<Evaluation>) => {
    const size = parameterBytes(model, formats.weights);
    const { top1 = null, agreement = null } = found;
    return { ...formats, size, footprint: size + peak, top1, agreement };
  };
  return [
    row({ weights: FLOAT32, values: FLOAT32 }, float.peak, original),
    row({ weights, values: FLOAT32 }, float.peak, quantized),
    row({ weights, values }, rounded.peak, await measure((answers) => simulated(model, rounded, answers))),
  ];
}

/** The model with all that is float in it rounded, first and last layer among it. */
async function simulated(model: Model, { weights, values: format }: RowPlan, answers: AnswerOptions): Promise<Model> {
  const { runtime, threads, signal, ranges: dataset = answers.dataset } = answers;
  const { values } = await surveyValues(model, { dataset, runtime, threads, signal });
  const names = [...values].filter(([, { type }]) => FLOATS.includes(type)).map(([match]) => ({ match, format }));
  const ends = { first: weights, last: weights };
  const ranges = { dataset, samples: SAMPLES, runtime, threads };
  const stage = simulate({ weights, ...ends, ...ranges, values: names, rounding: 'nearest', as: 'fake' });
  return stage.run(model, { ...(signal && { signal }) });
}
