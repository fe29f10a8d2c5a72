import type { Normalisation } from '../gradient/batch-statistics.js';
import type { OutputOptions } from '../gradient/outputs.js';
import { present } from '../guards.js';
import type { Model, Tensor } from '../model/model.js';
import { selector } from '../model/selectors.js';
import { readWeights } from '../model/weights.js';
import type { StageContext } from '../stages/stage.js';
import { type Folding, foldingsOf } from './folded.js';
import type { TrainedFormats } from './formats.js';
import type { Settled, TuneOptions, TunePruneTarget } from './options.js';
import type { Parameter } from './parameter.js';
import { openParameters } from './parameters.js';
import { createPruner, type Pruner, type PruningPlan } from './pruning.js';
import { openRange, type RoundedValue, roundedValues } from './ranges.js';
import { normalisations, openStatistics } from './statistics.js';
import type { TrainedGraph } from './trained-graph.js';

/** What is trained, and with which options. */
export interface Subject {
  readonly model: Model;
  readonly graph: TrainedGraph;
  readonly options: TuneOptions;
  readonly settled: Settled;
  readonly judged: OutputOptions;
  readonly formats: TrainedFormats;
  readonly onNote: StageContext['onNote'];
}

/** All that a training moves, and what of the graph its phases are about. */
export interface Opened {
  readonly parameters: readonly Parameter[];
  /** Values that the graph rounds by ranges which move. */
  readonly ranged: readonly RoundedValue[];
  /** Layers whose statistics move. */
  readonly layers: readonly Normalisation[];
}

/** Opens all that a training moves: weights, statistics that follow batches, and ranges; what has nothing to be about is told. */
export function openAll({ model, graph, options, settled, judged, formats, onNote }: Subject): Opened {
  const { ranges: kind, statistics } = settled;
  const ranged = kind === 'kept' ? [] : roundedValues(graph);
  const layers = statistics === 'kept' ? [] : normalisations(graph);
  if (statistics !== 'kept' && layers.length === 0) {
    onNote?.('there is no BatchNormalization whose statistics are stored for it alone, so none are followed');
  }
  const foldings = statistics === 'folded' ? foldingsOf(model, graph, layers) : new Map<Tensor, Folding>();
  const parameters: Parameter[] = [];
  const valuesOf = (name: string) => {
    const parameter = parameters.find((each) => each.name === name);
    return parameter?.values ?? readWeights(present(graph.stored.get(name)).tensor);
  };
  parameters.push(
    ...openStatistics(graph, layers),
    ...openParameters(graph, options, judged, formats, { foldings, valuesOf }),
    ...ranged.flatMap((value) => (kind === 'kept' ? [] : [openRange(value, kind)])),
  );
  // Weights are written after what their factors are made of.
  parameters.sort((a, b) => Number(a.written !== undefined) - Number(b.written !== undefined));
  if (settled.reassign && !parameters.some(({ isShared }) => isShared)) {
    onNote?.('no weights share values, so none come to share others of these');
  }
  return { parameters, ranged, layers };
}

/** What prunes the parameters for which there is a density; of those that cannot be pruned it is told. */
export function openPruner(
  parameters: readonly Parameter[],
  { density, include, exclude, rules }: TuneOptions,
  plan: PruningPlan,
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
  if (densities.size > 0) return createPruner(parameters, densities, plan);
  if (plan.regrow > 0) onNote?.('nothing is pruned, so nothing comes back; give a density, too');
  return undefined;
}
