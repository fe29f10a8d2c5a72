import { isFloat } from '../data/cast.js';
import type { Batch } from '../data/dataset.js';
import type { OutputArray } from '../runtime/session.js';
import { type Answer, boxesAndScores, isPlaces, type Parts } from './boxes.js';
import type { Scale } from './decisions.js';
import { argmax, rowsOf } from './metrics.js';

/** Outputs of a model for some samples, by name. */
export type Outputs = Readonly<Record<string, OutputArray>>;

/**
 * A measure of one's own: a number for each input, higher is better, from what a model gives, what the original gives, and
 * the right classes where they are known. What a model loses is the mean by which it falls below the original's.
 */
export type OwnMetric = (
  outputs: Outputs,
  reference: Outputs,
  labels: ArrayLike<number> | undefined,
) => ArrayLike<number> | Promise<ArrayLike<number>>;

export const METRICS: readonly MetricName[] = ['accuracy', 'agreement', 'snr', 'cosine'];

/**
 * How good a model is measured: `accuracy`, the share of the inputs whose label it gives; `agreement`, the share of the
 * decisions that are the original's; `snr`, the energy of what differs from the original's output by that of the output;
 * `cosine`, what the cosine with the original's lacks of one.
 */
export type MetricName = 'accuracy' | 'agreement' | 'snr' | 'cosine';

/** @throws RangeError for a name that is none */
export function checkMetric(asker: string, metric: MetricName | OwnMetric | undefined): void {
  if (metric === undefined || typeof metric === 'function' || METRICS.includes(metric)) return;
  throw new RangeError(`${asker}: expected a metric ${METRICS.join(', ')} or a function, got ${metric}`);
}

/** What a loss is counted in: points of a hundred, a share of what there is, or the metric's own unit. */
export type LossUnit = 'points' | 'share' | 'own';

export function unitOf(metric: MetricName | OwnMetric): LossUnit {
  if (typeof metric === 'function') return 'own';
  return metric === 'accuracy' || metric === 'agreement' ? 'points' : 'share';
}

/** What an output is found to be. */
export interface Kind {
  /** Without labels. */
  readonly metric: Exclude<MetricName, 'accuracy'>;
  readonly scale: Scale;
  /** The axis of the classes, where it is not the last. */
  readonly axis?: number | undefined;
  /** Numbers of several kinds that it holds, measured apart. Default: all of one. */
  readonly parts?: Parts | undefined;
  /** In words. */
  readonly text: string;
}

/** Sums of probabilities, and lengths of unit vectors, are this near to one. */
const NEAR_ONE = 1e-3;
/** A row that gives its largest class no more than this of what is left to give decides on nothing. */
const UNDECIDED = 0.1;
/** Classes of maps: fewer are channels of an image. */
const FEWEST_MAP_CLASSES = 5;
/** As many values out as in are a copy of what went in; as many classes as there are features happen. */
const FEWEST_VALUES = 32;
/** Rows and elements that are looked at. */
const ROWS = 256;
const ELEMENTS = 65_536;

/**
 * Finds out what an output is from a batch of inputs and what the original makes of it: classes, probabilities, shares
 * such as a sigmoid gives, an image or whatever else has the input's shape, places in an image, an embedding, a measured
 * value, or scores.
 */
