import { type Batch, countOf } from '../data/dataset.js';
import { isFixed } from '../data/fit.js';
import { FxqError } from '../errors.js';
import { type GradientGraph, gradientGraph } from '../gradient/gradient-graph.js';
import { judgedOutputs, type OutputOptions } from '../gradient/outputs.js';
import { floatValue, makeInputs, type OpenModel, openModel, writeModel } from '../graph/open-model.js';
import { present } from '../guards.js';
import type { Runner } from '../runtime/batches.js';
import type { Runtime } from '../runtime/runtime.js';
import { type HeldArray, type OutputArray, openSession, type Session } from '../runtime/session.js';
import type { Parameter } from './parameter.js';
import type { Phase } from './phases.js';

/** The outputs that a loss judges, or what they should be; logits in place of a Softmax over them. */
export type Outputs = readonly OutputArray[];

/** Runs a model as it is. */
export interface Predictor extends Runner<Outputs> {
  /** The same with all that it answers, by name. */
  readonly answers: Session['run'];
  /** Names of the outputs that the loss judges: logits in place of a Softmax over them. */
  readonly judged: readonly string[];
  /** What the model takes, and its own outputs. */
  readonly own: Pick<Session, 'inputs' | 'outputNames' | 'leftOut'>;
  release(): Promise<void>;
}

/** What training asks of ONNX Runtime. The weights are those that `Parameter.values` holds at the time. */
export interface Engine extends Predictor {
  /** Mean loss over a batch, and the gradient of each parameter's values, when this share of all epochs is done. */
  gradients(batch: Batch, targets: Outputs, share: number): Promise<{ loss: number; gradients: Float32Array[] }>;
}

export interface EngineOptions {
  readonly runtime: Runtime;
  readonly threads: number | undefined;
  /** The loss, and what it judges. */
  readonly judged: OutputOptions;
}

/**
 * Opens a model for training.
 *
 * @param phases - the graphs whose gradients are taken, in the order of their turns
 */
export async function openEngine(
  model: OpenModel,
  parameters: readonly Parameter[],
  phases: readonly Phase[],
  options: EngineOptions,
): Promise<Engine> {
  const { runtime, threads, judged } = options;
  const names = parameters.map(({ name }) => name);
  const opened: { readonly from: number; readonly session: Session; readonly graph: GradientGraph }[] = [];
  const release = async () => {
    for (const { session } of opened) await session.release();
  };
  try {
    for (const { from, open, followed } of phases) {
      const graph = gradientGraph(open, { ...judged, parameters: names, followed });
      const held = heldBy(parameters, graph.parameters);
      opened.push({
        from,
        graph,
        session: await openSession(runtime, graph.bytes, { threads, held, name: 'gradient graph' }),
      });
    }
    const predictor = await openPredictor(model, options, parameters);
    return {
      ...predictor,
      gradients(batch, targets, share) {
        const { session, graph } = present(opened.findLast(({ from }) => from <= share));
        return gradientsOf(session, graph, names, batch, targets);
      },
      async release() {
        await release();
        await predictor.release();
      },
    };
  } catch (error) {
    await release();
    throw error;
  }
}

/** The present values of parameters for those inputs of a graph that stand for them. */
function heldBy(parameters: readonly Parameter[], inputs: GradientGraph['parameters']): Record<string, HeldArray> {
  const dims = new Map(inputs.map(({ name, dims }) => [name, dims]));
  return Object.fromEntries(
    parameters.flatMap(({ name, values }) => {
      const shape = dims.get(name);
      return shape ? [[name, { data: values, dims: shape }]] : [];
    }),
  );
}

