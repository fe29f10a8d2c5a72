import type { onnx } from 'onnx-proto';
import { isStandard } from '../attributes.js';
import type { DecodedGraph } from '../decoded-graph.js';
import { computedValues, type Site } from './sites.js';

/** Values that stand between quantized operators, so that integers can be handed from one to the next. */
export interface QdqValues {
  /** In the order in which they come up. */
  readonly values: readonly string[];
  /** Values that hold nothing but numbers of another one, whose parameters they have. */
  readonly same: ReadonlyMap<string, string>;
}

/** Operators that have integer kernels beside those of layers, and which of their inputs are numbers. */
const BETWEEN: ReadonlySet<string> = new Set(['Add', 'Concat', 'AveragePool', 'GlobalAveragePool']);
/** Operators that hand on the numbers of their first input. */
const MOVERS: ReadonlySet<string> = new Set(
  'MaxPool Reshape Flatten Transpose Squeeze Unsqueeze Slice Identity Dropout Pad'.split(' '),
);
/** What an integer kernel takes in as its bounds. */
const BOUNDS: ReadonlySet<string> = new Set(['Relu', 'Clip']);

/**
 * An operator that is better off with floats: ONNX Runtime's kernel of integers is right for steps of 1/256 only, by which small
 * shares are told badly.
 */
export const IN_FLOATS = 'Softmax';

/**
 * Which values are quantized where everything between layers is to be: what layers take in and give out, and what pools,
 * sums and concatenations of such values do. The model's own outputs stay floats.
 */
export function qdqValues(graph: DecodedGraph, sites: readonly Site[]): QdqValues {
  const { readers, open } = graph;
  const main = open.builder.graph;
  const computed = computedValues(graph);
  const outputs = new Set(main.output?.map(({ name }) => name));
  const layers = new Set(sites.map(({ index }) => index));
  const values = new Set<string>();
  const same = new Map<string, string>();
  const bounded = new Set<string>();
  const floats = inFloats(graph);
  /** The value that is quantized in the place of an operator's output: behind a bound that it takes in. */
  const quantize = (value: string) => {
    const [reader, ...others] = readers.get(value) ?? [];
    const isBounded = reader && others.length === 0 && BOUNDS.has(reader.opType ?? '') && isStandard(reader);
    const [behind] = (isBounded && reader.output) || [];
    if (outputs.has(value) || floats.has(value)) return;
    if (behind && !outputs.has(behind)) bounded.add(behind);
    else values.add(value);
  };
  for (const [index, node] of (main.node ?? []).entries()) {
    const [output = ''] = node.output ?? [];
    if (bounded.has(output)) values.add(output);
    if (!isStandard(node) || !output) continue;
    if (layers.has(index)) {
      for (const site of sites) if (site.index === index) values.add(site.value);
      quantize(output);
    } else if (BETWEEN.has(node.opType ?? '') && isBetween(node, values, computed)) {
      for (const name of node.input ?? []) values.add(name);
      quantize(output);
    } else if (MOVERS.has(node.opType ?? '') && values.has(node.input?.[0] ?? '') && !outputs.has(output)) {
      const [from = ''] = node.input ?? [];
      values.add(output);
      same.set(output, same.get(from) ?? from);
    }
  }
  return { values: [...values], same };
}

/** Values that nobody reads but operators which are better off with floats, be it through others that hand them on. */
function inFloats({ readers, open }: DecodedGraph): Set<string> {
  const floats = new Set<string>();
  for (const node of [...(open.builder.graph.node ?? [])].reverse()) {
    for (const output of node.output ?? []) {
      const read = readers.get(output) ?? [];
      const areFloats = read.every(
        ({ opType, output: next }) => opType === IN_FLOATS || (MOVERS.has(opType ?? '') && floats.has(next?.[0] ?? '')),
      );
      if (read.length > 0 && areFloats) floats.add(output);
    }
  }
  return floats;
}

/** Whether an operator computes with quantized values, all else that it reads being computed, too. */
function isBetween(node: onnx.INodeProto, values: ReadonlySet<string>, computed: ReadonlySet<string>): boolean {
  const inputs = node.input ?? [];
  return inputs.every((name) => computed.has(name)) && inputs.some((name) => values.has(name));
}
