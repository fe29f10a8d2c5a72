import type { onnx } from 'onnx-proto';
import type { Tensor } from '../../model/model.js';
import { isStandard } from '../attributes.js';
import { valuesRead } from '../builder.js';
import { type DecodedGraph, RECURRENT } from '../decoded-graph.js';
import { viewOf } from '../view.js';

/** A place where a layer takes in a value that is computed or fed. */
export interface Site {
  readonly node: onnx.INodeProto;
  /** Where the node stands among the nodes of the main graph. */
  readonly index: number;
  /** Which of the node's inputs it is. */
  readonly input: number;
  readonly value: string;
  /** What the value is multiplied by, where that is stored. */
  readonly weights: Tensor | undefined;
}

/** Inputs that are multiplied, by operator. */
const FACTORS: Readonly<Record<string, readonly number[]>> = {
  Conv: [0, 1],
  ConvTranspose: [0, 1],
  Gemm: [0, 1],
  MatMul: [0, 1],
};

/** The inputs of Conv, ConvTranspose, Gemm, MatMul and recurrent layers in the main graph, in the order in which they run. */
export function findSites(graph: DecodedGraph): Site[] {
  const computed = computedValues(graph);
  return (graph.open.builder.graph.node ?? []).flatMap((node, index) => {
    const isRecurrent = RECURRENT.has(node.opType ?? '');
    const factors = isRecurrent ? [0, 1] : FACTORS[node.opType ?? ''];
    if (!factors || !isStandard(node)) return [];
    const names = factors.map((input) => node.input?.[input] ?? '');
    const weights = names.map((name) => viewOf(graph, name)?.stored.tensor);
    return (isRecurrent ? [0] : factors).flatMap((input) => {
      const value = names[input];
      return computed.has(value) ? [{ node, index, input, value, weights: weights[1 - input] }] : [];
    });
  });
}

/** The values of the main graph that depend on what is fed. */
export function computedValues({ open }: DecodedGraph): Set<string> {
  const { graph } = open.builder;
  const computed = new Set((graph.input ?? []).map(({ name }) => name ?? ''));
  for (const node of graph.node ?? []) {
    if (!valuesRead(node).some((name) => computed.has(name))) continue;
    for (const name of node.output ?? []) if (name) computed.add(name);
  }
  return computed;
}
