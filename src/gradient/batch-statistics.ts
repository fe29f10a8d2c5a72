import type { onnx } from 'onnx-proto';
import type { GraphBuilder } from '../graph/builder.js';
import { type OpenModel, openModel } from '../graph/open-model.js';
import type { Followed } from './gradient-graph.js';
import { BY_BATCH, centredBy, flattened, perChannel } from './rules/batch-normalization.js';
import { timesSmaller } from './rules/reduce.js';

/** A BatchNormalization whose statistics are stored, and the names of these. */
export interface Normalisation {
  readonly node: onnx.INodeProto;
  readonly mean: string;
  readonly variance: string;
}

/**
 * What stored statistics follow while the layers normalise by them: those of each batch. It is for one graph.
 *
 * Source: ONNX, BatchNormalization with training_mode: the variance is that of the population.
 */
export function followedStatistics(layers: readonly Normalisation[]): Followed {
  return new Map(
    layers.flatMap(({ node, mean, variance }) => {
      const [x = ''] = node.input ?? [];
      // Both of one look at the batch.
      let made: ReturnType<typeof statisticsOf> | undefined;
      const observe = (builder: GraphBuilder) => {
        made ??= statisticsOf(builder, x);
        return made;
      };
      return [
        [mean, (builder: GraphBuilder) => observe(builder).mean] as const,
        [variance, (builder: GraphBuilder) => observe(builder).variance] as const,
      ];
    }),
  );
}

/**
 * The graph whose layers normalise by the statistics of the batch, and what stored ones follow in it.
 *
 * Source: Ioffe & Szegedy 2015, algorithm 1.
 */
export function byBatch(source: OpenModel, layers: readonly Normalisation[]): { open: OpenModel; followed: Followed } {
  const open = openModel(source);
  const { builder } = open;
  const byOutput = new Map(layers.map((layer) => [layer.node.output?.[0], layer]));
  const followed = new Map<string, (builder: GraphBuilder) => string>();
  const nodes = builder.graph.node ?? [];
  builder.graph.node = [];
  for (const node of nodes) {
    const layer = byOutput.get(node.output?.[0]);
    if (!layer) {
      builder.graph.node.push(node);
      continue;
    }
    const { mean, variance } = normalise(builder, node);
    followed.set(layer.mean, () => mean);
    followed.set(layer.variance, () => variance);
  }
  return { open, followed };
}

/** Appends a layer by the statistics of the batch. */
function normalise(builder: GraphBuilder, node: onnx.INodeProto): { mean: string; variance: string } {
  const [x = '', scale = '', bias = ''] = node.input ?? [];
  const { mean, variance } = statisticsOf(builder, x);
  builder.graph.node?.push({ ...node, input: [x, scale, bias, mean, variance], docString: BY_BATCH });
  return { mean, variance };
}

/** Each channel's mean and variance over a batch and all its places. */
function statisticsOf(builder: GraphBuilder, x: string): { mean: string; variance: string } {
  const flat = flattened(builder, x);
  const sum = perChannel(builder, flat);
  const count = timesSmaller(builder, flat, sum);
  const mean = builder.emit('Div', [sum, count]);
  const centred = centredBy(builder, flat, mean);
  const squares = perChannel(builder, builder.emit('Mul', [centred, centred]));
  return { mean, variance: builder.emit('Div', [squares, count]) };
}
