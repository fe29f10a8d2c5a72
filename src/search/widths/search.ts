import { breather } from '../../breather.js';
import { calibratedQuantize } from '../../calibrate/quantize.js';
import { type Split, splitDataset } from '../../data/split.js';
import { throwIfAborted } from '../../errors.js';
import type { Loss } from '../../evaluate/loss.js';
import { present } from '../../guards.js';
import { expectModel } from '../../model/expect-model.js';
import type { Model } from '../../model/model.js';
import { finiteWeights } from '../../model/patch.js';
import { exactly } from '../../model/selectors.js';
import { canonicalName, FLOAT32 } from '../../quantize/formats/parse.js';
import { loadRuntime } from '../../runtime/runtime.js';
import {
  layerSettings,
  type QuantizeOptions,
  quantize,
  quantizedLayers,
  quantizeLayer,
} from '../../stages/quantize.js';
import { goalOf, HELD_OUT, isLossGiven } from '../goal.js';
import { createJudge } from '../judge.js';
import { layerRounder } from '../rounded.js';
import { exchanger } from './exchange.js';
import {
  checkWidthOptions,
  type LayerWidth,
  type WidthOptions,
  type WidthPoint,
  type Widths,
  widthsOf,
} from './options.js';
import { allocate, bitsOf, type Widths as Setting, type Subject, widening } from './path.js';

/** Inputs that go through the model together, and that a divergence is measured on. */
const BATCH = 32;
const MEASURED = 256;
/** What a goal by loss is narrowed by at a time, once the path has nothing narrower: the share of the bits that is kept, and how often. */
const NARROWER = 0.97;
const NARROWED = 3;

/**
 * Gives every layer a width of its own: so that weights have so many bits on average, or as few as lose no more than so many
 * points. Widths come from the noise that rounding makes, without running the model; with data, the model's answers decide which
 * layers exchange bits, where along that path the goal lies, and by which exchanges it is reached with fewer bits still.
 *
 * Source: the budget is PocketFlow's, the goal by loss Ristretto's; the allocation is by equal relative noise.
 *
 * @throws RangeError if an option is out of its range; FxqError `CONFIG`, `DATASET`, `RUNTIME`, `MISSING_PACKAGE`
 *
 * @example
 * const { model, layers } = await searchWidths(openOnnx(bytes), { weights: 'int4', by: 'channel', equivalentBits: 3 });
 * for (const { name, bits } of layers) console.log(name, bits);
 */
export async function searchWidths(model: Model, options: WidthOptions): Promise<Widths> {
  expectModel('searchWidths', model);
  checkWidthOptions(options);
  const { weights = FLOAT32, equivalentBits, dataset, signal, onProgress, onPoint } = options;
  const { model: opened, layers: chosen } = quantizedLayers(model, options);
  const searched = [...chosen].filter(([, layer]) => canonicalName(layer.weights) === canonicalName(weights));
  const tensors = searched.map(([tensor]) => tensor);
  const widths = widthsOf(weights, options);
  const settings = layerSettings(chosen, options);
  const breathe = breather();
  const subjects: Subject[] = [];
  for (const tensor of tensors) {
    throwIfAborted(signal);
    await breathe();
    const original = finiteWeights(tensor);
    const noises = widths.map((width) => {
      const layer = { ...present(settings.get(tensor)), weights: width.weights };
      return { bits: width.bits, noise: noiseOf(original, quantizeLayer(original.slice(), layer)) };
    });
    subjects.push({ count: tensor.count, widths: noises });
  }
  const count = tensors.reduce((sum, tensor) => sum + tensor.count, 0);
  const limit = equivalentBits === undefined ? undefined : equivalentBits * count;
  const layersOf = (setting: Setting): LayerWidth[] =>
    tensors.map(({ name }, i) => {
      const { bits, noise } = subjects[i].widths[setting[i]];
      return { name, match: exactly(name), weights: widths[setting[i]].weights, bits, noise };
    });
  const split =
    dataset && (await splitDataset(dataset, BATCH, options.samples ?? MEASURED, HELD_OUT, options.seed ?? 0));
  const make = (setting: Setting) => makeWidths(opened, layersOf(setting), options, split);
  const roundedBy = layerRounder(opened, settings);
  // While settings are compared rounding is to the nearest, which takes no time.
  const round = (setting: Setting) =>
    roundedBy(new Map(tensors.map((tensor, i) => [tensor, { weights: widths[setting[i]].weights }])));
  const points: WidthPoint[] = [];
  const pointOf = (setting: Setting, judgement: Loss | null) => {
    const loss = judgement?.value ?? null;
    const point = { equivalentBits: bitsOf(subjects, setting) / count, loss, judgement };
    points.push(point);
    onPoint?.(point);
    return point;
  };
  if (!split || !isLossGiven(options)) {
    const room = limit ?? Number.POSITIVE_INFINITY;
    const first = allocate(subjects, room);
    const exchange = split && (await exchanger(opened, subjects, split, round, options));
    const setting = exchange ? await exchange(first, room) : first;
    const made = await make(setting);
    const isReached = bitsOf(subjects, setting) <= room;
    return { model: made, chosen: pointOf(setting, null), points, layers: layersOf(setting), isReached };
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
    return { setting, made, point: pointOf(setting, await judge.loss(made)) };
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
  const { setting, made, point } = best;
  return { model: made, chosen: point, points, layers: layersOf(setting), isReached: isGood(point) };
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
): Promise<Model> {
  const own = layers.map(({ match, weights }) => ({ match, options: { weights } }));
  const given: QuantizeOptions = { ...rest, rules: [...rules, ...own] };
  if (!isCompensated || !split) return quantize({ ...given, seed }).run(model);
  return calibratedQuantize({ ...rest, ...given, seed, dataset: () => split.calibration() }).run(model);
}

function noiseOf(original: Float32Array, rounded: Float32Array): number {
  let noise = 0;
  let signal = 0;
  for (let i = 0; i < original.length; i++) {
    noise += (original[i] - rounded[i]) ** 2;
    signal += original[i] ** 2;
  }
  return signal > 0 ? noise / signal : 0;
}
