import type { onnx } from 'onnx-proto';
import type { Split } from '../data/split.js';
import { FxqError } from '../errors.js';
import { logitsBehind } from '../gradient/cross-entropy.js';
import { appendJacobian } from '../gradient/gradient-graph.js';
import { firstOutput } from '../gradient/outputs.js';
import type { GraphBuilder } from '../graph/builder.js';
import type { DecodedGraph } from '../graph/decoded-graph.js';
import type { Layer } from '../graph/layers.js';
import { floatValue, type OpenModel, openModel, writeModel } from '../graph/open-model.js';
import { present } from '../guards.js';
import { createRandom, normal, type Random } from '../random.js';
import { type Feeder, runPieces, withSession } from '../runtime/batches.js';
import type { OutputArray, Session } from '../runtime/session.js';
import { asFloat, reshape, transpose } from './columns.js';
import type { RowCosts } from './job.js';
import { probesFor } from './plan.js';
import type { Survey } from './survey.js';

/** Probes where rows are by themselves: what is wanted is the size of a mean square, not its last digit. */
const PROBES = 256;
/** Of more rows, products are as much work and memory as the inputs' moments, and more. */
const MOST_COUPLED = 1024;

/** What is probed, and on which inputs. */
export interface ProbeSubject {
  readonly graph: DecodedGraph;
  readonly layers: readonly Layer[];
  readonly survey: Survey;
  /** Of the probes. */
  readonly seed: number;
  readonly feeder: Feeder;
  readonly split: Split;
  /** Whether errors of several rows are looked at together. */
  readonly isTwoSided: boolean;
}

/**
 * What an error of each output row of each layer costs: how far random zero-mean combinations of the model's outputs
 * move with it, squared and summed over the row's places, relative to how far the outputs move from input to input.
 * (A Gauss–Newton matrix, estimated by back-propagated probes: its
 * diagonal, or all that it holds of two rows of a layer.)
 *
 * @returns the costs of every layer with an output of its own; nothing where an operator on the way has
 *   no gradient rule, as one with subgraphs
 */
export async function probeRows({
  graph: original,
  layers,
  survey,
  seed,
  feeder,
  split,
  isTwoSided,
}: ProbeSubject): Promise<Map<Layer, RowCosts> | undefined> {
  const probed = layers.filter(({ output }) => output !== undefined);
  if (probed.length === 0) return undefined;
  const isCoupled = (layer: Layer) => isTwoSided && canCouple(layer);
  const graph = graphFor(original.open, probed, survey, isCoupled);
  if (!graph) return undefined;
  const { runtime, threads } = feeder;
  const random = createRandom(seed);
  const sums = new Map<Layer, Float64Array>();
  const spread = spreadMeter();
  const limit = isTwoSided ? Math.max(PROBES, probesFor(layers, survey)) : PROBES;
  // Matrices need more probes than there may be inputs.
  const times = isTwoSided ? Math.max(1, Math.round(limit / (split.calibrationBatches * split.batchSize))) : 1;
  let probes = 0;
  const probeBatches = async (forward: Session, backward: Session) => {
    for await (const run of runPieces(forward, { ...feeder, limit })) {
      const output = run.outputs[graph.output];
      spread.add(output);
      for (let time = 0; time < times; time++) {
        const seeds = { data: probe(output, random), dims: output.dims };
        const inputs = { ...run.inputs, [graph.seed]: seeds };
        for await (const { outputs } of backward.runs({ inputs })) {
          for (const [layer, name] of graph.sums) {
            const { data } = outputs[name];
            const sum = sums.get(layer) ?? new Float64Array(data.length);
            sums.set(layer, sum);
            for (let i = 0; i < sum.length; i++) sum[i] += data[i];
          }
        }
        probes += run.samples;
      }
    }
  };
  await withSession(runtime, graph.forward, { threads }, (forward) =>
    withSession(runtime, graph.backward, { threads }, (backward) => probeBatches(forward, backward)),
  );
  const scale = 1 / (probes * spread.variance());
  if (!Number.isFinite(scale)) return undefined;
  const costs = new Map<Layer, RowCosts>();
  for (const [layer, sum] of sums) {
    for (let i = 0; i < sum.length; i++) sum[i] *= scale;
    costs.set(layer, costsOf(layer, sum, isCoupled(layer)));
  }
  return costs;
}

function costsOf({ groups, rows }: Layer, sums: Float64Array, isCoupled: boolean): RowCosts {
  const place = (row: number) => (isCoupled ? row * rows + (row % rows) : row % sums.length);
  const squares = Float64Array.from({ length: groups * rows }, (_, row) => sums[place(row)]);
  return { squares, products: isCoupled ? sums : undefined };
}

