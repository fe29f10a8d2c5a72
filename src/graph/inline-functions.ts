import type { onnx } from 'onnx-proto';
import { FxqError } from '../errors.js';
import { describeNode } from './builder.js';
import { definedIn, Names, withNames } from './renaming.js';

/** Nodes that calls may turn into, all together: a few lines of functions that call others can mean any number. */
const MOST_NODES = 1_000_000;

/**
 * Puts the bodies of a model's own functions in the place of their calls, in nested graphs as well. Tensors stay the objects they
 * are: what a function holds becomes an initializer of the graph, one for all calls.
 *
 * @param proto - is edited
 * @throws FxqError `ONNX_MALFORMED` for a function that calls itself, `UNSUPPORTED` for one of another operator set than the model's
 */
export function inlineFunctions(proto: onnx.IModelProto): void {
  const { graph, functions = [] } = proto;
  if (!graph || !functions?.length) return;
  checkOperatorSets(proto);
  const inliner = new Inliner(graph, functions, new Names(proto, 'function'));
  graph.node = inliner.expanded(graph.node ?? [], []);
  proto.functions = [];
}

/** A function's nodes mean in the model what they mean in the function, if both go by one set. */
function checkOperatorSets({ functions, opsetImport }: onnx.IModelProto): void {
  const domainOf = ({ domain }: onnx.IOperatorSetIdProto) => (domain === 'ai.onnx' ? '' : (domain ?? ''));
  const versions = new Map((opsetImport ?? []).map((set) => [domainOf(set), Number(set.version)]));
  for (const { name, opsetImport: own } of functions ?? []) {
    for (const set of own ?? []) {
      const version = versions.get(domainOf(set));
      if (version === undefined) opsetImport?.push(set);
      else if (version !== Number(set.version)) {
        const message = `function '${name}': expected operator set ${version} as the model has, got ${set.version}; convert the model to one set`;
        throw new FxqError('UNSUPPORTED', message, { expected: version, actual: Number(set.version) });
      }
    }
  }
}

class Inliner {
  readonly #functions: ReadonlyMap<string, onnx.IFunctionProto>;
  /** Where the tensor of a function's Constant is now. */
  readonly #stored = new Map<onnx.ITensorProto, string>();
  #count = 0;

  constructor(
    private readonly graph: onnx.IGraphProto,
    functions: readonly onnx.IFunctionProto[],
    private readonly names: Names,
  ) {
    this.#functions = new Map(functions.map((each) => [keyOf(each.domain, each.name), each]));
  }

  /** @param within - the functions that these nodes stand in, outermost first */
  expanded(nodes: readonly onnx.INodeProto[], within: readonly onnx.IFunctionProto[]): onnx.INodeProto[] {
    this.#count += nodes.length;
    if (this.#count > MOST_NODES) {
      throw new FxqError('UNSUPPORTED', `model: its functions stand for more than ${MOST_NODES} nodes`);
    }
    return nodes.flatMap((node) => {
      for (const { g } of node.attribute ?? []) if (g) g.node = this.expanded(g.node ?? [], within);
      const called = this.#functions.get(keyOf(node.domain, node.opType));
      if (!called) return [node];
      if (within.includes(called)) {
        throw new FxqError(
          'ONNX_MALFORMED',
          `${describeNode(node)}: expected functions that end, got one that calls itself`,
        );
      }
      return this.expanded(this.#bodyOf(called, node), [...within, called]);
    });
  }

  /** A function's nodes with the names and attributes of a call. */
  #bodyOf(
    called: onnx.IFunctionProto,
    { input = [], output = [], attribute = [] }: onnx.INodeProto,
  ): onnx.INodeProto[] {
    const renamed = new Map((called.input ?? []).map((name, i) => [name, input?.[i] ?? '']));
    const copies: onnx.INodeProto[] = [];
    for (const [i, inner] of (called.output ?? []).entries()) {
      const outer = output?.[i];
      if (!outer) continue;
      if (renamed.has(inner)) {
        copies.push({
          opType: 'Identity',
          name: this.names.fresh(outer),
          input: [renamed.get(inner) ?? ''],
          output: [outer],
        });
      } else renamed.set(inner, outer);
    }
    const given = new Map((attribute ?? []).map((each) => [each.name ?? '', each]));
    const nodes: onnx.INodeProto[] = [];
    for (const node of called.node ?? []) {
      const tensor =
        node.opType === 'Constant' ? node.attribute?.find(({ t, refAttrName }) => t && !refAttrName)?.t : undefined;
      const name = node.output?.[0] ?? '';
      if (tensor && !renamed.has(name)) renamed.set(name, this.#store(tensor, name));
      else nodes.push(withAttributes(node, given, called));
    }
    for (const name of definedIn({ node: nodes })) if (!renamed.has(name)) renamed.set(name, this.names.fresh(name));
    return [
      ...nodes.map((node) => ({ ...withNames(node, renamed), name: this.names.fresh(node.name ?? '') })),
      ...copies,
    ];
  }

  #store(tensor: onnx.ITensorProto, wanted: string): string {
    const known = this.#stored.get(tensor);
    if (known !== undefined) return known;
    tensor.name = this.names.fresh(wanted);
    this.#stored.set(tensor, tensor.name);
    this.graph.initializer = [...(this.graph.initializer ?? []), tensor];
    return tensor.name;
  }
}

/** The node with what a call gives for attributes that refer to those of its function; what it does not give, the node has not. */
function withAttributes(
  node: onnx.INodeProto,
  given: ReadonlyMap<string, onnx.IAttributeProto>,
  called: onnx.IFunctionProto,
): onnx.INodeProto {
  const attribute = (node.attribute ?? []).flatMap((each): onnx.IAttributeProto[] => {
    const { refAttrName, g } = each;
    if (!refAttrName) {
      const inner = (nested: onnx.INodeProto) => withAttributes(nested, given, called);
      return [g ? { ...each, g: { ...g, node: (g.node ?? []).map(inner) } } : each];
    }
    const value = given.get(refAttrName);
    // What is not on the list of those without a default has one, which the decoded file does not show.
    if (!value && !called.attribute?.includes(refAttrName)) {
      const message = `function '${called.name}': expected a call that gives the attribute '${refAttrName}', got one that leaves it at its default; write it out in the call`;
      throw new FxqError('UNSUPPORTED', message, { expected: refAttrName });
    }
    return value ? [{ ...value, name: each.name ?? '' }] : [];
  });
  return { ...node, attribute };
}

function keyOf(domain: string | null | undefined, name: string | null | undefined): string {
  return `${domain ?? ''}:${name ?? ''}`;
}
