import type { onnx as Onnx } from 'onnx-proto';

/** One use of a value: which node reads it, and as which of its inputs. */
export interface Use {
  readonly node: Onnx.INodeProto;
  readonly input: number;
  /** The values of all the node's inputs, so that a role can depend on a neighbour (`undefined`: left out). */
  readonly inputs: readonly (Value | undefined)[];
}

/** A named value of a graph: who made it, who reads it, and which other values are the same data seen again. */
export interface Value {
  readonly name: string;
  /** Operator type of the node that computes it, `''` for graph inputs and initializers. */
  producer: string;
  readonly uses: Use[];
  /** Values that carry this one's data on: through Reshape, out of a branch, into a function's body. */
  readonly flows: Value[];
}

/** A tensor of the graph with the value that it defines. */
export interface Definition {
  /** Dotted path of the field, the same as the scan's. */
  readonly path: string;
  readonly name: string;
  /** Names of the enclosing nodes, functions and branches, outermost first. */
  readonly scope: readonly string[];
  /** `undefined` for attributes of operators other than Constant, which no other node can read. */
  readonly value: Value | undefined;
}

/** Operators that only move or convert their input's elements: what reads their output reads the tensor. */
const TRANSPARENT = new Set(
  (
    'Reshape Transpose Identity Cast CastLike DequantizeLinear QuantizeLinear DynamicQuantizeLinear Squeeze Unsqueeze Flatten ' +
    'Slice Concat Split Expand'
  ).split(' '),
);

interface Scope {
  readonly values: Map<string, Value>;
  readonly parent: Scope | undefined;
  readonly names: readonly string[];
}

/**
 * Reads the graph of an ONNX model: every tensor that it defines, and how values flow from node to node, across
 * subgraphs and model-local functions.
 *
 * @param model - the decoded file; payloads may have been cut out, the graph is all that is looked at
 */
