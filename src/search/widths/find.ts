import { calibratedQuantize } from '../../calibrate/quantize.js';
import type { ValuePlan } from '../../calibrate/ranges/plan.js';
import type { Dataset } from '../../data/dataset.js';
import { type Split, splitDataset } from '../../data/split.js';
import type { Loss } from '../../evaluate/loss.js';
import { insertFake } from '../../graph/simulate/insert-fake.js';
import type { RoundingPlan } from '../../graph/simulate/plan.js';
import { present } from '../../guards.js';
import type { Model } from '../../model/model.js';
import { exactly } from '../../model/selectors.js';
import { withRecord } from '../../onnx/metadata.js';
import { canonicalName, FLOAT32 } from '../../quantize/formats/parse.js';
import { loadRuntime } from '../../runtime/runtime.js';
import { layerSettings, type QuantizeOptions, quantize, quantizedLayers } from '../../stages/quantize.js';
import { goalOf, HELD_OUT, isLossGiven } from '../goal.js';
import { createJudge } from '../judge.js';
import { layerRounder } from '../rounded.js';
import { exchanger } from './exchange.js';
import {
  inputWidthsOf,
  type LayerWidth,
  type WidthOptions,
  type WidthPoint,
  type Widths,
  widthsOf,
} from './options.js';
import { allocate, bitsOf, type Widths as Setting, type Subject, widening } from './path.js';
import { valueSubjects, weightSubjects } from './subjects.js';

/** Inputs that go through the model together, and that a divergence is measured on. */
const BATCH = 32;
const MEASURED = 256;
/** What a goal by loss is narrowed by at a time, once the path has nothing narrower: the share of the bits that is kept, and how often. */
const NARROWER = 0.97;
const NARROWED = 3;

/** What a search finds, and how values are rounded with it. */
export interface FoundWidths extends Widths {
  readonly plan: RoundingPlan | undefined;
}

/**
 * Finds widths of weights, and of values.
 *
 * @param values - how values are rounded while the model runs, which is judged with it; those that are free are given widths, too
 */
