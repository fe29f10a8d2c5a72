import { bitsOf } from '../binary/dtype.js';
import type { Batch } from '../data/dataset.js';
import { checkLabels } from '../data/labels.js';
import { FxqError } from '../errors.js';
import { trainableInputs } from '../gradient/backward.js';
import { logitsBehind } from '../gradient/cross-entropy.js';
import type { LossName } from '../gradient/losses.js';
import { firstOutput, judgedOutputs, type OutputOptions } from '../gradient/outputs.js';
import { bytesOf } from '../graph/decoded-graph.js';
import { type OpenModel, openModel, trainable } from '../graph/open-model.js';
import { present } from '../guards.js';
import type { Model, Tensor } from '../model/model.js';
import { selector } from '../model/selectors.js';
import { twinsAmong } from '../model/twins.js';
import { isPatchable } from '../model/weights.js';
import { formatNamed } from '../quantize/formats/parse.js';
import type { TensorFormat } from '../quantize/record.js';
import { loadRuntime } from '../runtime/runtime.js';
import type { StageContext } from '../stages/stage.js';
import { readCheckpoint, type State } from './checkpoint.js';
import { openTrainingData } from './drawn.js';
import { type EngineOptions, openEngine, openPredictor } from './engine.js';
import { formatsOf, type TrainedFormats, trainedFormat } from './formats.js';
import { createFixer } from './incremental.js';
import { openIntegers } from './integers.js';
import { adam, type Moved, sgd } from './optimiser.js';
import { type Settled, settle, TRAINED, TUNE_DEFAULTS, type TuneOptions, type TunePruneTarget } from './options.js';
import { openParameter, openTwin, type Parameter } from './parameter.js';
import { createPruner, type Pruner } from './pruning.js';
import { openQuantized } from './quantized.js';
import { openRange, roundedValues } from './ranges.js';
import type { Samples } from './samples.js';
import { subjectOf } from './subject.js';
import { labelTargets, teacherTargets } from './targets.js';
import { type TrainedGraph, trainedGraph } from './trained-graph.js';
import type { Training } from './trainer.js';

/** A training that is ready to go, and where it stands. */
export interface PreparedTraining {
  readonly training: Training;
  readonly state: State;
  /** Tells this training from others. */
  readonly subject: string;
  /** The tensors that are trained into a format, with it; absent: none is that was not of it before. */
  readonly rounded: ReadonlyMap<Tensor, TensorFormat> | undefined;
  release(): Promise<void>;
}

