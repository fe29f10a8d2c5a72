import { lookAt } from '../data/look.js';
import { type Split, splitDataset } from '../data/split.js';
import { FxqError, throwIfAborted } from '../errors.js';
import { graphOf } from '../graph/decoded-graph.js';
import { findLayers, type Layer, type LayerFilter } from '../graph/layers.js';
import type { RoundingPlan } from '../graph/simulate/plan.js';
import { present } from '../guards.js';
import type { Model, Skipped, Tensor } from '../model/model.js';
import { withPayloads } from '../model/patch.js';
import { twinsAmong } from '../model/twins.js';
import { isPatchable, readWeights, writeWeights } from '../model/weights.js';
import { pieceOf } from '../onnx/interface.js';
import type { Feeder } from '../runtime/batches.js';
import { loadRuntime } from '../runtime/runtime.js';
import { fewDirections } from './directions.js';
import { doubtInputs, doubtLayers } from './doubts.js';
import { inlineBranches } from './inline.js';
import type { Moments } from './job.js';
import { captureMoments } from './moments.js';
import type { CalibrationOptions } from './options.js';
import { paddingOf } from './padding.js';
import { BATCH, batchFor, type ColumnPlan, pickColumns, planPasses, samplesFor } from './plan.js';
import { type Survey, surveyLayers } from './survey.js';

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
export interface PreparedModel {
  readonly model: Model;
  readonly graph: ReturnType<typeof graphOf>;
  readonly layers: readonly Layer[];
  readonly skipped: readonly Skipped[];
  /** Of layers whose weights the model holds several times, the other tensors: they take what the layer gets. */
  readonly twins: ReadonlyMap<Tensor, readonly Tensor[]>;
  readonly survey: Survey;
  readonly feeder: Feeder;
  readonly split: Split;
  readonly columnPlans: ReadonlyMap<Layer, ColumnPlan>;
  readonly seed: number;
  readonly fast: boolean;
  /** Told in how many directions the inputs of layers vary, of those where that is few, once all have been seen. */
  readonly onSeen: (directions: ReadonlyMap<Layer, number>) => void;
  /** How what layers take in is rounded in the end. */
  readonly inputs: RoundingPlan | undefined;
  /** The moments of a fast calibration, which do not change from run to run: kept by the first where they have room. */
  readonly kept: Map<Layer, Moments>;
}

/** Opens a model for calibration, looks at one batch of inputs, and plans how many of them to look at and how. */
export async function prepare(
  model: Model,
  { isWanted, isTableWanted = () => false }: LayerFilter,
  options: CalibrationOptions,
  signal?: AbortSignal,
): Promise<PreparedModel> {
  const { dataset, heldOut = 0, seed = 0, fast = false, threads, isMadeUp = false, onNote } = options;
  const runtime = options.runtime ?? (await loadRuntime());
  const first = await splitDataset(dataset, BATCH, BATCH, 0, seed);
  if (first.calibrationBatches === 0) {
    throw new FxqError('DATASET', 'calibration data: expected at least one input, got none');
  }
  const feederOf = ({ calibration }: Split): Feeder => ({ runtime, threads, signal, batches: calibration });
  const graph = await inlineBranches(graphOf(model), feederOf(first));
  const found = findLayers(graph, model.tensors, {
    isWanted: (tensor) => isPatchable(tensor) && isWanted(tensor),
    isTableWanted: (tensor) => isPatchable(tensor) && isTableWanted(tensor),
  });
  const twins = twinsOf(found.layers, found.skipped);
  const isTwin = new Set([...twins.values()].flat());
  const layers = found.layers.filter(({ tensor }) => !isTwin.has(tensor));
  const skipped = found.skipped.filter(({ tensor }) => !isTwin.has(tensor));
  const glance = await surveyLayers(graph, layers, feederOf(first));
  const batch = batchFor(graph, layers, glance);
  const samples = options.samples ?? batch * Math.ceil(samplesFor(layers, glance) / batch);
  const split = await splitDataset(dataset, batch, samples, heldOut, seed, {
    piece: pieceOf(model),
    isRest: options.isHeldOutRest,
  });
  if (!isMadeUp) {
    const doubt = doubtInputs(await lookAt(split.calibration(), 'calibration data', signal));
    if (doubt !== undefined) onNote?.(doubt);
  }
  const feeder = feederOf(split);
  const survey = await surveyLayers(graph, layers, feeder);
  let isSeen = isMadeUp;
  const onSeen = (directions: ReadonlyMap<Layer, number>) => {
    // A search goes through the layers several times.
    if (!isSeen) for (const text of doubtLayers(layers, directions)) onNote?.(text);
    isSeen = true;
  };
  return {
    model,
    graph,
    layers,
    skipped,
    twins,
    survey,
    feeder,
    split,
    columnPlans: pickColumns(layers, survey, split, isMadeUp),
    seed,
    fast,
    onSeen,
    inputs: options.roundedInputs,
    kept: new Map(),
  };
}