export function readGraph(model: Onnx.IModelProto): Definition[] {
  const definitions: Definition[] = [];
  const functions = new Map<string, { inputs: Value[]; outputs: Value[] }>();

  for (const [index, fn] of (model.functions ?? []).entries()) {
    const scope: Scope = { values: new Map(), parent: undefined, names: [fn.name ?? `function${index}`] };
    const inputs = (fn.input ?? []).map((name) => define(scope, name));
    readNodes(fn.node ?? [], scope, `functions[${index}]`);
    functions.set(functionKey(fn.domain, fn.name), {
      inputs,
      outputs: (fn.output ?? []).map((name) => resolve(scope, name)),
    });
  }
  for (const [index, training] of (model.trainingInfo ?? []).entries()) {
    if (training.initialization)
      readSubgraph(training.initialization, undefined, `trainingInfo[${index}].initialization`, []);
    if (training.algorithm) readSubgraph(training.algorithm, undefined, `trainingInfo[${index}].algorithm`, []);
  }
  if (model.graph) readSubgraph(model.graph, undefined, 'graph', []);
  return definitions;

  function readSubgraph(graph: Onnx.IGraphProto, parent: Scope | undefined, path: string, names: readonly string[]) {
    const scope: Scope = { values: new Map(), parent, names };
    const inputs = (graph.input ?? []).map((input) => define(scope, input.name ?? ''));
    for (const [index, tensor] of (graph.initializer ?? []).entries()) {
      const name = tensor.name ?? '';
      definitions.push({ path: `${path}.initializer[${index}]`, name, scope: names, value: define(scope, name) });
    }
    for (const [index, sparse] of (graph.sparseInitializer ?? []).entries()) {
      defineSparse(
        `${path}.sparseInitializer[${index}]`,
        sparse.values?.name ?? '',
        scope,
        define(scope, sparse.values?.name ?? ''),
      );
    }
    readNodes(graph.node ?? [], scope, path);
    return { inputs, outputs: (graph.output ?? []).map((output) => resolve(scope, output.name ?? '')) };
  }

  function readNodes(nodes: readonly Onnx.INodeProto[], scope: Scope, path: string): void {
    // Outputs first: a node may stand before its producer in a file that is not sorted, and subgraphs see all of them.
    for (const node of nodes)
      for (const name of node.output ?? []) if (name) define(scope, name).producer = node.opType ?? '';
    for (const [index, node] of nodes.entries()) readNode(node, scope, `${path}.node[${index}]`);
  }

  function readNode(node: Onnx.INodeProto, scope: Scope, path: string): void {
    const inputs = (node.input ?? []).map((name) => (name ? resolve(scope, name) : undefined));
    const outputs = (node.output ?? []).map((name) => (name ? resolve(scope, name) : undefined));
    for (const [input, value] of inputs.entries()) value?.uses.push({ node, input, inputs });
    const op = node.opType ?? '';
    if (TRANSPARENT.has(op)) {
      const sources = op === 'Concat' ? inputs : inputs.slice(0, 1);
      for (const source of sources) for (const output of outputs) connect(source, output);
    }
    const called = functions.get(functionKey(node.domain, op));
    if (called) connectBody(inputs, outputs, called, 0, 0);

    for (const [index, attribute] of (node.attribute ?? []).entries()) {
      const at = `${path}.attribute[${index}]`;
      const label = node.name || outputs.find(Boolean)?.name || op;
      const constant = op === 'Constant' ? outputs[0] : undefined;
      const name = constant?.name ?? `${label}.${attribute.name}`;
      const add = (field: string) =>
        definitions.push({ path: `${at}.${field}`, name, scope: scope.names, value: constant });
      if (attribute.t) add('t');
      add('floats');
      add('ints');
      for (const [k] of (attribute.tensors ?? []).entries()) add(`tensors[${k}]`);
      if (attribute.sparseTensor) defineSparse(`${at}.sparseTensor`, name, scope, constant);
      for (const [k] of (attribute.sparseTensors ?? []).entries())
        defineSparse(`${at}.sparseTensors[${k}]`, name, scope, undefined);
      const graphs = attribute.g ? [attribute.g] : (attribute.graphs ?? []);
      for (const [k, graph] of graphs.entries()) {
        const field = attribute.g ? 'g' : `graphs[${k}]`;
        const body = readSubgraph(graph, scope, `${at}.${field}`, [...scope.names, label, attribute.name ?? '']);
        // Loop: trip count and condition come before the carried values, the body's condition before its outputs.
        if (op === 'Loop') connectBody(inputs, outputs, body, 2, 1);
        else connectBody(op === 'If' ? [] : inputs, outputs, body, 0, 0);
      }
    }
  }

  function defineSparse(path: string, name: string, scope: Scope, value: Value | undefined): void {
    definitions.push({ path: `${path}.values`, name, scope: scope.names, value });
    definitions.push({ path: `${path}.indices`, name: `${name}.indices`, scope: scope.names, value: undefined });
  }
}

function connectBody(
  inputs: readonly (Value | undefined)[],
  outputs: readonly (Value | undefined)[],
  body: { inputs: readonly Value[]; outputs: readonly Value[] },
  skipInputs: number,
  skipOutputs: number,
): void {
  for (let i = skipInputs; i < inputs.length; i++) connect(inputs[i], body.inputs[i]);
  for (let i = 0; i < outputs.length; i++) connect(body.outputs[i + skipOutputs], outputs[i]);
}

function connect(from: Value | undefined, to: Value | undefined): void {
  if (from !== undefined && to !== undefined) from.flows.push(to);
}

function define(scope: Scope, name: string): Value {
  let value = scope.values.get(name);
  if (value === undefined) {
    value = { name, producer: '', uses: [], flows: [] };
    scope.values.set(name, value);
  }
  return value;
}

/** The value of this name in the nearest scope that has one; a name from nowhere is defined where it is used. */
function resolve(scope: Scope, name: string): Value {
  for (let s: Scope | undefined = scope; s; s = s.parent) {
    const value = s.values.get(name);
    if (value !== undefined) return value;
  }
  return define(scope, name);
}

function functionKey(domain: string | null | undefined, name: string | null | undefined): string {
  return `${domain ?? ''}:${name ?? ''}`;
}