export async function findWidths(model: Model, options: WidthOptions, values?: ValuePlan): Promise<FoundWidths> {
  const { weights = FLOAT32, equivalentBits, dataset, signal, onProgress, onPoint } = options;
  const { model: opened, layers: chosen } = quantizedLayers(model, options);
  const settings = layerSettings(chosen, options);
  const tensors = [...chosen]
    .filter(([, layer]) => canonicalName(layer.weights) === canonicalName(weights))
    .map(([tensor]) => tensor);
  const layers = await weightSubjects(settings, tensors, widthsOf(weights, options), signal);
  const widths = inputWidthsOf(options);
  const inputs = valueSubjects(widths.length > 0 ? (values?.free ?? []) : [], widths);
  const subjects: Subject[] = [...layers, ...inputs];
  const [counts, valueCounts] = [layers, inputs].map((all) => all.reduce((sum, { count }) => sum + count, 0));
  const limit = equivalentBits === undefined ? undefined : equivalentBits * counts;
  const inputsOf = (setting: Setting) => setting.slice(layers.length);
  const layersOf = (setting: Setting): LayerWidth[] =>
    layers.map(({ tensor: { name }, widths }, i) => {
      const { format, bits, noise } = widths[setting[i]];
      return { name, match: exactly(name), weights: format, bits, noise };
    });
  const planOf = (setting: Setting): RoundingPlan | undefined => {
    if (!values) return undefined;
    const own = inputs.map(({ name, widths }, i) => [name, widths[inputsOf(setting)[i]].rounding] as const);
    return { ...values.plan, values: new Map([...values.plan.values, ...own]) };
  };
  const split = dataset && (await splitInputs(dataset, options));
  const make = async (setting: Setting): Promise<Model> => {
    const plan = planOf(setting);
    return makeWidths(opened, layersOf(setting), options, split, plan);
  };
  const roundedBy = layerRounder(opened, settings);
  // While settings are compared rounding is to the nearest, which takes no time.
  const round = (setting: Setting) =>
    simulated(
      roundedBy(new Map(layers.map(({ tensor, widths }, i) => [tensor, { weights: widths[setting[i]].format }]))),
      planOf(setting),
    );
  const points: WidthPoint[] = [];
  const pointOf = (setting: Setting, judgement: Loss | null) => {
    const point = {
      equivalentBits: bitsOf(layers, setting) / counts,
      inputBits: inputs.length > 0 ? bitsOf(inputs, inputsOf(setting)) / valueCounts : null,
      loss: judgement?.value ?? null,
      judgement,
    };
    points.push(point);
    onPoint?.(point);
    return point;
  };
  const found = ({ setting, made, point }: JudgedSetting, isReached: boolean): FoundWidths => ({
    ...{ model: made, chosen: point, points, layers: layersOf(setting), isReached, plan: planOf(setting) },
    inputs: inputs.map(({ name, widths }, i) => {
      const { format, bits, noise } = widths[inputsOf(setting)[i]];
      return { name, format, bits, noise };
    }),
  });
  if (!split || !isLossGiven(options)) {
    const room = limit ?? Number.POSITIVE_INFINITY;
    const first = allocate(subjects, room);
    const exchange = split && (await exchanger(opened, subjects, split, round, options));
    const setting = exchange ? await exchange(first, room) : first;
    const isReached = bitsOf(subjects, setting) <= room;
    return found({ setting, made: await make(setting), point: pointOf(setting, null) }, isReached);
  }
  const judge = await createJudge(opened, { ...options, split, runtime: options.runtime ?? (await loadRuntime()) });
  const { limit: most = 0 } = goalOf(options, judge.unit);
  const isGood = ({ judgement }: WidthPoint) => judgement !== null && judgement.high <= most;
  const path = [...widening(subjects)];
  // The narrowest setting of the path that loses no more: what is lost falls along it, but for a few inputs.
  let [low, high] = [0, path.length - 1];
  const judged = new Map<number, JudgedSetting>();
  const judgedAs = async (setting: Setting): Promise<JudgedSetting> => {
    const made = await make(setting);
    return { setting, made, point: pointOf(setting, await judge.loss(simulated(made, planOf(setting)))) };
  };
  const look = async (at: number) => {
    const found = await judgedAs(path[at]);
    judged.set(at, found);
    return isGood(found.point);
  };
  const steps = Math.ceil(Math.log2(path.length)) + 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (await look(middle)) high = middle;
    else low = middle + 1;
    onProgress?.(Math.min(1, points.length / steps));
  }
  if (!judged.has(high)) await look(high);
  let best = present(judged.get(high));
  if (isGood(best.point)) {
    // The path goes by the noise of single layers; with all of them rounded, answers tell where the next bits can be spared.
    const exchange = await exchanger(opened, subjects, split, round, options);
    for (let i = 0; i < NARROWED; i++) {
      const room = NARROWER * bitsOf(subjects, best.setting);
      const narrower = allocate(subjects, room);
      if (bitsOf(subjects, narrower) > room) break;
      const next = await judgedAs(await exchange(narrower, room));
      if (!isGood(next.point)) break;
      best = next;
    }
  }
  return found(best, isGood(best.point));
}

/** A setting with its model, and what that loses. */
interface JudgedSetting {
  readonly setting: Setting;
  readonly made: Model;
  readonly point: WidthPoint;
}

/** Makes the model of a setting, as it is to be kept. */
async function makeWidths(
  model: Model,
  layers: readonly LayerWidth[],
  { rules = [], isCompensated, seed, dataset: _, ...rest }: WidthOptions,
  split: Split | undefined,
  plan: RoundingPlan | undefined,
): Promise<Model> {
  const own = layers.map(({ match, weights }) => ({ match, options: { weights } }));
  const given: QuantizeOptions = { ...rest, rules: [...rules, ...own] };
  if (!isCompensated || !split) return quantize({ ...given, seed }).run(model);
  return calibratedQuantize({ ...rest, ...given, seed, dataset: () => split.calibration(), roundedInputs: plan }).run(
    model,
  );
}

/** The model as it answers with values rounded. */
function simulated(model: Model, plan: RoundingPlan | undefined): Model {
  return plan ? withRecord(insertFake(model, plan), 'simulate as=fake') : model;
}

/** The inputs that widths are found by, and those kept apart. */
export function splitInputs(
  dataset: Dataset,
  { samples = MEASURED, seed = 0 }: Pick<WidthOptions, 'samples' | 'seed'>,
): Promise<Split> {
  return splitDataset(dataset, BATCH, samples, HELD_OUT, seed);
}