/** Opens a model to run, with the weights in it; those of `parameters` are fed from `held`. */
export async function openPredictor(
  model: OpenModel,
  { runtime, threads, judged }: EngineOptions,
  parameters: readonly Parameter[] = [],
): Promise<Predictor> {
  const open = openModel(model);
  const outputs = judgedOutputs(open, judged);
  const inputsOfParameters = makeInputs(
    open,
    parameters.map(({ name }) => name),
  );
  const ownOutputs = open.builder.graph.output ?? [];
  const ownNames = new Set(ownOutputs.map(({ name }) => name));
  const further = outputs.filter((name) => !ownNames.has(name));
  const bytes = writeModel(open, [...ownOutputs, ...further.map((name) => floatValue(name))]);
  const held = heldBy(parameters, inputsOfParameters);
  const session = await openSession(runtime, bytes, { threads, held, name: 'model in training' });
  const { inputs, leftOut, outputNames } = session;
  return {
    async run(batch, limit) {
      const results = await session.run({ inputs: batch.inputs }, limit);
      return { samples: results.samples, outputs: outputs.map((name) => results.outputs[name]) };
    },
    answers: ({ inputs }, limit) => session.run({ inputs }, limit),
    judged: outputs,
    own: { inputs, leftOut, outputNames: outputNames.filter((name) => ownNames.has(name)) },
    release: () => session.release(),
  };
}

async function gradientsOf(
  session: Session,
  graph: GradientGraph,
  names: readonly string[],
  batch: Batch,
  targets: Outputs,
): Promise<{ loss: number; gradients: Float32Array[] }> {
  const wanted = graph.targets.map(({ name }, i) => [name, targets[i]] as const);
  const inputs = { ...named(batch, graph.inputs), ...Object.fromEntries(wanted) };
  let loss = 0;
  let samples = 0;
  const sums: Float32Array[] = [];
  for (const part of partsOf(inputs, batchSizeOf(session, graph), countIn(batch))) {
    const run = await session.run({ inputs: part });
    const before = samples / (samples + run.samples);
    samples += run.samples;
    loss = before * loss + (1 - before) * run.outputs[graph.loss].data[0];
    for (const [i, name] of names.entries()) {
      const gradient = run.outputs[present(graph.gradients.get(name))].data as Float32Array;
      const sum = sums[i];
      if (!sum) sums[i] = gradient;
      else for (let j = 0; j < sum.length; j++) sum[j] = before * sum[j] + (1 - before) * gradient[j];
    }
  }
  return { loss, gradients: sums };
}

/** The batch size of a model that has a fixed one: every input of its own says so, and the same. */
function batchSizeOf({ inputs }: Session, graph: GradientGraph): number | undefined {
  const sizes = new Set(inputs.filter(({ name }) => graph.inputs.includes(name)).map(({ shape }) => shape[0]));
  const [size] = sizes;
  return sizes.size === 1 && isFixed(size) ? size : undefined;
}

function countIn({ inputs }: Batch): number {
  return Object.values(inputs).find(({ dims }) => dims.length > 0)?.dims[0] ?? 1;
}

/** The batch in pieces of a size, without what is left over, which could only be filled up with samples seen already. */
function* partsOf(inputs: Batch['inputs'], size: number | undefined, samples: number): Iterable<Batch['inputs']> {
  if (size === undefined || size === samples) {
    yield inputs;
    return;
  }
  if (samples < size) {
    const message = `training: expected steps of at least ${size} samples, as the model takes them, got ${samples}; give a larger batch size, or more samples`;
    throw new FxqError('CONFIG', message, { expected: size, actual: samples });
  }
  for (let start = 0; start + size <= samples; start += size) {
    const parts = Object.entries(inputs).map(([name, input]) => {
      // Outputs may have several rows a sample; a scalar has none.
      const rows = input.dims[0] / samples;
      if (!Number.isInteger(rows)) return [name, input] as const;
      const length = rows * countOf(input.dims.slice(1));
      const data = input.data.subarray(start * length, (start + size) * length);
      return [name, { ...input, data, dims: [size * rows, ...input.dims.slice(1)] }] as const;
    });
    yield Object.fromEntries(parts);
  }
}

/** A single array of any name feeds a model with a single input: here it gets that name, because targets come beside it. */
function named({ inputs }: Batch, names: readonly string[]): Batch['inputs'] {
  const arrays = Object.values(inputs);
  return names.length === 1 && arrays.length === 1 ? { [names[0]]: arrays[0] } : inputs;
}
