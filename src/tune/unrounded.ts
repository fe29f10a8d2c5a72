import type { onnx } from 'onnx-proto';
import { isStandard } from '../graph/attributes.js';
import type { DecodedGraph } from '../graph/decoded-graph.js';
import { type OpenModel, openModel } from '../graph/open-model.js';

/** Operators that make one value out of another of the same shape, with what comes before and behind them where they round values. */
const ROUNDINGS = [
  { first: 'Round', before: 'Div', second: 'Clip' },
  { first: 'QuantizeLinear', before: undefined, second: 'DequantizeLinear' },
] as const;

/**
 * The graph as it computes before values are rounded: fake quantisation by Round and Clip, and by QuantizeLinear and
 * DequantizeLinear, passes on what it gets. Values that are rounded by a table of steps stay rounded. Nothing where it rounds none.
 */
export function withoutRounding({ open, producers, readers }: DecodedGraph): OpenModel | undefined {
  const passing = new Set<string>();
  for (const node of open.builder.graph.node ?? []) {
    const [output = ''] = node.output ?? [];
    const behind = readers.get(output) ?? [];
    const [rounding] = ROUNDINGS.filter(({ first }) => first === node.opType);
    if (!rounding || !isStandard(node) || behind.length === 0) continue;
    const isBehind = behind.every(({ opType }) => opType === rounding.second);
    const isBefore = rounding.before === undefined || producers.get(node.input?.[0] ?? '')?.opType === rounding.before;
    if (isBehind && isBefore) for (const each of [node, ...behind]) passing.add(each.output?.[0] ?? '');
  }
  if (passing.size === 0) return undefined;
  const copy = openModel(open);
  for (const node of copy.builder.graph.node ?? []) if (passing.has(node.output?.[0] ?? '')) passOn(node);
  return copy;
}

function passOn(node: onnx.INodeProto): void {
  node.opType = 'Identity';
  node.input = node.input?.slice(0, 1) ?? [];
  node.attribute = [];
}
