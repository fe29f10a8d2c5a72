import { inlineBranches } from '../calibrate/inline.js';
import type { Batch, Dataset } from '../data/dataset.js';
import { type Dims, randomDataset } from '../data/random.js';
import { FxqError } from '../errors.js';
import { isStandard } from '../graph/attributes.js';
import { valuesRead } from '../graph/builder.js';
import { copyOf, type DecodedGraph, graphOf } from '../graph/decoded-graph.js';
import { keepOnly, writeModel } from '../graph/open-model.js';
import type { Model } from '../model/model.js';
import { type Port, readInterface } from '../onnx/interface.js';
import { type Feeder, runGraph } from '../runtime/batches.js';
import { feedsOf } from '../runtime/feeds.js';
import { loadRuntime, type Runtime, type RuntimeMetadata } from '../runtime/runtime.js';
import { typesOf } from '../runtime/types.js';
import type { Computation, ValueShape } from './computation.js';

/** How a model is looked at. */
export interface SurveyOptions {
  /** Sizes of dynamic dimensions by name, `input[axis]` where they have none. Default: one sample, and what random inputs have. */
  readonly dims?: Dims | undefined;
  /** Inputs whose sizes are taken, of one sample. Default: inputs at random. */
  readonly dataset?: Dataset | undefined;
  /** Default: `onnxruntime-node`, or `onnxruntime-web`. */
  readonly runtime?: Runtime | undefined;
  readonly threads?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A model as it runs, and the shapes of all its values. */
export interface SurveyedModel {
  readonly computation: Computation;
  readonly values: ReadonlyMap<string, ValueShape>;
  /** Values that are no tensors, whose size nothing tells. */
  readonly unsized: readonly string[];
}

/**
 * Finds the shapes of all values of a model: those that ONNX Runtime infers, and where that needs numbers, by a run on inputs at
 * random. Branches that always run stand in the place of their `If`; what happens inside loops is not looked at.
 *
 * @throws RangeError for sizes of dimensions that the model does not have; FxqError `RUNTIME`, `MISSING_PACKAGE`
 */
export async function surveyValues(model: Model, options: SurveyOptions = {}): Promise<SurveyedModel> {
  const { dims, threads, signal } = options;
  const ports = readInterface(model).inputs;
  // Made inputs have as many samples as they are asked for.
  const sample = options.dataset
    ? await firstBatch(ports, options.dataset, 1)
    : await firstBatch(ports, randomDataset(ports, { dims }));
  async function* batches() {
    yield sample;
  }
  const runtime = options.runtime ?? (await loadRuntime());
  const feeder: Feeder = { batches, limit: 1, runtime, threads, signal };
  const values = new Map<string, ValueShape>();
  for (const { name, type } of ports) values.set(name, { type, dims: sample.inputs[name].dims });
  const graph = fixedInputs(await inlineBranches(graphOf(model), feeder), values);
  const computation = computationOf(graph);
  const unknown: RuntimeMetadata[] = [];
  const unsized: string[] = [];
  for (const metadata of await typesOf(
    graph,
    computation.steps.flatMap(({ makes }) => makes),
    runtime,
  )) {
    const { name, isTensor, type = '', shape = [] } = metadata;
    const known = shape.filter((dim) => typeof dim === 'number');
    if (!isTensor || type === 'string') unsized.push(name);
    else if (known.length === shape.length && known.length > 0) values.set(name, { type, dims: known });
    else unknown.push(metadata);
  }
  for (const [name, shape] of await ranShapes(graph, unknown, feeder)) values.set(name, shape);
  return { computation, values, unsized };
}

/**
 * The first batch, as the model takes it.
 *
 * @param limit - at most so many of its samples
 */
async function firstBatch(ports: readonly Port[], dataset: Dataset, limit?: number): Promise<Batch> {
  for await (const batch of dataset({ limit: 1, batchSize: 1 })) {
    const [feed] = feedsOf(ports, batch, limit).feeds;
    if (feed) return { inputs: Object.fromEntries(feed.arrays.map(({ name, data, dims }) => [name, { data, dims }])) };
  }
  throw new FxqError('DATASET', 'data set: expected at least one sample, got none');
}

/** The graph with what any output depends on, its inputs declared with the sizes that they have. */
function fixedInputs(graph: DecodedGraph, values: ReadonlyMap<string, ValueShape>): DecodedGraph {
  const open = copyOf(graph.open);
  const main = open.builder.graph;
  keepOnly(open, main.output ?? []);
  main.input = (main.input ?? []).map((input) => {
    const dims = values.get(input.name ?? '')?.dims;
    const tensorType = dims && { ...input.type?.tensorType, shape: { dim: dims.map((dimValue) => ({ dimValue })) } };
    return tensorType ? { ...input, type: { tensorType } } : input;
  });
  return { ...graph, open };
}

/** The nodes in their order; constants are parameters, and no steps. */
function computationOf({ open }: DecodedGraph): Computation {
  const { graph } = open.builder;
  const nodes = (graph.node ?? []).filter((node) => node.opType !== 'Constant' || !isStandard(node));
  const inputs = (graph.input ?? []).map(({ name }) => name ?? '');
  const computed = new Set([...inputs, ...nodes.flatMap(({ output }) => output ?? [])]);
  return {
    inputs,
    outputs: (graph.output ?? []).map(({ name }) => name ?? '').filter((name) => computed.has(name)),
    steps: nodes.map((node) => ({
      name: node.name || node.output?.find((name) => name !== '') || '',
      op: node.opType ?? '',
      // What nested graphs read comes behind the node's own inputs.
      reads: [...(node.input ?? []), ...valuesRead(node)].map((name) => (computed.has(name) ? name : '')),
      makes: (node.output ?? []).filter((name) => name !== ''),
    })),
  };
}

/** The shapes of values by a run. */
async function ranShapes(
  { open }: DecodedGraph,
  unknown: readonly RuntimeMetadata[],
  feeder: Feeder,
): Promise<Map<string, ValueShape>> {
  const found = new Map<string, ValueShape>();
  if (unknown.length === 0) return found;
  const copy = copyOf(open);
  const shapes = unknown.map(({ name }) => copy.builder.emit('Shape', [name]));
  const bytes = writeModel(
    copy,
    shapes.map((name) => ({ name })),
  );
  await runGraph(bytes, feeder, (outputs) => {
    for (const [i, { name, type = '' }] of unknown.entries()) {
      found.set(name, { type, dims: Array.from(outputs[shapes[i]].data, Number) });
    }
  });
  return found;
}
