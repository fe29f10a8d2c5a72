import { breather } from '../../breather.js';
import { calibratedQuantize } from '../../calibrate/quantize.js';
import type { Batch } from '../../data/dataset.js';
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
import { openNetwork } from '../network.js';
import { layerRounder } from '../rounded.js';
import {
  checkWidthOptions,
  type LayerWidth,
  type WidthOptions,
  type WidthPoint,
  type Widths,
  widthsOf,
} from './options.js';
import { allocate, bitsOf, exchanges, type Widths as Setting, type Subject, widening } from './path.js';

/** Inputs that go through the model together, and that a divergence is measured on. */
const BATCH = 32;
const MEASURED = 256;
/** Exchanges that are tried, by layer. */
const TRIES = 3;

/**
 * Gives every layer a width of its own: so that weights have so many bits on average, or as few as lose no more than so many
 * points. Widths come from the noise that rounding makes, without running the model; with data, the model's answers decide which
 * layers exchange bits, or where along that path the goal lies.
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
    const setting = split ? await exchanged(opened, subjects, first, room, split, round, options) : first;
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
  const judged = new Map<number, { made: Model; point: WidthPoint }>();
  const look = async (at: number) => {
    const made = await make(path[at]);
    const point = pointOf(path[at], await judge.loss(made));
    judged.set(at, { made, point });
    return isGood(point);
  };
  const steps = Math.ceil(Math.log2(path.length)) + 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (await look(middle)) high = middle;
    else low = middle + 1;
    onProgress?.(Math.min(1, points.length / steps));
  }
  if (!judged.has(high)) await look(high);
  const { made, point } = present(judged.get(high));
  return { model: made, chosen: point, points, layers: layersOf(path[high]), isReached: isGood(point) };
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

/** Exchanges bits between layers as long as the model's answers come nearer to the original's. */
async function exchanged(
  model: Model,
  subjects: readonly Subject[],
  start: Setting,
  limit: number,
  split: Split,
  round: (setting: Setting) => Model,
  options: WidthOptions,
): Promise<Setting> {
  const { threads, signal, onProgress } = options;
  const runtime = options.runtime ?? (await loadRuntime());
  const batches: Batch[] = [];
  for await (const batch of split.calibration()) batches.push(batch);
  const network = await openNetwork(model, batches, { runtime, threads, signal });
  let best = start;
  let least = await network.divergence(round(best));
  const tried = new Set<string>();
  const tries = TRIES * subjects.length;
  for (let i = 0; i < tries; i++) {
    const next = exchanges(subjects, best, limit).find((each) => !tried.has(each.join()));
    if (!next) break;
    tried.add(next.join());
    const divergence = await network.divergence(round(next), least);
    if (divergence < least) [best, least] = [next, divergence];
    onProgress?.((i + 1) / tries);
  }
  return best;
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