/** Reads the data, finds what there is to train, and opens the model and its teacher in ONNX Runtime. */
export async function prepareTraining(
  model: Model,
  options: TuneOptions,
  { signal, onNote }: StageContext,
): Promise<PreparedTraining> {
  const formats = formatsOf(model, options);
  const runtime = options.runtime ?? (await loadRuntime());
  const { seed = TUNE_DEFAULTS.seed, window } = options;
  const data = await openTrainingData(options.dataset, {
    ...{ limit: options.samples, heldOut: options.heldOut, seed, window, signal },
  });
  const { samples, heldOut } = data;
  const feeder = { runtime, threads: options.threads, signal, batches: () => firstOf(samples) };
  const graph = await trainedGraph(model, feeder);
  const bits = [
    ...Array.from(formats.layers.values(), ({ weights }) => formatNamed(weights)?.bits ?? 0),
    ...Array.from(graph.integers.values(), ({ tensor }) => bitsOf(tensor.dtype) ?? 0),
  ];
  const settled = settle(options, bits.length > 0 ? Math.max(...bits) : undefined);
  const { optimiser: method, weightDecay, momentum, scope, schedule, pruneSteps } = settled;
  const taught = options.teacher ? await trainedGraph(options.teacher, feeder) : graph;

  const base = { runtime, threads: options.threads };
  const loss = options.loss ?? (await defaultLoss(graph.open, samples, options, base));
  const judged: OutputOptions = {
    loss,
    temperature: settled.temperature,
    ...(options.output !== undefined && { output: options.output }),
  };
  const ranged = settled.ranges === 'kept' ? [] : roundedValues(graph);
  const followed = new Map(settled.ranges === 'ema' ? ranged.map((each) => [each.step, each]) : []);
  const engineOptions = { ...base, judged, followed };
  const kind = settled.ranges;
  const parameters = [
    ...openParameters(graph, options, judged, formats),
    ...ranged.flatMap((value) => (kind === 'kept' ? [] : [openRange(value, kind)])),
  ];
  const rounded = roundedAmong(parameters, formats, onNote);
  const fixer = createFixer(parameters, options.incremental ?? 1);
  const pruner = prunerOf(parameters, options, { scope, schedule, steps: pruneSteps }, onNote);
  const engine = await openEngine(graph.open, parameters, engineOptions);
  const reference = await openPredictor(taught.open, engineOptions).catch(async (error) => {
    await engine.release();
    throw error;
  });
  const release = async () => {
    await engine.release();
    await reference.release();
  };
  try {
    const { outputs } = await engine.run(samples.batch(heldOut.subarray(0, 1)));
    const classes = outputs[0].dims.at(-1) ?? 1;
    if (samples.labels && loss !== 'mean-squared-error') {
      checkLabels(samples.labels.subarray(0, samples.count), { classes, where: 'training data' });
    }
    const moved = movedOf(parameters, method, weightDecay);
    const optimiser = method === 'adam' ? adam(moved) : sgd(moved, momentum);
    const state: State = {
      epoch: 0,
      best: undefined,
      free: moved.map(({ free }) => free),
      alive: parameters.map(({ alive }) => alive),
      values: parameters.map(({ values }) => values),
      optimiser: optimiser.state,
    };
    const settings = { ...settled, loss };
    const { density, rules, weights, range, first, last, incremental, metric } = options;
    const all = {
      ...settings,
      // Of a function there is only to know that it is one.
      metric: typeof metric === 'function' ? 'own' : metric,
      density,
      rules,
      weights,
      range,
      first,
      last,
      incremental,
      window,
      count: data.count,
      judged,
      parameters: parameters.map(({ name }) => name),
    };
    const subject = subjectOf([graph, taught].map(bytesOf), samples, heldOut, all);
    if (options.resume) readCheckpoint(options.resume, state, subject);
    const targetsOf = loss === 'cross-entropy' ? labelTargets(classes) : teacherTargets(reference);
    const judge = { reference, metric: options.metric, output: options.output };
    const work = { engine, parameters, optimiser, pruner, fixer, targetsOf, judge, settings };
    const training: Training = { ...work, data, samples, heldOut };
    return { training, state, subject, rounded: formats.areNew ? rounded : undefined, release };
  } catch (error) {
    await release();
    throw error;
  }
}

/** Samples that tell which branches of a model run. */
const LOOKED_AT = 1024;

async function* firstOf(samples: Samples): AsyncIterable<Batch> {
  const places = Uint32Array.from({ length: Math.min(LOOKED_AT, samples.count) }, (_, i) => i);
  for (const batch of samples.divide(places, 64)) yield samples.batch(batch);
}

/** Labels say what is wanted; without them, whether the teacher decides on something or computes it. */
async function defaultLoss(
  graph: OpenModel,
  samples: Samples,
  options: TuneOptions,
  base: Pick<EngineOptions, 'runtime' | 'threads'>,
): Promise<LossName> {
  if (samples.labels && !options.teacher) return 'cross-entropy';
  const model = openModel(graph);
  const output = options.output ?? firstOutput(model);
  if (logitsBehind(model.builder, output) !== output) return 'distillation';
  const predictor = await openPredictor(graph, { ...base, judged: { loss: 'mean-squared-error', output } });
  const { outputs } = await predictor.run(samples.batch([0])).finally(predictor.release);
  const [{ dims }] = outputs;
  return dims.length === 2 && dims[1] > 1 ? 'distillation' : 'mean-squared-error';
}

