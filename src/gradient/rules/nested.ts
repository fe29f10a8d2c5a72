import type { onnx } from 'onnx-proto';
import { GraphBuilder } from '../../graph/builder.js';
import { copyMessage } from '../../graph/copy.js';
import { floatValue, keepOnly } from '../../graph/open-model.js';

/** A copy of a nested graph, to which a backward pass can be appended. */
export interface Nested {
  readonly builder: GraphBuilder;
  /** The nodes that it came with. */
  readonly nodes: readonly onnx.INodeProto[];
  /** Names of its outputs. */
  readonly outputs: readonly string[];
}

/** @param around - builds the graph that the nested one stands in */
export function openNested(around: GraphBuilder, graph: onnx.IGraphProto): Nested {
  const copy: onnx.IGraphProto = copyMessage(graph);
  for (const list of ['node', 'initializer', 'input', 'output'] as const) copy[list] ??= [];
  return {
    builder: new GraphBuilder(copy, around),
    nodes: [...(copy.node ?? [])],
    outputs: (copy.output ?? []).map(({ name }) => name ?? ''),
  };
}

/** The graph with these outputs alone, under names of their own, and without what they do not need. */
export function closeNested(
  { builder }: Nested,
  outputs: readonly string[],
  types: readonly onnx.IValueInfoProto[] = [],
): onnx.IGraphProto {
  const { graph } = builder;
  const declared = outputs.map((value, i) => ({
    ...(types[i] ?? floatValue('')),
    name: builder.emit('Identity', [value]),
  }));
  const { input } = graph;
  keepOnly({ builder }, declared);
  // What is handed to a body goes by its place, whether it is read or not.
  return { ...graph, input: input ?? [], valueInfo: [] };
}

/** Gradients of outputs by what they are of: a graph may give out the same value twice. */
export function seedsOf(
  builder: GraphBuilder,
  pairs: readonly (readonly [output: string, gradient: string])[],
): Map<string, string> {
  const seeds = new Map<string, string>();
  for (const [output, gradient] of pairs) {
    const other = seeds.get(output);
    seeds.set(output, other === undefined ? gradient : builder.emit('Add', [other, gradient]));
  }
  return seeds;
}
