import { calibratedQuantize } from '../../calibrate/quantize.js';
import type { ValuePlan } from '../../calibrate/ranges/plan.js';
import type { Split } from '../../data/split.js';
import type { Loss } from '../../evaluate/loss.js';
import { insertFake } from '../../graph/simulate/insert-fake.js';
import type { RoundingPlan } from '../../graph/simulate/plan.js';
import type { Model } from '../../model/model.js';
import { exactly } from '../../model/selectors.js';
import { withRecord } from '../../onnx/metadata.js';
import { canonicalName, FLOAT32 } from '../../quantize/formats/parse.js';
import { layerSettings, type QuantizeOptions, quantize, quantizedLayers } from '../../stages/quantize.js';
import { layerRounder } from '../rounded.js';
import {
  type InputWidth,
  inputWidthsOf,
  type LayerWidth,
  type WidthOptions,
  type WidthPoint,
  weightWidthsOf,
} from './options.js';
import { bitsOf, type Widths as Setting, type Subject } from './path.js';
import { valueSubjects, weightSubjects } from './subjects.js';

/** What is searched among: settings of widths, and what each makes of the model. */
export interface Candidates {
  /** The model that settings are of. */
  readonly model: Model;
  /** Weights, and behind them what layers take in. */
  readonly subjects: readonly Subject[];
  /** How many weights there are in all. */
  readonly weights: number;
  layers(setting: Setting): LayerWidth[];
  inputs(setting: Setting): InputWidth[];
  /** How values are rounded with it. */
  plan(setting: Setting): RoundingPlan | undefined;
  point(setting: Setting, judgement: Loss | null): WidthPoint;
  /** The model as it answers, weights rounded to the nearest: that takes no time. */
  rounded(setting: Setting): Model;
  /** The model as it is to be kept, values in floats. */
  make(setting: Setting): Promise<Model>;
}

/** Looks at layers, and at values, as far as these may have other widths. */
export async function openCandidates(
  original: Model,
  options: WidthOptions,
  values: ValuePlan | undefined,
  split: Split | undefined,
): Promise<Candidates> {
  const { model, layers: chosen } = quantizedLayers(original, options);
  const settings = layerSettings(chosen, options);
  const family = options.weights ?? FLOAT32;
  const tensors = [...chosen]
    .filter(([, layer]) => canonicalName(layer.weights) === canonicalName(family))
    .map(([tensor]) => tensor);
  const layers = await weightSubjects(settings, tensors, weightWidthsOf(family, options), options.signal);
  const widths = inputWidthsOf(options);
  const inputs = valueSubjects(widths.length > 0 ? (values?.free ?? []) : [], widths);
  const [weights, numbers] = [layers, inputs].map((all) => all.reduce((sum, { count }) => sum + count, 0));
  const ofInputs = (setting: Setting) => setting.slice(layers.length);
  const roundedBy = layerRounder(model, settings);
  const layersOf = (setting: Setting) =>
    layers.map(({ tensor: { name }, widths }, i): LayerWidth => {
      const { format, bits, noise } = widths[setting[i]];
      return { name, match: exactly(name), weights: format, bits, noise };
    });
  const planOf = (setting: Setting): RoundingPlan | undefined => {
    if (!values) return undefined;
    const own = inputs.map(({ name, widths }, i) => [name, widths[ofInputs(setting)[i]].rounding] as const);
    return { ...values.plan, values: new Map([...values.plan.values, ...own]) };
  };
  return {
    ...{ model, subjects: [...layers, ...inputs], weights },
    layers: layersOf,
    inputs: (setting) =>
      inputs.map(({ name, widths }, i) => {
        const { format, bits, noise } = widths[ofInputs(setting)[i]];
        return { name, format, bits, noise };
      }),
    plan: planOf,
    point: (setting, judgement) => ({
      equivalentBits: bitsOf(layers, setting) / weights,
      inputBits: inputs.length > 0 ? bitsOf(inputs, ofInputs(setting)) / numbers : null,
      loss: judgement?.value ?? null,
      judgement,
    }),
    rounded(setting) {
      const formats = layers.map(({ tensor, widths }, i) => [tensor, { weights: widths[setting[i]].format }] as const);
      return answering(roundedBy(new Map(formats)), planOf(setting));
    },
    make: (setting) => makeWidths(model, layersOf(setting), options, split, planOf(setting)),
  };
}

/** A model as it answers with values rounded. */
export function answering(model: Model, plan: RoundingPlan | undefined): Model {
  return plan ? withRecord(insertFake(model, plan), 'simulate as=fake') : model;
}

async function makeWidths(
  model: Model,
  layers: readonly LayerWidth[],
  { rules = [], isCompensated, seed, dataset: _, ...rest }: WidthOptions,
  split: Split | undefined,
  roundedInputs: RoundingPlan | undefined,
): Promise<Model> {
  const own = layers.map(({ match, weights }) => ({ match, options: { weights } }));
  const given: QuantizeOptions = { ...rest, rules: [...rules, ...own] };
  if (!isCompensated || !split) return quantize({ ...given, seed }).run(model);
  const dataset = () => split.calibration();
  return calibratedQuantize({ ...given, seed, dataset, roundedInputs }).run(model);
}
