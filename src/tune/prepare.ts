import { bitsOf } from '../binary/dtype.js';
import type { Batch } from '../data/dataset.js';
import { checkLabels } from '../data/labels.js';
import { logitsBehind } from '../gradient/cross-entropy.js';
import type { LossName } from '../gradient/losses.js';
import { firstOutput, type OutputOptions } from '../gradient/outputs.js';
import { bytesOf } from '../graph/decoded-graph.js';
import { type OpenModel, openModel } from '../graph/open-model.js';
import type { Model, Tensor } from '../model/model.js';
import { formatNamed } from '../quantize/formats/parse.js';
import type { TensorFormat } from '../quantize/record.js';
import { loadRuntime } from '../runtime/runtime.js';
import type { StageContext } from '../stages/stage.js';
import { readCheckpoint, type State } from './checkpoint.js';
import { openTrainingData } from './drawn.js';
import { type EngineOptions, openEngine, openPredictor } from './engine.js';
import { formatsOf } from './formats.js';
import { createFixer } from './incremental.js';
import { openAll, openPruner } from './open-all.js';
import { adam, sgd } from './optimiser.js';
import { settle, TUNE_DEFAULTS, type TuneOptions } from './options.js';
import { movedOf, roundedAmong } from './parameters.js';
import { phasesOf } from './phases.js';
import type { Samples } from './samples.js';
import { subjectOf } from './subject.js';
import { labelTargets, teacherTargets } from './targets.js';
import { trainedGraph } from './trained-graph.js';
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
  const { parameters, ranged, layers } = openAll({ model, graph, options, settled, judged, formats, onNote });
  const rounded = roundedAmong(parameters, formats, onNote);
  const fixer = createFixer(parameters, options.incremental ?? 1);
  const epochSteps = data.steps(settled.batchSize);
  const moved = movedOf(parameters, method, weightDecay);
  const optimiser = method === 'adam' ? adam(moved) : sgd(moved, momentum);
  const squares = settled.importance === 'sensitivity' ? optimiser.squares : undefined;
  const plan = { scope, schedule, steps: pruneSteps, regrow: settled.regrow, epochSteps, squares };
  const pruner = openPruner(parameters, options, plan, onNote);
  const engineOptions = { ...base, judged };
  const engine = await openEngine(graph.open, parameters, phasesOf(graph, ranged, layers, settled), engineOptions);
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
