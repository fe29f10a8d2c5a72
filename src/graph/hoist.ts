import type { onnx } from 'onnx-proto';
import { readGraphs } from './attributes.js';
import { Names, withNames } from './renaming.js';

/**
 * Moves the tensors that nested graphs hold, the branches of `If` and the bodies of loops, to the graph around them all, where
 * they can become inputs. The model computes the same.
 *
 * @param proto - is edited; its tensors stay the objects they are
 */
export function hoistTensors(proto: onnx.IModelProto): void {
  const { graph } = proto;
  if (!graph) return;
  const names = new Names(proto, 'inner');
  const moved: onnx.ITensorProto[] = [];
  graph.node = (graph.node ?? []).map((node) => hoisted(node, names, moved));
  graph.initializer = [...(graph.initializer ?? []), ...moved];
}

function hoisted(node: onnx.INodeProto, names: Names, moved: onnx.ITensorProto[]): onnx.INodeProto {
  if (readGraphs(node).length === 0) return node;
  const outside = (graph: onnx.IGraphProto): onnx.IGraphProto => {
    const renamed = new Map<string, string>();
    const move = (tensor: onnx.ITensorProto, name: string) => {
      tensor.name = names.fresh(name);
      renamed.set(name, tensor.name);
      moved.push(tensor);
    };
    for (const tensor of graph.initializer ?? []) move(tensor, tensor.name ?? '');
    const rest = (graph.node ?? []).filter(({ opType, output, attribute }) => {
      const tensor = opType === 'Constant' ? attribute?.find(({ t }) => t)?.t : undefined;
      if (tensor) move(tensor, output?.[0] ?? '');
      return !tensor;
    });
    const nodes = rest.map((inner) => hoisted(withNames(inner, renamed), names, moved));
    // What a nested graph gives out it has to make itself.
    const output = (graph.output ?? []).map((value) => {
      const outer = renamed.get(value.name ?? '');
      if (outer === undefined) return value;
      const name = names.fresh(value.name ?? '');
      nodes.push({ opType: 'Identity', name, input: [outer], output: [name] });
      return { ...value, name };
    });
    return { ...graph, initializer: [], node: nodes, output };
  };
  const attribute = (node.attribute ?? []).map((each) => ({
    ...each,
    ...(each.g ? { g: outside(each.g) } : {}),
    ...(each.graphs?.length ? { graphs: each.graphs.map(outside) } : {}),
  }));
  return { ...node, attribute };
}
