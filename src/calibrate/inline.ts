import type { onnx } from 'onnx-proto';
import { isStandard, nestedGraph } from '../graph/attributes.js';
import { GraphBuilder } from '../graph/builder.js';
import { copyOf, type DecodedGraph, indexGraph } from '../graph/decoded-graph.js';
import { floatValue, writeModel } from '../graph/open-model.js';
import { definedIn, Names, withNames } from '../graph/renaming.js';
import { type Feeder, runGraph } from '../runtime/batches.js';
import { asFloat } from './columns.js';

/**
 * Puts the branches that run in the place of the `If` nodes that choose them, wherever the choice is the same for all
 * inputs, so that the layers in there are layers of the main graph. Other nodes with graphs of their own stay.
 */
export async function inlineBranches(graph: DecodedGraph, feeder: Feeder): Promise<DecodedGraph> {
  const names = new Names(graph.open.proto, 'branch');
  const dropped: onnx.IGraphProto[] = [];
  const varying = new Set<onnx.INodeProto>();
  let current = graph;
  for (;;) {
    const nodes = current.open.builder.graph.node ?? [];
    const choices = nodes.filter((node) => node.opType === 'If' && isStandard(node) && !varying.has(node));
    if (choices.length === 0) return current;
    const taken = await chosen(current, choices, feeder);
    const parts = nodes.map((node) => {
      const isTrue = taken.get(node);
      if (isTrue === undefined) {
        if (choices.includes(node)) varying.add(node);
        return { node: [node], initializer: [] };
      }
      dropped.push(branchOf(node, !isTrue));
      return unwrapped(node, branchOf(node, isTrue), names);
    });
    const { proto, builder } = current.open;
    const whole = {
      ...builder.graph,
      node: parts.flatMap(({ node }) => node),
      initializer: [...(builder.graph.initializer ?? []), ...parts.flatMap(({ initializer }) => initializer)],
    };
    const open = { proto: { ...proto, graph: whole }, builder: new GraphBuilder(whole) };
    current = indexGraph(open, current.records, dropped);
  }
}

/** The conditions of nodes that are the same for all inputs. */
async function chosen(
  graph: DecodedGraph,
  choices: readonly onnx.INodeProto[],
  feeder: Feeder,
): Promise<Map<onnx.INodeProto, boolean>> {
  const open = copyOf(graph.open);
  const outputs = choices.map((node) => asFloat(open.builder, node.input?.[0] ?? ''));
  const seen = choices.map(() => new Set<boolean>());
  const bytes = writeModel(
    open,
    outputs.map((name) => floatValue(name)),
  );
  await runGraph(bytes, feeder, (results) => {
    for (const [i, name] of outputs.entries()) for (const value of results[name].data) seen[i].add(value !== 0);
  });
  return new Map(choices.flatMap((node, i) => (seen[i].size === 1 ? [[node, seen[i].has(true)]] : [])));
}

function branchOf(node: onnx.INodeProto, isTrue: boolean): onnx.IGraphProto {
  return nestedGraph(node, isTrue ? 'then_branch' : 'else_branch');
}

/** The contents of a branch as part of the graph around it; tensors stay the objects they are, under other names. */
function unwrapped(
  { output: outer = [] }: onnx.INodeProto,
  branch: onnx.IGraphProto,
  names: Names,
): { node: onnx.INodeProto[]; initializer: onnx.ITensorProto[] } {
  const renamed = new Map<string, string>();
  const made = new Set((branch.node ?? []).flatMap(({ output }) => output ?? []));
  const copies: onnx.INodeProto[] = [];
  for (const [i, { name: inner }] of (branch.output ?? []).entries()) {
    const name = outer?.[i];
    if (!inner || !name) continue;
    if (made.has(inner) && !renamed.has(inner)) renamed.set(inner, name);
    else copies.push({ opType: 'Identity', name: names.fresh(name), input: [inner], output: [name] });
  }
  for (const name of definedIn(branch)) if (!renamed.has(name)) renamed.set(name, names.fresh(name));
  const initializer = branch.initializer ?? [];
  for (const tensor of initializer) tensor.name = renamed.get(tensor.name ?? '') ?? tensor.name ?? '';
  const inputs = copies.map((copy) => ({ ...copy, input: copy.input!.map((name) => renamed.get(name) ?? name) }));
  const nodes = (branch.node ?? []).map((node) => ({
    ...withNames(node, renamed),
    name: names.fresh(node.name ?? ''),
  }));
  return { node: [...nodes, ...inputs], initializer };
}