/** The first layer that runs stands for all tensors of the same bytes, whether they are layers or not. */
function twinsOf(layers: readonly Layer[], skipped: readonly Skipped[]): Map<Tensor, Tensor[]> {
  const all = [...layers, ...skipped].map(({ tensor }) => tensor);
  const isLayer = new Set(layers.map(({ tensor }) => tensor));
  const groups = twinsAmong(all).filter(([first]) => isLayer.has(first));
  return new Map(groups.map(([first, ...others]) => [first, others]));
}

/**
 * Goes through the layers in the order in which they run and changes each by what it sees: its inputs as the layers
 * changed before it make them, and as the original model does.
 */
export async function walkLayers(
  prepared: PreparedModel,
  change: (turn: LayerTurn) => LayerChange | Promise<LayerChange>,
  onProgress?: (share: number) => void,
): Promise<Model> {
  const { model, graph, layers, twins, survey, feeder, split, columnPlans, seed, fast, onSeen, kept, inputs } =
    prepared;
  const replaced = new Map<Tensor, Uint8Array>();
  const rank = (value: string) => survey.dims(value).length;
  const padding = paddingOf(graph, survey.dims);
  const directions = new Map<Layer, number>();
  let done = 0;
  const passes = planPasses(layers, survey, split, fast);
  for (const part of passes) {
    const moments =
      kept.size > 0
        ? copiesOf(kept)
        : await captureMoments({
            ...{ graph, layers: part, columnPlans, rank, padding, feeder },
            // A pass of all layers sees what the original model makes.
            replaced: fast ? undefined : replaced,
            rounding: inputs,
            seed: seed * 4096 + done,
          });
    if (fast && passes.length === 1 && kept.size === 0 && bytesOf(moments) <= KEPT_BYTES) {
      for (const [layer, each] of copiesOf(moments)) kept.set(layer, each);
    }
    throwIfAborted(feeder.signal);
    for (const layer of part) {
      const few = fewDirections(present(moments.get(layer)));
      if (few !== undefined) directions.set(layer, few);
    }
    const turns = part.map((layer) => {
      const { tensor, order, bias } = layer;
      const stored = readWeights(tensor);
      return {
        layer,
        weights: order ? Float32Array.from(order, (at) => stored[at]) : stored,
        bias: bias && readWeights(bias),
        moments: present(moments.get(layer)),
        columns: split.calibrationBatches * (columnPlans.get(layer)?.count ?? survey.columns(layer)),
      };
    });
    const changes = turns.map(async (turn) => {
      const changed = await change(turn);
      throwIfAborted(feeder.signal);
      onProgress?.(++done / layers.length);
      return changed;
    });
    for (const [i, { weights, bias: newBias }] of (await Promise.all(changes)).entries()) {
      const { tensor, order, bias } = part[i];
      const payload = writeWeights(tensor, order ? scattered(weights, order) : weights);
      for (const each of [tensor, ...(twins.get(tensor) ?? [])]) replaced.set(each, payload);
      if (bias && newBias) replaced.set(bias, writeWeights(bias, newBias));
    }
  }
  onSeen(directions);
  return withPayloads(model, replaced);
}

/** Moments beyond this are captured anew by each run. */
const KEPT_BYTES = 2 ** 27;

function bytesOf(moments: ReadonlyMap<Layer, Moments>): number {
  return [...moments.values()].reduce((sum, { own, cross }) => sum + own.byteLength + (cross?.byteLength ?? 0), 0);
}

/** Whoever works with moments overwrites them. */
function copiesOf(moments: ReadonlyMap<Layer, Moments>): Map<Layer, Moments> {
  return new Map(
    Array.from(moments, ([layer, each]) => [layer, { ...each, own: each.own.slice(), cross: each.cross?.slice() }]),
  );
}

function scattered(values: Float32Array, order: Int32Array): Float32Array {
  const placed = new Float32Array(values.length);
  for (let i = 0; i < order.length; i++) placed[order[i]] = values[i];
  return placed;
}
