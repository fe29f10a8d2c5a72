import type { Split } from '../data/split.js';
import type { DecodedGraph } from '../graph/decoded-graph.js';
import { isConvolution, type Layer, readsOf } from '../graph/layers.js';
import { product } from '../graph/view.js';
import { canStride } from './columns.js';
import type { Survey } from './survey.js';

/** Samples that go through the model together: enough to keep a core busy, few enough for the columns of a large layer. */
export const BATCH = 16;

/** Inputs, and probes sent back: no fewer, no more, and where the model is large no more than this much work in one pass. */
const FEWEST_SAMPLES = 512;
const MOST_SAMPLES = 4096;
const SAMPLE_WORK = 2e10;
/** Columns for each input of a layer that are enough to know how its inputs go together. */
const ENOUGH_COLUMNS = 8;

/** Columns that are looked at, where there are more: a multiple of the layer's inputs and at least so many. */
const COLUMNS_PER_INPUT = 16;
const FEWEST_COLUMNS = 8192;
/** Of inputs that were made the last digit tells nothing. */
const FEWEST_MADE_COLUMNS = 4096;
/** Places of a picture are passed over as long as so many times the columns that are looked at are left. */
const LEFT = 2;

/** Memory for the columns of a layer in one batch; several copies of them exist at a time. */
const COLUMN_BYTES = 2 ** 26;
/** Memory for what all layers make of a batch: to send probes back, it has to be kept, and about as much again behind activations. */
const MADE_BYTES = 2 ** 26;
/** Memory for the second moments of the layers of one pass. */
const MOMENT_BYTES = 2 ** 28;

/** Work of all passes together, in multiplications: some minutes. Up to there every layer has a pass of its own. */
const PASS_WORK = 8e12;

/** What a sample costs in the layers, in multiplications. */
function workOf(layers: readonly Layer[], survey: Survey): number {
  const of = (layer: Layer) => survey.columns(layer) * layer.groups * layer.rows * layer.inputs;
  return layers.reduce((sum, layer) => sum + of(layer), 0) / survey.samples;
}

/** As many samples as give most weights enough columns, as far as the time for it is there. */
export function samplesFor(layers: readonly Layer[], survey: Survey): number {
  let weights = 0;
  let wanted = 0;
  for (const layer of layers) {
    if (layer.isLookup) continue;
    const columns = Math.max(1, survey.columns(layer) / survey.samples);
    weights += layer.tensor.count;
    wanted += (layer.tensor.count * ENOUGH_COLUMNS * layer.inputs) / columns;
  }
  const affordable = SAMPLE_WORK / workOf(layers, survey);
  return Math.max(FEWEST_SAMPLES, Math.min(MOST_SAMPLES, Math.round(wanted / weights), Math.round(affordable)) || 0);
}

/** Probes to send back: as many as tell how rows of a matrix go together, as far as the time for it is there. */
export function probesFor(layers: readonly Layer[], survey: Survey): number {
  return Math.min(MOST_SAMPLES, Math.round(SAMPLE_WORK / workOf(layers, survey)) || 0);
}

/** Samples a batch: fewer where their columns would take too much memory; whole batches where the model's size is fixed. */
export function batchFor({ open }: DecodedGraph, layers: readonly Layer[], survey: Survey): number {
  const bytes = (layer: Layer) => {
    // The columns of a convolution are apart for its groups.
    const apart = isConvolution(layer) ? layer.groups : 1;
    return survey.columns(layer) * layer.inputs * apart * Float32Array.BYTES_PER_ELEMENT;
  };
  const bytesMade = (output: string | undefined) => (output ? 4 * product(survey.dims(output)) : 0);
  const largest = layers.reduce((most, layer) => Math.max(most, bytes(layer)), 0) / survey.samples;
  const made = layers.reduce(
    (sum, layer) => sum + readsOf(layer).reduce((all, { output }) => all + bytesMade(output), 0),
    0,
  );
  const most = Math.min(COLUMN_BYTES / largest, MADE_BYTES / (made / survey.samples));
  const fitting = Math.max(1, Math.min(BATCH, Math.floor(most)));
  const fixed = Number(open.builder.graph.input?.[0]?.type?.tensorType?.shape?.dim?.[0]?.dimValue ?? 0);
  return fixed > 1 ? Math.ceil(fitting / fixed) * fixed : fitting;
}

/** Which columns of each batch are looked at. */
export interface ColumnPlan {
  readonly count: number;
  /** Only those of every so manieth place of a picture, along each of its axes, are made: columns of large pictures take long. */
  readonly stride: number;
}

/** How many columns of each batch to look at, for the layers that have more than enough. */
export function pickColumns(
  layers: readonly Layer[],
  survey: Survey,
  split: Split,
  isMadeUp: boolean,
): Map<Layer, ColumnPlan> {
  const plans = new Map<Layer, ColumnPlan>();
  const fewest = isMadeUp ? FEWEST_MADE_COLUMNS : FEWEST_COLUMNS;
  for (const layer of layers) {
    const count = Math.ceil(Math.max(fewest, COLUMNS_PER_INPUT * layer.inputs) / split.calibrationBatches);
    const columns = survey.columns(layer);
    if (count >= columns) continue;
    const axes = layer.dims.length - 2;
    const stride = isMadeUp && canStride(layer) ? Math.floor((columns / (LEFT * count)) ** (1 / axes)) : 1;
    plans.set(layer, { count, stride: Math.max(1, stride) });
  }
  return plans;
}

/**
 * Which layers are changed together, on what the layers before them make: each by itself where there is time for it,
 * and never more than their second moments have room.
 */
export function planPasses(layers: readonly Layer[], survey: Survey, split: Split, fast: boolean): Layer[][] {
  const work = workOf(layers, survey) * split.calibrationBatches * split.batchSize;
  const passes = fast ? 1 : Math.max(1, Math.min(layers.length, Math.floor(PASS_WORK / work)));
  const most = Math.ceil(layers.length / passes);
  const planned: Layer[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const layer of layers) {
    const isShared = layer.groups === 1 || !isConvolution(layer);
    // Of its own columns, and against those of the original model.
    const own = (fast ? 8 : 16) * (isShared ? 1 : layer.groups) * (layer.inputs + 1) ** 2;
    bytes += own;
    if (bytes > MOMENT_BYTES || planned[planned.length - 1].length >= most) {
      planned.push([]);
      bytes = own;
    }
    planned[planned.length - 1].push(layer);
  }
  return planned;
}