/** Rows make up for errors of others in their own group only; of batched matrices the costs of all groups are seen as one. */
function canCouple({ node, groups, rows }: Layer): boolean {
  return rows > 1 && rows <= MOST_COUPLED && (isConvolution(node) || groups === 1);
}

function isConvolution({ opType }: onnx.INodeProto): boolean {
  return opType === 'Conv' || opType === 'ConvTranspose';
}

interface ProbeGraph {
  readonly forward: Uint8Array;
  readonly backward: Uint8Array;
  readonly output: string;
  readonly seed: string;
  /** The value with the sums over a layer's rows: of squares, or of products. */
  readonly sums: ReadonlyMap<Layer, string>;
}

function graphFor(
  original: OpenModel,
  layers: readonly Layer[],
  survey: Survey,
  isCoupled: (layer: Layer) => boolean,
): ProbeGraph | undefined {
  try {
    const forward = openModel(original);
    const output = logitsBehind(forward.builder, firstOutput(forward));
    const targets = layers.map((layer) => layer.output ?? '');
    const backward = openModel(original);
    const { seed, gradients } = appendJacobian(backward, { output, targets });
    const sums = new Map(
      layers.map((layer, i) => {
        const gradient = present(gradients.get(targets[i]));
        const emit = isCoupled(layer) ? sumOfProducts : sumOfSquares;
        return [
          layer,
          emit(backward.builder, layer, rowsLast(backward.builder, layer, gradient, survey.dims(targets[i]))),
        ];
      }),
    );
    const values = (names: Iterable<string>) => Array.from(names, (name) => floatValue(name));
    return {
      forward: writeModel(forward, values([output])),
      backward: writeModel(backward, values(sums.values())),
      ...{ output, seed, sums },
    };
  } catch (error) {
    // An operator has no gradient rule, or the output does not depend on one of the layers.
    if (error instanceof FxqError && (error.code === 'UNSUPPORTED' || error.code === 'CONFIG')) return undefined;
    throw error;
  }
}

/** Appends what brings a layer's output in lines, a value for each row in them: [n, rows], of convolutions all groups' rows. */
function rowsLast(builder: GraphBuilder, layer: Layer, gradient: string, dims: readonly number[]): string {
  const { node, groups, rows, operand } = layer;
  const isImage = isConvolution(node);
  const float = asFloat(builder, gradient);
  const rank = dims.length;
  const last = isImage
    ? transpose(builder, reshape(builder, float, [0, groups * rows, -1]), [0, 2, 1])
    : operand === 0
      ? transpose(builder, float, [...Array(rank - 2).keys(), rank - 1, rank - 2])
      : float;
  return reshape(builder, last, [-1, isImage ? groups * rows : rows]);
}

/** Appends the sum of squares of every row. */
function sumOfSquares(builder: GraphBuilder, _: Layer, lines: string): string {
  const squares = builder.emit('Mul', [lines, lines]);
  return builder.emit('ReduceSum', [squares, builder.ints([0])], [{ name: 'keepdims', type: 2, i: 0 }]);
}

/** Appends the sums of the products of every two rows of a group: [groups, rows, rows]. */
function sumOfProducts(builder: GraphBuilder, { groups, rows }: Layer, lines: string): string {
  const apart = reshape(builder, lines, [-1, groups, rows]);
  const turned = transpose(builder, apart, [1, 2, 0]);
  return builder.emit('MatMul', [turned, transpose(builder, apart, [1, 0, 2])]);
}

/** Normal numbers of mean zero over the last axis: adding the same to all logits changes nothing. */
function probe({ dims, data }: OutputArray, random: Random): Float32Array {
  const width = dims[dims.length - 1] ?? 1;
  const values = new Float32Array(data.length);
  for (let start = 0; start < values.length; start += width) {
    let sum = 0;
    for (let i = start; i < start + width; i++) {
      values[i] = normal(random);
      sum += values[i];
    }
    for (let i = start; width > 1 && i < start + width; i++) values[i] -= sum / width;
  }
  return values;
}

/** How far outputs are spread, about the mean of each row. */
function spreadMeter(): { add(output: OutputArray): void; variance(): number } {
  let energy = 0;
  let count = 0;
  return {
    add({ dims, data }) {
      const width = dims[dims.length - 1] ?? 1;
      for (let start = 0; start < data.length; start += width) {
        let sum = 0;
        for (let i = start; i < start + width; i++) sum += data[i];
        const mean = width > 1 ? sum / width : 0;
        for (let i = start; i < start + width; i++) energy += (data[i] - mean) ** 2;
        count++;
      }
    },
    variance: () => energy / count,
  };
}
