import { byBatch, followedStatistics, type Normalisation } from '../gradient/batch-statistics.js';
import type { Followed } from '../gradient/gradient-graph.js';
import { int } from '../graph/attributes.js';
import type { DecodedGraph } from '../graph/decoded-graph.js';
import type { OpenModel } from '../graph/open-model.js';
import type { Settled } from './options.js';
import type { RoundedValue } from './ranges.js';
import { withoutRounding } from './unrounded.js';

/** A part of a training: what graph its gradients are of. */
export interface Phase {
  /** The share of the epochs at which it begins. */
  readonly from: number;
  readonly open: OpenModel;
  /** Parameters that follow what batches show, in the place of a gradient. */
  readonly followed: Followed;
}

/**
 * The parts of a training, in their order: before values are rounded and after, while statistics follow the batches and when they
 * are frozen.
 *
 * Source: PocketFlow, `uqtf_quant_delay` and `uqtf_freeze_bn_delay`; Jacob et al. 2018, §3.1.
 *
 * @param ranged - values that the graph rounds
 * @param layers - whose statistics follow the batches
 */
export function phasesOf(
  graph: DecodedGraph,
  ranged: readonly RoundedValue[],
  layers: readonly Normalisation[],
  {
    ranges,
    statistics,
    roundAfter,
    freezeAfter,
  }: Pick<Settled, 'ranges' | 'statistics' | 'roundAfter' | 'freezeAfter'>,
): Phase[] {
  const unrounded = roundAfter > 0 ? withoutRounding(graph) : undefined;
  const turns = [0, unrounded ? roundAfter : 0, layers.length > 0 ? freezeAfter : 0].filter((from) => from < 1);
  const ofRanges: Followed = new Map(
    ranges === 'ema'
      ? ranged.map(({ step, value, reach }) => [
          step,
          (builder) => {
            const largest = builder.emit('ReduceMax', [builder.emit('Abs', [value])], [int('keepdims', 0)]);
            return builder.emit('Div', [largest, builder.float(reach)]);
          },
        ])
      : [],
  );
  return [...new Set(turns)]
    .sort((a, b) => a - b)
    .map((from) => {
      const rounded = (from < roundAfter && unrounded) || graph.open;
      const isFrozen = from >= freezeAfter;
      const { open, followed } =
        statistics === 'batch' && !isFrozen
          ? byBatch(rounded, layers)
          : { open: rounded, followed: isFrozen ? frozen(layers) : followedStatistics(layers) };
      return { from, open, followed: new Map([...ofRanges, ...followed]) };
    });
}

/** Statistics that follow themselves stay what they are. */
function frozen(layers: readonly Normalisation[]): Followed {
  return new Map(layers.flatMap(({ mean, variance }) => [mean, variance].map((name) => [name, () => name])));
}