export function kindOfOutput(output: OutputArray, batch: Batch, samples: number, answer: Answer): Kind {
  const { dims, data, type } = output;
  if (!isFloat(type)) return { metric: 'agreement', scale: 'classes', text: 'classes' };
  const inputs = Object.values(batch.inputs).filter((input) => input.dims.length > 0);
  const isLarge = data.length >= FEWEST_VALUES * samples;
  const isSame = isLarge && inputs.some((input) => input.dims.length > 1 && input.data.length === data.length);
  const image = inputs.find((input) => input.dims.length === 4);
  const isMap = dims.length === 4 && image !== undefined && dims[2] > 1 && dims[3] > 1;
  const { rows, classes } = rowsOf(output, samples);
  if (!isMap) {
    if (classes > 1 && everyRow(output, rows, classes, (sum) => Math.abs(sum - 1) < NEAR_ONE)) {
      return { metric: 'agreement', scale: 'probabilities', text: textOf('probabilities', rows, samples) };
    }
  } else if (dims[1] > 1 && sumsToOne(output, 1)) {
    return { metric: 'agreement', scale: 'probabilities', axis: 1, text: 'probabilities at every place' };
  }
  // What comes out as it went in is no decision, also where both are shares, as pixels are.
  if (isSame) return { metric: 'snr', scale: 'logits', text: 'values of the input’s shape' };
  const parts = boxesAndScores(output, batch);
  if (parts && parts !== 'unsure') {
    const text = parts.ends.length > 2 ? 'boxes, scores and more' : 'boxes and scores';
    return { metric: 'snr', scale: 'logits', parts, text };
  }
  if (isPlaces(output, batch, answer)) return { metric: 'snr', scale: 'logits', text: 'coordinates' };
  // Of a row of scores between 0 and 1 the largest may decide, which nothing here tells.
  if ((classes === 1 || dims.length > 2) && isShares(data)) {
    const doubt = parts === 'unsure' ? ' (if the first four are boxes, name the metric snr)' : '';
    return { metric: 'agreement', scale: 'shares', text: `shares from 0 to 1, each yes or no${doubt}` };
  }
  if (isMap) {
    const isClasses = dims[1] >= FEWEST_MAP_CLASSES || dims[1] === 2;
    return isClasses
      ? { metric: 'agreement', scale: 'logits', axis: 1, text: 'scores of classes at every place' }
      : { metric: 'snr', scale: 'logits', text: 'an image' };
  }
  if (classes === 1) return { metric: 'snr', scale: 'logits', text: 'a value' };
  if (everyRow(output, rows, classes, (_, length) => Math.abs(length - 1) < NEAR_ONE)) {
    return { metric: 'cosine', scale: 'logits', text: 'embeddings of unit length' };
  }
  if (classes >= FEWEST_MAP_CLASSES && clearness(output, rows, classes) < UNDECIDED) {
    return { metric: 'cosine', scale: 'logits', text: 'embeddings' };
  }
  return { metric: 'agreement', scale: 'logits', text: textOf('scores of classes', rows, samples) };
}

function textOf(what: string, rows: number, samples: number): string {
  return rows > samples ? `${what} at every place` : what;
}

/** Whether all rows, of those looked at, pass by the sum of their elements, all from 0 on, or by their length. */
function everyRow(
  { data }: OutputArray,
  rows: number,
  classes: number,
  passes: (sum: number, length: number) => boolean,
): boolean {
  for (let row = 0; row < Math.min(rows, ROWS); row++) {
    let [sum, squares] = [0, 0];
    for (let i = row * classes; i < (row + 1) * classes; i++) {
      sum += data[i] >= 0 ? data[i] : Number.NaN;
      squares += data[i] ** 2;
    }
    if (!passes(sum, Math.sqrt(squares))) return false;
  }
  return rows > 0;
}

function sumsToOne({ data, dims }: OutputArray, axis: number): boolean {
  const stride = dims.slice(axis + 1).reduce((product, dim) => product * dim, 1);
  for (let place = 0; place < Math.min(stride, ROWS); place++) {
    let sum = 0;
    for (let i = 0; i < dims[axis]; i++) sum += data[place + i * stride] >= 0 ? data[place + i * stride] : Number.NaN;
    if (!(Math.abs(sum - 1) < NEAR_ONE)) return false;
  }
  return stride > 0;
}

/** What a sigmoid gives lies between 0 and 1, and not all of it at one end. */
function isShares(data: OutputArray['data']): boolean {
  const { length } = data;
  for (let i = 0; i < Math.min(length, ELEMENTS); i++) if (!(data[i] >= 0 && data[i] <= 1)) return false;
  return length > 0;
}

/** How much more than its share the largest class of a row has on average, of all that it could have more. */
function clearness({ data }: OutputArray, rows: number, classes: number): number {
  let sum = 0;
  const looked = Math.min(rows, ROWS);
  for (let row = 0; row < looked; row++) {
    const best = row * classes + argmax(data, row * classes, classes);
    let all = 0;
    for (let i = row * classes; i < (row + 1) * classes; i++) all += Math.exp(data[i] - data[best]);
    sum += (1 / all - 1 / classes) / (1 - 1 / classes);
  }
  return sum / looked;
}
