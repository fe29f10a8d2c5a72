import type { onnx } from 'onnx-proto';
import { FxqError } from '../errors.js';
import { isStandard } from '../graph/attributes.js';
import { type GraphBuilder, valuesCaptured, valuesRead } from '../graph/builder.js';
import { type GradientRule, RULES, STOPS } from './rules/index.js';
import { type RuleContext, unsupported } from './rules/rule.js';

/** What a backward pass found. */
export interface BackwardPass {
  /** The name of each target's gradient; a target the seeds do not depend on is in neither map. */
  readonly gradients: ReadonlyMap<string, string>;
  /** The targets that an operator without a rule stands before, each with the error that says which operator. */
  readonly blocked: ReadonlyMap<string, FxqError>;
}

/**
 * The backward pass: appends to the graph the nodes that carry gradients from the seeds back to the targets. A target is
 * blocked when a single path to it is: what arrived on the others would be a part of its gradient only.
 *
 * @param builder The graph, its nodes in topological order as ONNX demands.
 * @param seeds Values of the graph, each with the name of the gradient that arrives there: dL/dz for a loss, or any
 *   vector of one's choice for a product with the Jacobian.
 * @param targets Names of the values whose gradients are wanted: parameters, inputs or anything between.
 * @param nodes Those to go back through. Default: all that the graph has.
 */
export function backwardPass(
  builder: GraphBuilder,
  seeds: ReadonlyMap<string, string>,
  targets: Iterable<string>,
  nodes: readonly onnx.INodeProto[] = builder.graph.node!,
): BackwardPass {
  // Rules append nodes: the forward ones are those that are there now.
  const forward = [...nodes];
  const wanted = new Set(targets);
  const carriers = carriersOf(forward, wanted);
  const arrived = new Map<string, string[]>();
  const blocked = new Map<string, FxqError>();
  const arrive = (value: string, gradient: string) => arrived.set(value, [...(arrived.get(value) ?? []), gradient]);
  for (const [value, gradient] of seeds) arrive(value, gradient);

  // A value's consumers all come after it, so on the way back its gradient is complete when its producer is reached.
  for (const node of forward.reverse()) {
    const outputs = node.output?.filter((name) => carriers.has(name) && (arrived.has(name) || blocked.has(name))) ?? [];
    const sources = influences(node).filter((name) => carriers.has(name));
    if (outputs.length === 0 || sources.length === 0) continue;
    const blocker = outputs.map((name) => blocked.get(name)).find((error) => error !== undefined);
    try {
      if (blocker) throw blocker;
      for (const [name, gradient] of throughNode(builder, node, arrived, carriers)) arrive(name, gradient);
    } catch (error) {
      if (!(error instanceof FxqError)) throw error;
      for (const name of sources) blocked.set(name, blocked.get(name) ?? error);
    }
  }
  const reached = [...wanted].filter((name) => arrived.has(name) && !blocked.has(name));
  return {
    gradients: new Map(reached.map((name) => [name, total(builder, arrived, name)])),
    blocked: new Map([...blocked].filter(([name]) => wanted.has(name))),
  };
}

/** Applies a node's rule to what arrived at its output: its inputs' gradients. */
function throughNode(
  builder: GraphBuilder,
  node: onnx.INodeProto,
  arrived: Map<string, string[]>,
  carriers: ReadonlySet<string>,
): [input: string, gradient: string][] {
  const rule = ruleOf(node);
  if (rule === 'stop') return [];
  if (!rule) throw unsupported(node, `this operator${node.domain ? ` of domain ${node.domain}` : ''}`);
  const [output, ...others] = node.output!;
  if (!rule.severalOutputs && others.some((name) => arrived.has(name))) {
    throw unsupported(node, 'a gradient at another output than its first');
  }
  const inputs = inputsOf(node);
  const may = rule.differentiable;
  const needs = (i: number) => carriers.has(inputs[i]) && (may === 'all' || may.includes(i));
  const arrives = (i: number) => arrived.has(node.output![i]);
  const gradientOf = (i: number) => {
    const name = node.output![i];
    return arrives(i) ? total(builder, arrived, name) : builder.zeros(builder.shape(name));
  };
  const gradients = rule.backward({
    ...{ node, builder, inputs, output, gradientOf, arrives, needs, through },
    // An output that may be absent is not asked for.
    get gradient() {
      return gradientOf(0);
    },
  });
  return gradients.flatMap((name, i) => (name !== undefined && needs(i) ? [[inputs[i], name]] : []));
}

/** The backward pass for rules, which can do nothing with a part of a gradient. */
const through: RuleContext['through'] = (builder, nodes, seeds, targets) => {
  const { gradients, blocked } = backwardPass(builder, seeds, targets, nodes);
  const [error] = blocked.values();
  if (error) throw error;
  return gradients;
};

/**
 * The stored tensors that a loss on `outputs` depends on: what there is to train. Those behind an operator without a rule
 * are among them, so that a backward pass fails by name instead of quietly training half a model.
 */
export function trainableInputs(builder: GraphBuilder, outputs: Iterable<string>): Set<string> {
  const reached = new Set(outputs);
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
    for (const output of node.output ?? []) if (output !== '') carriers.add(output);
  }
  return carriers;
}

/** The inputs a gradient could flow to. Without a rule that is all: the error comes only if a gradient arrives there. */
function influences(node: onnx.INodeProto): string[] {
  const rule = ruleOf(node);
  if (rule === 'stop') return [];
  if (!rule) return valuesRead(node);
  const may = rule.differentiable;
  return inputsOf(node).filter((name, i) => name !== '' && (may === 'all' || may.includes(i)));
}

/** What a node reads, in its nested graphs as well. */
function inputsOf(node: onnx.INodeProto): string[] {
  return [...(node.input ?? []), ...valuesCaptured(node)];
}

function ruleOf(node: onnx.INodeProto): GradientRule | 'stop' | undefined {
  if (!isStandard(node)) return undefined;
  const rule = RULES.get(node.opType!);
  return STOPS.has(node.opType!) || rule?.stops?.(node) ? 'stop' : rule;
}

/** The sum of everything that arrived at a value, made once. */
function total(builder: GraphBuilder, arrived: Map<string, string[]>, value: string): string {
  const parts = arrived.get(value)!;
  const sum = parts.length === 1 ? parts[0] : builder.emit('Sum', parts);
  arrived.set(value, [sum]);
  return sum;
}