function openParameters(
  graph: TrainedGraph,
  options: TuneOptions,
  judged: OutputOptions,
  formats: TrainedFormats,
): Parameter[] {
  const { include = TRAINED, exclude } = options;
  const isTrained = selector({ include, exclude }, {}, []);
  const model = openModel(graph.open);
  const names = trainable(model, trainableInputs(model.builder, judgedOutputs(model, judged)));
  const candidates = names.flatMap((name) => {
    const tensor = graph.stored.get(name)?.tensor;
    return tensor && (isPatchable(tensor) || graph.integers.has(name)) ? [{ name, tensor }] : [];
  });
  if (candidates.length === 0) {
    throw new FxqError(
      'UNSUPPORTED',
      'tune: the loss depends on no stored floats of the model, nor on integers that a DequantizeLinear makes floats of; others are not trained',
    );
  }
  const chosen = candidates.filter(({ tensor }) => isTrained(tensor));
  const open = (name: string, tensor: Tensor) => {
    const integers = graph.integers.get(name);
    if (integers) return openIntegers(name, integers);
    const layer = formats.layers.get(tensor);
    const format = layer && trainedFormat(layer, options);
    return format ? openQuantized(name, tensor, format, formats.arePruned) : openParameter(name, tensor);
  };
  if (chosen.length > 0) return tied(chosen, open);
  throw new FxqError('CONFIG', 'tune: no selected tensor of the model is one that the loss depends on');
}

/** Parameters of the same bytes move together, as one that is read in several places. */
function tied(
  chosen: readonly { name: string; tensor: Tensor }[],
  open: (name: string, tensor: Tensor) => Parameter,
): Parameter[] {
  const groups = twinsAmong(chosen.map(({ tensor }) => tensor));
  const firstOf = new Map(groups.flatMap(([first, ...others]) => others.map((other) => [other, first])));
  const opened = new Map<Tensor, Parameter>();
  for (const { name, tensor } of chosen) {
    const first = firstOf.get(tensor);
    opened.set(tensor, first ? openTwin(name, tensor, present(opened.get(first))) : open(name, tensor));
  }
  return [...opened.values()];
}

/** What the optimiser moves, the numbers of formats behind all weights. */
function movedOf(parameters: readonly Parameter[], kind: Settled['optimiser'], weightDecay: number): Moved[] {
  const ofWeights = parameters.map(({ free, tensor, isBounded }) => {
    const decay = tensor.role === 'weight' && !isBounded ? weightDecay : 0;
    return { free, decay, rate: isBounded ? boundedRate(tensor, kind) : 1 };
  });
  return [...ofWeights, ...parameters.map(({ scales = new Float32Array() }) => ({ free: scales, decay: 0 }))];
}

/**
 * Weights that fill the bounds from −1 to 1 are larger than those that layers of this width start with, and take longer
 * steps by the same ratio; with plain gradients by its square.
 *
 * Source: Courbariaux, Bengio & David 2015, §2.5, with the coefficients of Glorot & Bengio 2010.
 */
function boundedRate({ dims }: Tensor, kind: Settled['optimiser']): number {
  const [one = 1, other = 1, ...window] = dims;
  const ratio = Math.sqrt(((one + other) * window.reduce((a, b) => a * b, 1)) / 1.5);
  return kind === 'sgd' ? ratio ** 2 : ratio;
}

/** Which parameters are rounded; what was to be and is not trained is told. */
function roundedAmong(
  parameters: readonly Parameter[],
  { layers, areNew }: TrainedFormats,
  onNote: StageContext['onNote'],
): Map<Tensor, TensorFormat> {
  const trained = new Set(parameters.map(({ tensor }) => tensor));
  const rounded = new Map<Tensor, TensorFormat>();
  for (const [tensor, layer] of layers) {
    if (trained.has(tensor)) rounded.set(tensor, layer);
    else if (areNew)
      onNote?.(`${tensor.name}: not trained, so it stays as it is and is not rounded to ${layer.weights}`);
  }
  return rounded;
}

function prunerOf(
  parameters: readonly Parameter[],
  { density, include, exclude, rules }: TuneOptions,
  plan: { scope: 'layer' | 'global'; schedule: 'cubic' | 'steps'; steps: number },
  onNote: StageContext['onNote'],
): Pruner | undefined {
  const select = selector<TunePruneTarget>({ include, exclude, rules }, { density }, ['density']);
  const densities = new Map<Tensor, number>();
  for (const { tensor, isShared, twinOf } of parameters) {
    if (twinOf) continue;
    const target = tensor.role === 'weight' || include ? select(tensor)?.density : undefined;
    if (target === undefined) continue;
    if (isShared) onNote?.(`${tensor.name}: not pruned, its weights share values already; prune before clustering`);
    else densities.set(tensor, target);
  }
  return densities.size > 0 ? createPruner(parameters, densities, plan) : undefined;
}
