import { simulate } from '../calibrate/simulate.js';
import { type Dataset, DEFAULT_BATCH_SIZE } from '../data/dataset.js';
import { splitDataset } from '../data/split.js';
import { type EvaluateOptions, type Evaluation, evaluate } from '../evaluate/evaluate.js';
import { mainFile } from '../graph/decoded-graph.js';
import type { Model } from '../model/model.js';
import { FLOAT32 } from '../quantize/formats/parse.js';
import { quantize } from '../stages/quantize.js';
import { type Footprint, parameterBytes } from './footprint.js';
import { surveyValues } from './survey.js';

const FLOATS = ['float32', 'float16'];
/** Inputs that tell the ranges of values; of small data sets, at most this share. */
const SAMPLES = 64;
const SHARE = 1 / 4;

/** A row of nnabla's table: what a model takes in some formats, and how good it is. */
export interface FootprintRow {
  /** The formats of weights and of values. */
  readonly weights: string;
  readonly values: string;
  /** Bytes of the parameters, packed. */
  readonly size: number;
  /** Those, and what values take as they are placed. */
  readonly footprint: number;
  /** Inputs that were answered; `null` where nothing was measured. */
  readonly samples: number | null;
  /** Shares from 0 to 1, of these. */
  readonly top1: number | null;
  readonly agreement: number | null;
}

/** What a plan says of its formats, and what values take there. */
export type RowPlan = Pick<Footprint, 'weights' | 'values' | 'peak'>;

/** How answers are measured. */
export interface AnswerOptions extends Omit<EvaluateOptions, 'model' | 'reference'> {
  /** Inputs that ranges of values are taken of. Default: some of the data set, on which answers are then not measured. */
  readonly ranges?: Dataset | undefined;
  /** Called with what to know of the figures, in a sentence. */
  readonly onNote?: ((text: string) => void) | undefined;
}

/** Those with inputs for ranges. */
type Apart = AnswerOptions & { readonly ranges: Dataset };

/**
 * nnabla's table: a model as it is, with its weights in the format of the plan, and with its values, too. Where there is data, how
 * good each is.
 *
 * @param plans - of float values, and of values in a format
 */
export async function footprintRows(
  model: Model,
  [float, rounded]: readonly [RowPlan, RowPlan],
  given?: AnswerOptions,
): Promise<FootprintRow[]> {
  const { weights, values } = rounded;
  const answers = given && (await withRanges(given));
  // Models are made for what is measured of them alone.
  const measure = async (rounding: (answers: Apart) => Model | Promise<Model>): Promise<Partial<Evaluation>> =>
    answers ? evaluate({ ...answers, model: mainFile(await rounding(answers)), reference: mainFile(model) }) : {};
  const original = await measure(() => model);
  const quantized = await measure(({ signal }) => quantize({ weights }).run(model, { ...(signal && { signal }) }));
  const row = (formats: Pick<FootprintRow, 'weights' | 'values'>, peak: number, found: Partial<Evaluation>) => {
    const size = parameterBytes(model, formats.weights);
    const { samples = null, top1 = null, agreement = null } = found;
    return { ...formats, size, footprint: size + peak, samples, top1, agreement };
  };
  const stored = floatType(model);
  return [
    row({ weights: stored, values: stored }, float.peak, original),
    row({ weights, values: stored }, float.peak, quantized),
    row({ weights, values }, rounded.peak, await measure((answers) => simulated(model, rounded, answers))),
  ];
}

/** The type of most weights: what a model that is not rounded computes in. */
function floatType({ tensors }: Model): string {
  const weights = tensors.filter(({ role, dtype }) => role === 'weight' && FLOATS.includes(dtype));
  const halves = weights.reduce((sum, { dtype, count }) => sum + (dtype === FLOAT32 ? -count : count), 0);
  return halves > 0 ? 'float16' : FLOAT32;
}

/** Parts the data into inputs for ranges and others for answers, unless there are some for ranges. */
async function withRanges(answers: AnswerOptions): Promise<Apart> {
  const { ranges, dataset, limit = Number.POSITIVE_INFINITY, batchSize = DEFAULT_BATCH_SIZE, onNote } = answers;
  if (ranges) {
    onNote?.(`ranges of values: at most ${SAMPLES} of the inputs that were given for them`);
    return { ...answers, ranges };
  }
  const { samples = Number.POSITIVE_INFINITY } = dataset;
  const batch = Math.max(1, Math.min(batchSize, SAMPLES, Math.floor(SHARE * samples)));
  const split = await splitDataset(dataset, batch, Math.min(SAMPLES, Math.ceil(SHARE * samples)), limit, 0);
  if (split.heldOutBatches === 0) {
    onNote?.('ranges of values are those of the very inputs that accuracy is measured on, as there are no others');
    return { ...answers, ranges: dataset };
  }
  onNote?.(
    `ranges of values: ${split.calibrationSamples} inputs of the data, kept apart from those that accuracy is measured on`,
  );
  return { ...answers, dataset: split.heldOut, ranges: split.calibration };
}

/** The model with all that is float in it rounded, first and last layer among it. */
async function simulated(model: Model, { weights, values: format }: RowPlan, answers: Apart): Promise<Model> {
  const { runtime, threads, signal, ranges: dataset } = answers;
  const { values } = await surveyValues(model, { dataset, runtime, threads, signal });
  const names = [...values].filter(([, { type }]) => FLOATS.includes(type)).map(([match]) => ({ match, format }));
  const ends = { first: weights, last: weights };
  const ranges = { dataset, samples: SAMPLES, runtime, threads };
  const stage = simulate({ weights, ...ends, ...ranges, values: names, rounding: 'nearest', as: 'fake' });
  return stage.run(model, { ...(signal && { signal }) });
}
