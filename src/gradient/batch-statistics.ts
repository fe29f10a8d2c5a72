import type { onnx } from 'onnx-proto';
import { int, readFloat } from '../graph/attributes.js';
import type { GraphBuilder } from '../graph/builder.js';
import { type OpenModel, openModel } from '../graph/open-model.js';
import { present } from '../guards.js';
import type { Followed } from './gradient-graph.js';
import { timesSmaller } from './rules/reduce.js';

/** A BatchNormalization whose statistics are stored, and the names of these. */
export interface Normalisation {
  readonly node: onnx.INodeProto;
  readonly mean: string;
  readonly variance: string;
}

/**
 * What stored statistics follow while the layers normalise by them: those of each batch.
 *
 * Source: ONNX, BatchNormalization with training_mode: the variance is that of the population.
 */
export function followedStatistics(layers: readonly Normalisation[]): Followed {
  return new Map(
    layers.flatMap(({ node, mean, variance }) => {
      const [x = ''] = node.input ?? [];
      return [
        [mean, (builder: GraphBuilder) => perChannel(builder, statisticsOf(builder, x).mean)] as const,
        [variance, (builder: GraphBuilder) => perChannel(builder, statisticsOf(builder, x).variance)] as const,
      ];
    }),
  );
}

/**
 * The graph whose layers normalise by the statistics of the batch, made of operators that have gradients, and what stored ones
 * follow in it.
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
    followed.set(layer.mean, (later) => perChannel(later, mean));
    followed.set(layer.variance, (later) => perChannel(later, variance));
  }
  return { open, followed };
}

/** Appends what a layer computes, by the statistics of the batch. */
function normalise(builder: GraphBuilder, node: onnx.INodeProto): { mean: string; variance: string } {
  const [x = '', scale = '', bias = ''] = node.input ?? [];
  const { mean, variance, centred } = statisticsOf(builder, x);
  const epsilon = builder.float(readFloat(node, 'epsilon', 1e-5));
  const deviation = builder.emit('Sqrt', [builder.emit('Add', [variance, epsilon])]);
  const [factor, shift] = [scale, bias].map((name) => builder.emit('Unsqueeze', [name, builder.ints([1])]));
  const scaled = builder.emit('Mul', [centred, builder.emit('Div', [factor, deviation])]);
  builder.emit('Reshape', [builder.emit('Add', [scaled, shift]), builder.shape(x)]);
  present(builder.graph.node?.at(-1)).output = (node.output ?? []).slice(0, 1);
  return { mean, variance };
}

/** Each channel's mean and variance over a batch and all its places, both [1, channels, 1], and the distances from the mean. */
function statisticsOf(builder: GraphBuilder, x: string): { mean: string; variance: string; centred: string } {
  const flat = builder.emit('Reshape', [x, builder.ints([0, 0, -1])]);
  const mean = meanOf(builder, flat);
  const centred = builder.emit('Sub', [flat, mean]);
  return { mean, variance: meanOf(builder, builder.emit('Mul', [centred, centred])), centred };
}

function meanOf(builder: GraphBuilder, flat: string): string {
  const sum = (value: string, axis: number) =>
    builder.emit('ReduceSum', [value, builder.ints([axis])], [int('keepdims', 1)]);
  const whole = sum(sum(flat, 2), 0);
  return builder.emit('Div', [whole, timesSmaller(builder, flat, whole)]);
}

function perChannel(builder: GraphBuilder, value: string): string {
  return builder.emit('Reshape', [value, builder.ints([-1])]);
}
