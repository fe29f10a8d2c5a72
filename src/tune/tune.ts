import { readCalibrationGraph } from '../calibrate/graph.js';
import { FxqError } from '../errors.js';
import type { Batch } from '../evaluate/dataset.js';
import { loadRuntime } from '../evaluate/runtime.js';
import type { OutputArray } from '../evaluate/session.js';
import { trainableInputs } from '../gradient/backward.js';
import { logitsBehind } from '../gradient/cross-entropy.js';
import { openModel, trainable } from '../gradient/model.js';
import type { Model, Tensor } from '../layers/model.js';
import { matcher, selector } from '../layers/selectors.js';
import { isPatchable, writeWeights } from '../layers/weights.js';
import { withRecord } from '../onnx/metadata.js';
import { createRandom } from '../stages/kmeans/random.js';
import { recordOf } from '../stages/options.js';
import type { Stage } from '../stages/stage.js';
import { bytesOf, openEngine, openTeacher } from './engine.js';
import { adam, sgd } from './optimiser.js';
import { checkTuneOptions, TUNE_DEFAULTS, type TuneOptions, type TunePruneTarget } from './options.js';
import { openParameter, type Parameter } from './parameter.js';
import { createPruner } from './pruning.js';
import { loadSamples } from './samples.js';
import { type Progress, type Training, train } from './trainer.js';

const NAME = 'tune';

/** What is trained by default: everything that a gradient reaches. */
const TRAINED = ['role:weight', 'role:bias', 'role:normalisation'] as const;

export function tune(options: TuneOptions): Stage {
  checkTuneOptions(options);
  const d = TUNE_DEFAULTS;
  const include = (options.include ?? TRAINED).map(matcher);
  const exclude = (options.exclude ?? []).map(matcher);
  const isTrained = (tensor: Tensor) =>
    include.some((matches) => matches(tensor)) && !exclude.some((matches) => matches(tensor));
  const select = selector<TunePruneTarget>(
    { exclude: options.exclude, rules: options.rules },
    { density: options.density },
    ['density'],
  );
  return {
    name: NAME,
    async run(model, { signal, onProgress }) {
      const runtime = options.runtime ?? (await loadRuntime());
      const graph = readCalibrationGraph(model);
      const output = options.output ?? graph.open.builder.graph.output?.[0]?.name ?? '';
      const parameters = openParameters(graph, output, isTrained);
      const densities = new Map<Tensor, number>();
      for (const { tensor } of parameters) {
        const density = isTrained(tensor) ? select(tensor)?.density : undefined;
        if (density !== undefined) densities.set(tensor, density);
      }
      const samples = await loadSamples(options.dataset, options.samples, signal);
      const seed = options.seed ?? d.seed;
      const { trained, heldOut } = split(
        samples.count,
        options.heldOut ?? Math.min(d.heldOut, Math.floor(samples.count / 10)),
        seed,
      );
      const optimiserName = options.optimiser ?? d.optimiser;
      const moved = parameters.map(({ free, tensor }) => {
        return { free, decay: tensor.role === 'weight' ? (options.weightDecay ?? d.weightDecay) : 0 };
      });
      const engineOptions = { runtime, threads: options.threads, output };
      const teacher =
        options.loss !== 'cross-entropy' && (options.teacher || !samples.labels || options.loss === 'distillation')
          ? await openTeacher(bytesOf(options.teacher ? readCalibrationGraph(options.teacher) : graph), engineOptions)
          : undefined;
      const engine = await openEngine(graph, parameters, engineOptions);
      const progress: Progress = { epoch: 0, best: undefined };
      try {
        const classes = (await engine.predict(samples.batch(heldOut.subarray(0, 1)))).dims.at(-1) as number;
        const training: Training = {
          engine,
          parameters,
          samples,
          trained,
          heldOut,
          optimiser: optimiserName === 'adam' ? adam(moved) : sgd(moved, options.momentum ?? d.momentum),
          pruner:
            densities.size > 0
              ? createPruner(
                  parameters,
                  densities,
                  options.scope ?? d.scope,
                  { schedule: options.schedule ?? d.schedule, steps: options.pruneSteps ?? d.pruneSteps },
                  options.regrow ?? d.regrow,
                )
              : undefined,
          targetsOf: async (batch) => (teacher ? softmax(await teacher.predict(batch)) : oneHot(batch, classes)),
          settings: {
            epochs: options.epochs ?? d.epochs,
            batchSize: options.batchSize ?? d.batchSize,
            learningRate: options.learningRate ?? d.learningRate[optimiserName],
            clip: options.clip ?? d.clip,
            seed,
            pruneShare: options.pruneShare ?? d.pruneShare,
            augmentation: options.augmentation ?? {},
          },
        };
        await train(
          training,
          progress,
          signal,
          (share) => onProgress?.(share),
          async (epoch) => options.onEpoch?.(epoch),
        );
      } finally {
        await engine.release();
        await teacher?.release();
      }
      return withRecord(withValues(model, parameters, progress), recordOf(NAME, { epochs: options.epochs, seed }, {}));
    },
  };
}

function openParameters(
  graph: ReturnType<typeof readCalibrationGraph>,
  output: string,
  isTrained: (tensor: Tensor) => boolean,
): Parameter[] {
  const open = openModel(bytesOf(graph));
  const reached = trainable(open, trainableInputs(open.builder, logitsBehind(open.builder, output)));
  return reached.flatMap((name) => {
    const tensor = graph.stored.get(name)?.tensor;
    return tensor && isPatchable(tensor) && isTrained(tensor) ? [openParameter(name, tensor)] : [];
  });
}

function split(count: number, heldOutCount: number, seed: number): { trained: Uint32Array; heldOut: Uint32Array } {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  const random = createRandom(seed);
  for (let i = count - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return { heldOut: order.slice(0, heldOutCount).sort(), trained: order.slice(heldOutCount) };
}

function oneHot({ labels }: Batch, classes: number): OutputArray {
  if (!labels) throw new FxqError('DATASET', 'training data: no labels');
  const data = new Float32Array(labels.length * classes);
  for (let i = 0; i < labels.length; i++) data[i * classes + labels[i]] = 1;
  return { type: 'float32', dims: [labels.length, classes], data };
}

function softmax({ dims, data }: OutputArray): OutputArray {
  const classes = dims.at(-1) as number;
  const shares = new Float32Array(data.length);
  for (let at = 0; at < data.length; at += classes) {
    let largest = Number.NEGATIVE_INFINITY;
    for (let i = at; i < at + classes; i++) largest = Math.max(largest, data[i]);
    let sum = 0;
    for (let i = at; i < at + classes; i++) sum += shares[i] = Math.exp(data[i] - largest);
    for (let i = at; i < at + classes; i++) shares[i] /= sum;
  }
  return { type: 'float32', dims, data: shares };
}

function withValues(model: Model, parameters: readonly Parameter[], { best }: Progress): Model {
  if (!best) return model;
  const payloads = new Map(parameters.map(({ tensor }, i) => [tensor, writeWeights(tensor, best.values[i])]));
  const tensors = model.tensors.map((tensor) => {
    const bytes = payloads.get(tensor);
    return bytes ? { ...tensor, read: () => bytes } : tensor;
  });
  return { ...model, tensors };
}
