import type { onnx } from 'onnx-proto';
import { FxqError } from '../errors.js';
import { isStandard } from './attributes.js';
import { describeNode, type GraphBuilder, valuesRead } from './builder.js';
import { type GradientRule, RULES, STOPS } from './rules/index.js';

/**
 * The backward pass: appends to the graph the nodes that carry gradients from the seeds back to the targets.
 *
 * @param builder The graph, its nodes in topological order as ONNX demands.
 * @param seeds Values of the graph, each with the name of the gradient that arrives there: dL/dz for a loss, or any
 *   vector of one's choice for a product with the Jacobian.
 * @param targets Names of the values whose gradients are wanted: parameters, inputs or anything between.
 * @returns The name of each target's gradient; a target the seeds do not depend on is not in the map.
 */
export function backwardPass(
  builder: GraphBuilder,
  seeds: ReadonlyMap<string, string>,
  targets: Iterable<string>,
): Map<string, string> {
  // Rules append nodes: the forward ones are those that are there now.
  const forward = [...builder.graph.node!];
  const wanted = new Set(targets);
  const carriers = carriersOf(forward, wanted);
  const arrived = new Map<string, string[]>();
  const arrive = (value: string, gradient: string) => arrived.set(value, [...(arrived.get(value) ?? []), gradient]);
  for (const [value, gradient] of seeds) arrive(value, gradient);

  // A value's consumers all come after it, so on the way back its gradient is complete when its producer is reached.
  for (const node of forward.reverse()) {
    if (!node.output?.some((output) => arrived.has(output) && carriers.has(output))) continue;
    if (!influences(node).some((input) => carriers.has(input))) continue;
    const rule = ruleOf(node);
    if (!rule) throw noRule(node, node.domain ? `of domain ${node.domain}` : '');
    if (rule === 'stop') continue;
    const [output, ...others] = node.output;
    if (others.some((name) => arrived.has(name))) throw noRule(node, 'with a gradient at its second output');
    const inputs = node.input ?? [];
    const may = rule.differentiable;
    const needs = (i: number) => carriers.has(inputs[i]) && (may === 'all' || may.includes(i));
    const gradient = total(builder, arrived, output);
    const gradients = rule.backward({ node, builder, inputs, output, gradient, needs });
    gradients.forEach((name, i) => {
      if (name !== undefined && needs(i)) arrive(inputs[i], name);
    });
  }
  const reached = [...wanted].filter((name) => arrived.has(name));
  return new Map(reached.map((name) => [name, total(builder, arrived, name)]));
}

/**
 * The stored tensors that a loss on `output` depends on: what there is to train. Those behind an operator without a rule
 * are among them, so that a backward pass fails by name instead of quietly training half a model.
 */
export function trainableInputs(builder: GraphBuilder, output: string): Set<string> {
  const reached = new Set([output]);
  for (const node of [...builder.graph.node!].reverse()) {
    if (node.output?.some((name) => reached.has(name))) for (const input of influences(node)) reached.add(input);
  }
  return new Set([...reached].filter((name) => builder.dims(name) !== undefined));
}

/** Every value that depends on a target in a way a gradient could follow. */
function carriersOf(nodes: readonly onnx.INodeProto[], targets: ReadonlySet<string>): Set<string> {
  const carriers = new Set(targets);
  for (const node of nodes) {
    if (!influences(node).some((input) => carriers.has(input))) continue;
    for (const output of node.output ?? []) carriers.add(output);
  }
  return carriers;
}

/** The inputs a gradient could flow to. Without a rule that is all: the error comes only if a gradient arrives there. */
function influences(node: onnx.INodeProto): string[] {
  const rule = ruleOf(node);
  if (rule === 'stop') return [];
  if (!rule) return valuesRead(node);
  const may = rule.differentiable;
  return (node.input ?? []).filter((name, i) => name !== '' && (may === 'all' || may.includes(i)));
}

function ruleOf(node: onnx.INodeProto): GradientRule | 'stop' | undefined {
  if (!isStandard(node)) return undefined;
  return STOPS.has(node.opType!) ? 'stop' : RULES.get(node.opType!);
}

function noRule(node: onnx.INodeProto, how: string): FxqError {
  const known = [...RULES.keys()].join(', ');
  const message = `${describeNode(node)}: no gradient rule for this operator${how && ` ${how}`}; there are rules for ${known}`;
  return new FxqError('CONFIG', message, { actual: node.opType });
}

/** The sum of everything that arrived at a value, made once. */
function total(builder: GraphBuilder, arrived: Map<string, string[]>, value: string): string {
  const parts = arrived.get(value)!;
  const sum = parts.length === 1 ? parts[0] : builder.emit('Sum', parts);
  arrived.set(value, [sum]);
  return sum;
}
