import { FxqError } from '../errors.js';
import { logitsBehind } from '../gradient/cross-entropy.js';
import { appendJacobian } from '../gradient/gradient-graph.js';
import { firstOutput } from '../gradient/outputs.js';
import type { DecodedGraph } from '../graph/decoded-graph.js';
import type { Layer } from '../graph/layers.js';
import { floatValue, type OpenModel, openModel, writeModel } from '../graph/open-model.js';
import { present } from '../guards.js';
import { createRandom, normal, type Random } from '../random.js';
import { type Feeder, runPieces, withSession } from '../runtime/batches.js';
import type { OutputArray, Session } from '../runtime/session.js';
import { asFloat, reshape, transpose } from './columns.js';
import type { Survey } from './survey.js';

/** Inputs that probes are sent back through: what is wanted is the size of a mean square, not its last digit. */
const PROBED_SAMPLES = 256;

/** What is probed, and on which inputs. */
export interface ProbeSubject {
  readonly graph: DecodedGraph;
  readonly layers: readonly Layer[];
  readonly survey: Survey;
  /** Of the probes. */
  readonly seed: number;
  readonly feeder: Feeder;
}

/**
 * What an error of each output row of each layer costs: how far random zero-mean combinations of the model's outputs
 * move with it, squared and summed over the row's places, relative to how far the outputs move from input to input.
 * (The diagonal of a Gauss–Newton matrix, estimated by back-propagated probes.)
 *
 * @returns the costs [groups, rows] of every layer with an output of its own; nothing where an operator on the way has
 *   no gradient rule, as one with subgraphs
 */
export async function probeRows({
  graph: original,
  layers,
  survey,
  seed,
  feeder,
}: ProbeSubject): Promise<Map<Layer, Float64Array> | undefined> {
  const probed = layers.filter(({ output }) => output !== undefined);
  if (probed.length === 0) return undefined;
  const graph = graphFor(original.open, probed, survey);
  if (!graph) return undefined;
  const { runtime, threads } = feeder;
  const random = createRandom(seed);
  const sums = new Map<Layer, Float64Array>();
  const spread = spreadMeter();
  let samples = 0;
  const probeBatches = async (forward: Session, backward: Session) => {
    for await (const run of runPieces(forward, { ...feeder, limit: PROBED_SAMPLES })) {
      const output = run.outputs[graph.output];
      spread.add(output);
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
      samples += run.samples;
    }
  };
  await withSession(runtime, graph.forward, { threads }, (forward) =>
    withSession(runtime, graph.backward, { threads }, (backward) => probeBatches(forward, backward)),
  );
  const scale = 1 / (samples * spread.variance());
  if (!Number.isFinite(scale)) return undefined;
  for (const sum of sums.values()) for (let i = 0; i < sum.length; i++) sum[i] *= scale;
  return sums;
}

interface ProbeGraph {
  readonly forward: Uint8Array;
  readonly backward: Uint8Array;
  readonly output: string;
  readonly seed: string;
  /** The value with the sums of squares of a layer's rows. */
  readonly sums: ReadonlyMap<Layer, string>;
}

function graphFor(original: OpenModel, layers: readonly Layer[], survey: Survey): ProbeGraph | undefined {
  try {
    const forward = openModel(original);
    const output = logitsBehind(forward.builder, firstOutput(forward));
    const targets = layers.map((layer) => layer.output ?? '');
    const backward = openModel(original);
    const { seed, gradients } = appendJacobian(backward, { output, targets });
    const sums = new Map(
      layers.map((layer, i) => {
        const gradient = present(gradients.get(targets[i]));
        return [layer, sumOfSquares(backward, layer, gradient, survey.dims(targets[i]).length)];
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

/** Appends the sum of squares of every row of a layer's output: [groups × rows]. */
function sumOfSquares({ builder }: OpenModel, layer: Layer, gradient: string, rank: number): string {
  const { node, groups, rows, operand } = layer;
  const all = groups * rows;
  const isImage = node.opType === 'Conv' || node.opType === 'ConvTranspose';
  const float = asFloat(builder, gradient);
  // Rows last: [.., rows].
  const last = isImage
    ? transpose(builder, reshape(builder, float, [0, all, -1]), [0, 2, 1])
    : operand === 0
      ? transpose(builder, float, [...Array(rank - 2).keys(), rank - 1, rank - 2])
      : float;
  const lines = reshape(builder, last, [-1, isImage || groups === 1 ? all : rows]);
  const squares = builder.emit('Mul', [lines, lines]);
  return builder.emit('ReduceSum', [squares, builder.ints([0])], [{ name: 'keepdims', type: 2, i: 0 }]);
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
