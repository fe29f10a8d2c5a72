import type { Split } from '../data/split.js';
import { realRows } from '../evaluate/padding.js';
import type { DecodedGraph } from '../graph/decoded-graph.js';
import { type Layer, readsOf } from '../graph/layers.js';
import { createRandom, normal, type Random } from '../random.js';
import { type Feeder, runPieces, withSession } from '../runtime/batches.js';
import type { OutputArray, Session } from '../runtime/session.js';
import type { RowCosts } from './job.js';
import { type LookupCosts, lookupShares } from './lookups.js';
import { probesFor } from './plan.js';
import { canCouple, probeGraph } from './probe-graph.js';
import type { Survey } from './survey.js';

/** Probes where rows are by themselves: what is wanted is the size of a mean square, not its last digit. */
const PROBES = 256;

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
 * @returns the costs of every layer whose readers have outputs of their own; nothing where an operator on the way has
 *   no gradient rule, as one with subgraphs
 */
export async function probeLayers({
  graph: original,
  layers,
  survey,
  seed,
  feeder,
  split,
  isTwoSided,
}: ProbeSubject): Promise<ProbedCosts | undefined> {
  const probed = layers.filter((layer) => readsOf(layer).every(({ output }) => output !== undefined));
  if (probed.length === 0) return undefined;
  const isCoupled = (layer: Layer) => isTwoSided && canCouple(layer);
  const graph = probeGraph(original.open, probed, survey, isCoupled);
  if (!graph) return undefined;
  const { runtime, threads } = feeder;
  const random = createRandom(seed);
  const sums = new Map<string, ProbeSum>();
  const counts = new Map<Layer, Float64Array>();
  const spread = spreadMeter();
  const limit = isTwoSided ? Math.max(PROBES, probesFor(layers, survey)) : PROBES;
  // Matrices need more probes than there may be inputs.
  const times = isTwoSided ? Math.max(1, Math.round(limit / (split.calibrationBatches * split.batchSize))) : 1;
  const probeBatches = async (forward: Session, backward: Session) => {
    for await (const run of runPieces(forward, { ...feeder, limit })) {
      const output = run.outputs[graph.output];
      // What only fills up a line is neither probed nor counted.
      const isReal = ({ dims, data }: OutputArray, width: number) => realRows(run, dims, data.length / width);
      const isPosition = isReal(output, widthOf(output));
      spread.add(output, isPosition);
      for (const [layer, names] of graph.indices) {
        for (const name of names) countRows(layer, run.outputs[name], isReal(run.outputs[name], 1), counts);
      }
      for (let time = 0; time < times; time++) {
        const seeds = { data: probe(output, isPosition, random), dims: output.dims };
        const inputs = { ...run.inputs, [graph.seed]: seeds };
        for await (const { outputs } of backward.runs({ inputs })) {
          for (const name of [...graph.sums.values(), ...graph.lookups.values()]) {
            const { data } = outputs[name];
            // The slope of a logarithm at nought, as where a recording is silent, says nothing.
            if (!data.every(Number.isFinite)) continue;
            const sum = sums.get(name) ?? { values: new Float64Array(data.length), probes: 0 };
            sums.set(name, sum);
            sum.probes += run.samples;
            for (let i = 0; i < data.length; i++) sum.values[i] += data[i];
          }
        }
      }
    }
  };
  await withSession(runtime, graph.forward, { threads }, (forward) =>
    withSession(runtime, graph.backward, { threads }, (backward) => probeBatches(forward, backward)),
  );
  const variance = spread.variance();
  if (!(variance > 0) || !Number.isFinite(variance)) return undefined;
  const scaled = <T>(names: ReadonlyMap<Layer, string>, costs: (layer: Layer, sums: Float64Array) => T) =>
    new Map(
      Array.from(names).flatMap(([layer, name]): [Layer, T][] => {
        const { values, probes } = sums.get(name) ?? { values: new Float64Array(), probes: 0 };
        return probes > 0
          ? [
              [
                layer,
                costs(
                  layer,
                  values.map((sum) => sum / (probes * variance)),
                ),
              ],
            ]
          : [];
      }),
    );
  return {
    rows: scaled(graph.sums, (layer, costs) => costsOf(layer, costs, isCoupled(layer))),
    lookups: scaled(graph.lookups, (layer, products) => {
      const shares = lookupShares(counts.get(layer) ?? new Float64Array(layer.rows));
      return { products, shares };
    }),
  };
}

/** What probes have come to, and how many of them. */
interface ProbeSum {
  readonly values: Float64Array;
  probes: number;
}

/** What errors of layers cost: of rows by which is multiplied, and of those that are looked up. */
export interface ProbedCosts {
  readonly rows: ReadonlyMap<Layer, RowCosts>;
  readonly lookups: ReadonlyMap<Layer, LookupCosts>;
}

/** Counts which rows of a table are looked up; numbers below nought count from its end. */
function countRows(
  layer: Layer,
  { data }: OutputArray,
  isReal: (at: number) => boolean,
  counts: Map<Layer, Float64Array>,
): void {
  const count = counts.get(layer) ?? new Float64Array(layer.rows);
  counts.set(layer, count);
  for (let i = 0; i < data.length; i++) if (isReal(i)) count[data[i] < 0 ? data[i] + layer.rows : data[i]]++;
}

function costsOf({ groups, rows }: Layer, sums: Float64Array, isCoupled: boolean): RowCosts {
  const place = (row: number) => (isCoupled ? row * rows + (row % rows) : row % sums.length);
  const squares = Float64Array.from({ length: groups * rows }, (_, row) => sums[place(row)]);
  return { squares, products: isCoupled ? sums : undefined };
}

type IsRow = (row: number) => boolean;

/** How many scores are about one decision. */
function widthOf({ dims }: OutputArray): number {
  return dims[dims.length - 1] ?? 1;
}

/** Normal numbers of mean zero over the last axis: adding the same to all logits changes nothing. */
function probe(output: OutputArray, isReal: IsRow, random: Random): Float32Array {
  const width = widthOf(output);
  const values = new Float32Array(output.data.length);
  for (let start = 0; start < values.length; start += width) {
    if (!isReal(start / width)) continue;
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
function spreadMeter(): { add(output: OutputArray, isReal: IsRow): void; variance(): number } {
  let energy = 0;
  let count = 0;
  return {
    add(output, isReal) {
      const width = widthOf(output);
      const { data } = output;
      for (let start = 0; start < data.length; start += width) {
        if (!isReal(start / width)) continue;
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
