import { FxqError, throwIfAborted } from '../errors.js';
import type { Dataset } from '../evaluate/dataset.js';
import { loadRuntime, type Runtime } from '../evaluate/runtime.js';
import type { Model, Tensor } from '../layers/model.js';
import { isPatchable, readWeights, writeWeights } from '../layers/weights.js';
import { readCalibrationGraph } from './graph.js';
import { inlineBranches } from './inline.js';
import { findLayers, type Layer, type Skipped } from './layers.js';
import { captureMoments, type Moments } from './moments.js';
import type { Feeder } from './run.js';
import { splitDataset } from './sample.js';
import { type Survey, surveyLayers } from './survey.js';

/** What all calibrated stages are told. */
export interface CalibrationOptions {
  /** Inputs like those that the model is for; labels are not looked at. */
  readonly dataset: Dataset;
  /** ONNX Runtime. Default: `onnxruntime-node`, if it is installed. */
  readonly runtime?: Runtime | undefined;
  /** Inputs to calibrate on. Default 512; more than 1024 gain nothing. */
  readonly samples?: number | undefined;
  /** Decides which inputs, and which places of them, are looked at. Default 0. */
  readonly seed?: number | undefined;
  /** All layers at once, each on what the original model feeds it: less exact, a tenth of the time. Default false. */
  readonly fast?: boolean | undefined;
  /** Threads that work on one operator. Default: ONNX Runtime's own choice. */
  readonly threads?: number | undefined;
}

export const CALIBRATION_DEFAULTS = { samples: 512, seed: 0, fast: false } as const;

/** A layer with all that is known of it when its turn comes. */
export interface LayerTurn {
  readonly layer: Layer;
  /** In the order [group, row, input]. */
  readonly weights: Float32Array;
  readonly bias: Float32Array | undefined;
  readonly moments: Moments;
  /** How many columns the moments are of. */
  readonly columns: number;
}

/** New weights of a layer, in the order that they came in, and its bias, where it has changed. */
export interface LayerChange {
  readonly weights: Float32Array;
  readonly bias?: Float32Array | undefined;
}

/** A model ready for calibration: its layers, its inputs, and the shapes in between. */
export interface Prepared {
  readonly model: Model;
  readonly graph: ReturnType<typeof readCalibrationGraph>;
  readonly layers: readonly Layer[];
  readonly skipped: readonly Skipped[];
  readonly survey: Survey;
  readonly feeder: Feeder;
  readonly columnCounts: ReadonlyMap<Layer, number>;
  readonly batches: number;
  readonly seed: number;
  readonly fast: boolean;
}

/** Samples that go through the model together: enough to keep a core busy, few enough for the columns of a large layer. */
const BATCH = 16;
/** Columns that a layer sees, a multiple of its inputs and at least so many. */
const COLUMNS_PER_INPUT = 16;
const FEWEST_COLUMNS = 8192;

/** Memory for the columns of a layer in one batch; several copies of them exist at a time. */
const COLUMN_BYTES = 2 ** 26;

/** What the columns of a layer take: those of a convolution are apart for its groups. */
function columnBytes(layer: Layer, survey: Survey): number {
  const apart = layer.node.opType?.startsWith('Conv') ? layer.groups : 1;
  return survey.columns(layer) * layer.inputs * apart * Float32Array.BYTES_PER_ELEMENT;
}

/** Opens a model for calibration and looks at one batch of inputs. */
export async function prepare(
  model: Model,
  isWanted: (tensor: Tensor) => boolean,
  options: CalibrationOptions,
  signal?: AbortSignal,
): Promise<Prepared> {
  const { dataset, samples = CALIBRATION_DEFAULTS.samples, seed = 0, fast = false, threads } = options;
  const runtime = options.runtime ?? (await loadRuntime());
  let split = await splitDataset(dataset, BATCH, samples, 0, seed);
  if (split.calibrationBatches === 0) {
    throw new FxqError('DATASET', 'calibration data: expected at least one input, got none');
  }
  let feeder = { runtime, threads, signal, batches: split.calibration };
  const graph = await inlineBranches(readCalibrationGraph(model), feeder);
  const { layers, skipped } = findLayers(graph, model.tensors, (tensor) => isPatchable(tensor) && isWanted(tensor));
  let survey = await surveyLayers(graph, layers, feeder);
  const largest = layers.reduce((most, layer) => Math.max(most, columnBytes(layer, survey)), 0);
  const fewer = Math.max(1, Math.floor((BATCH * COLUMN_BYTES) / largest));
  if (fewer < BATCH) {
    split = await splitDataset(dataset, fewer, samples, 0, seed);
    feeder = { ...feeder, batches: split.calibration };
    survey = await surveyLayers(graph, layers, feeder);
  }
  const columnCounts = new Map<Layer, number>();
  for (const layer of layers) {
    const wanted = Math.max(FEWEST_COLUMNS, COLUMNS_PER_INPUT * layer.inputs) / split.calibrationBatches;
    if (Math.ceil(wanted) < survey.columns(layer)) columnCounts.set(layer, Math.ceil(wanted));
  }
  const batches = split.calibrationBatches;
  return { model, graph, layers, skipped, survey, feeder, columnCounts, batches, seed, fast };
}

/**
 * Goes through the layers in the order in which they run and changes each by what it sees: its inputs as the layers
 * changed before it make them, and as the original model does.
 */
export async function walkLayers(
  prepared: Prepared,
  change: (turn: LayerTurn) => LayerChange | Promise<LayerChange>,
  onProgress?: (share: number) => void,
): Promise<Model> {
  const { model, graph, layers, survey, feeder, columnCounts, batches, seed, fast } = prepared;
  const replaced = new Map<Tensor, Uint8Array>();
  const rank = (value: string) => survey.dims(value).length;
  let done = 0;
  for (const part of fast ? [layers] : layers.map((layer) => [layer])) {
    const moments = await captureMoments(graph, part, replaced, columnCounts, rank, seed * 4096 + done, feeder);
    for (const layer of part) {
      throwIfAborted(feeder.signal);
      const { tensor, order, bias } = layer;
      const stored = readWeights(tensor);
      const turn = {
        layer,
        weights: order ? Float32Array.from(order, (at) => stored[at]) : stored,
        bias: bias && readWeights(bias),
        moments: moments.get(layer) as Moments,
        columns: batches * (columnCounts.get(layer) ?? survey.columns(layer)),
      };
      const changed = await change(turn);
      replaced.set(tensor, writeWeights(tensor, order ? scattered(changed.weights, order) : changed.weights));
      if (bias && changed.bias) replaced.set(bias, writeWeights(bias, changed.bias));
      onProgress?.(++done / layers.length);
    }
  }
  const tensors = model.tensors.map((tensor) => {
    const bytes = replaced.get(tensor);
    return bytes ? { ...tensor, read: () => bytes } : tensor;
  });
  return { ...model, tensors };
}

function scattered(values: Float32Array, order: Int32Array): Float32Array {
  const placed = new Float32Array(values.length);
  for (let i = 0; i < order.length; i++) placed[order[i]] = values[i];
  return placed;
}
