import type { onnx } from 'onnx-proto';
import { readGraphs } from './attributes.js';

/** The node with other names for values, in its nested graphs as well, except where these define a value of that name. */
export function withNames(node: onnx.INodeProto, renamed: ReadonlyMap<string, string>): onnx.INodeProto {
  const of = (name: string) => renamed.get(name) ?? name;
  const inside = (graph: onnx.IGraphProto): onnx.IGraphProto => {
    const own = new Set([...definedIn(graph), ...(graph.input ?? []).map(({ name }) => name ?? '')]);
    const rest = new Map([...renamed].filter(([name]) => !own.has(name)));
    return {
      ...graph,
      node: (graph.node ?? []).map((inner) => withNames(inner, rest)),
      output: (graph.output ?? []).map((output) => ({
        ...output,
        name: rest.get(output.name ?? '') ?? output.name ?? '',
      })),
    };
  };
  const attribute = (node.attribute ?? []).map((each) => ({
    ...each,
    ...(each.g ? { g: inside(each.g) } : {}),
    ...(each.graphs?.length ? { graphs: each.graphs.map(inside) } : {}),
  }));
  return { ...node, input: (node.input ?? []).map(of), output: (node.output ?? []).map(of), attribute };
}

/** The values that a graph makes or stores itself. */
export function definedIn({ node, initializer }: onnx.IGraphProto): string[] {
  const stored = (initializer ?? []).map(({ name }) => name ?? '');
  return [...stored, ...(node ?? []).flatMap(({ output }) => output ?? [])].filter(Boolean);
}

/** Names that nothing in a model has, in none of its graphs. */
export class Names {
  readonly #taken = new Set<string>();

  /** @param prefix - says where what gets new names has stood */
  constructor(
    { graph }: onnx.IModelProto,
    private readonly prefix: string,
  ) {
    if (graph) this.#note(graph);
  }

  #note(graph: onnx.IGraphProto): void {
    for (const { name } of [...(graph.input ?? []), ...(graph.output ?? [])]) this.#taken.add(name ?? '');
    for (const name of definedIn(graph)) this.#taken.add(name);
    for (const node of graph.node ?? []) {
      for (const name of [node.name ?? '', ...(node.input ?? [])]) this.#taken.add(name);
      for (const nested of readGraphs(node)) this.#note(nested);
    }
  }

  fresh(wanted: string): string {
    let name = `${this.prefix}/${wanted}`;
    for (let i = 1; this.#taken.has(name); i++) name = `${this.prefix}_${i}/${wanted}`;
    this.#taken.add(name);
    return name;
  }
}
