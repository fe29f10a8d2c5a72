import type { DType } from '../../binary/dtype.js';
import type { Dataset } from '../../data/dataset.js';
import { splitDataset } from '../../data/split.js';
import { FxqError } from '../../errors.js';
import { graphOf } from '../../graph/decoded-graph.js';
import type { RoundingPlan } from '../../graph/simulate/plan.js';
import { qdqValues } from '../../graph/simulate/qdq-plan.js';
import type { Model } from '../../model/model.js';
import { pieceOf } from '../../onnx/interface.js';
import { FLOAT32 } from '../../quantize/formats/parse.js';
import { isInteger, type ValueRounding } from '../../quantize/values.js';
import { loadRuntime, type Runtime } from '../../runtime/runtime.js';
import { typesOf } from '../../runtime/types.js';
import type { StageContext } from '../../stages/stage.js';
import { type ChooseOptions, chooseSites } from './choose.js';
import { fitValue } from './fit.js';
import { gatherStatistics } from './gather.js';
import type { InputOptions } from './options.js';
import type { ValueStatistics } from './statistics.js';
import { relativeNoise } from './thresholds.js';

/** Inputs that ranges are taken of, and how many go through the model together. */
const SAMPLES = 1024;
const BATCH = 16;
const PERCENTILE = 99.99;
/** Types of values that can be rounded. */
const FLOATS: readonly DType[] = [FLOAT32, 'float16', 'bfloat16', 'float64'];

/** What values are looked at for, and on what. */
export interface PlanOptions extends ChooseOptions, Pick<InputOptions, 'inputRange' | 'sign'> {
  readonly dataset?: Dataset | undefined;
  /** Default 1024. */
  readonly samples?: number | undefined;
  readonly percentile?: number | undefined;
  readonly seed?: number | undefined;
  readonly threads?: number | undefined;
  readonly runtime?: Runtime | undefined;
  readonly onNote?: ((text: string) => void) | undefined;
}

/** How values are rounded, and how else they could be. */
export interface ValuePlan {
  readonly plan: RoundingPlan;
  /** Those of the format of all, with none of their own by name. */
  readonly free: readonly FreeValue[];
}

/** A value that may be given other formats. */
export interface FreeValue {
  readonly name: string;
  /** How many numbers it has in a sample. */
  readonly count: number;
  /** How it is rounded in a format, and the squared error of that by its energy. */
  roundedTo(format: string): { readonly rounding: ValueRounding; readonly noise: number };
}

const EMPTY: ValuePlan = { plan: { values: new Map(), sites: [], casts: new Map() }, free: [] };

/** Looks at the data, and finds how each value is rounded. */
export async function planValues(model: Model, options: PlanOptions, context: StageContext): Promise<ValuePlan> {
  const { dataset, samples = SAMPLES, seed = 0, threads, onNote = context.onNote, isWhole } = options;
  if (!dataset) return EMPTY;
  const graph = graphOf(model);
  const chosen = chooseSites(graph, model, options);
  for (const note of chosen.notes) onNote?.(note);
  const between = isWhole ? qdqValues(graph, chosen.sites) : { values: [], same: new Map<string, string>() };
  const common = options.inputs ?? FLOAT32;
  const rounded = between.values.filter((value) => !chosen.floats.has(value));
  const formats = new Map(rounded.map((value) => [value, chosen.formats.get(value) ?? common]));
  for (const [value, format] of chosen.formats) formats.set(value, format);
  const runtime = options.runtime ?? (await loadRuntime());
  const casts = new Map<string, DType>();
  for (const { name, type } of formats.size > 0 ? await typesOf(graph, formats.keys(), runtime) : []) {
    const dtype = FLOATS.find((each) => each === type);
    if (dtype === undefined) {
      formats.delete(name);
      onNote?.(`${name}: stays as it is, since it holds ${type ?? 'no numbers'} and no floats`);
    } else if (dtype !== FLOAT32) casts.set(name, dtype);
  }
  const split = await splitDataset(dataset, BATCH, samples, 0, seed, { piece: pieceOf(model) });
  if (split.calibrationBatches === 0) {
    throw new FxqError('DATASET', 'calibration data: expected at least one input, got none');
  }
  const feeder = { runtime, threads, signal: context.signal, batches: split.calibration };
  const seenAs = (value: string) => between.same.get(value) ?? value;
  const statistics = await gatherStatistics(graph, [...formats.keys()].map(seenAs), feeder);
  const values = new Map<string, ValueRounding>();
  const free: FreeValue[] = [];
  for (const [value, format] of formats) {
    const seen = statistics.get(seenAs(value));
    if (!seen) continue;
    const rounded = fitter(seen, options);
    values.set(value, rounded(format));
    if (!chosen.named.has(value)) free.push(freeValue(value, seen, rounded));
    if (options.sign === 'unsigned' && isInteger(format) && seen.histogram.low < 0) {
      onNote?.(`${value}: goes down to ${seen.histogram.low.toPrecision(3)}, which unsigned numbers cut to 0`);
    }
  }
  return { plan: { values, sites: chosen.sites, casts }, free };
}

/** Finds how a value is rounded in a format. */
function fitter(
  seen: ValueStatistics,
  { inputRange: range, percentile = PERCENTILE, isWhole, ...options }: PlanOptions,
) {
  const { sign = isWhole ? 'zero-point' : 'value' } = options;
  return (format: string) => fitValue(seen, { format, range, percentile, sign });
}

function freeValue(name: string, seen: ValueStatistics, rounded: (format: string) => ValueRounding): FreeValue {
  return {
    name,
    count: seen.size,
    roundedTo(format) {
      const rounding = rounded(format);
      return { rounding, noise: relativeNoise(seen.histogram, rounding.fitted) };
    },
  };
}
