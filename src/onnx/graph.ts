import type { onnx as Onnx } from 'onnx-proto';
import { Constants } from './constants.js';
import type { Value } from './value.js';

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

/** What a graph defines, and what of it may be masks of weights. */
export interface Graph {
  readonly definitions: Definition[];
  /** Values that are multiplied with one of the same size, all of both stored: weights, or the masks of some. */
  readonly factors: ReadonlySet<Value>;
}

/**
 * Operators that only move, convert or reshape their first input's elements one by one: what reads their output reads the
 * tensor. (`Quant` and `BipolarQuant` are QONNX's; arithmetic of several operands is for {@link Constants} to judge.)
 */
const TRANSPARENT = new Set(
  (
    'Reshape Transpose Identity Cast CastLike DequantizeLinear QuantizeLinear DynamicQuantizeLinear Squeeze Unsqueeze Flatten ' +
    'Slice Concat Split Expand Pad Tile Trilu Clip Quant BipolarQuant Round Floor Ceil Neg Abs Sign Tanh Sigmoid HardSigmoid ' +
    'Relu Sqrt Exp Softplus LpNormalization'
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
export function readGraph(model: Onnx.IModelProto): Graph {
  const definitions: Definition[] = [];
  const constants = new Constants();
  const functions = new Map<string, { inputs: Value[]; outputs: Value[] }>();
  const bodies: (() => void)[] = [];

  for (const [index, fn] of (model.functions ?? []).entries()) {
    const scope: Scope = { values: new Map(), parent: undefined, names: [fn.name ?? `function${index}`] };
    const inputs = (fn.input ?? []).map((name) => define(scope, name));
    const outputs = (fn.output ?? []).map((name) => define(scope, name));
    functions.set(functionKey(fn.domain, fn.name), { inputs, outputs });
    bodies.push(() => readNodes(fn.node ?? [], scope, `functions[${index}]`));
  }
  // Only now, because a function may call one that stands behind it.
  for (const read of bodies) read();
  for (const [index, training] of (model.trainingInfo ?? []).entries()) {
    if (training.initialization)
      readSubgraph(training.initialization, undefined, `trainingInfo[${index}].initialization`, []);
    if (training.algorithm) readSubgraph(training.algorithm, undefined, `trainingInfo[${index}].algorithm`, []);
  }
  if (model.graph) readSubgraph(model.graph, undefined, 'graph', []);
  return { definitions, factors: constants.settle() };

  function readSubgraph(graph: Onnx.IGraphProto, parent: Scope | undefined, path: string, names: readonly string[]) {
    const scope: Scope = { values: new Map(), parent, names };
    const inputs = (graph.input ?? []).map((input) => define(scope, input.name ?? ''));
    for (const [index, tensor] of (graph.initializer ?? []).entries()) {
      const name = tensor.name ?? '';
      const value = define(scope, name);
      constants.store(value, tensor.dims);
      definitions.push({ path: `${path}.initializer[${index}]`, name, scope: names, value });
    }
    for (const [index, sparse] of (graph.sparseInitializer ?? []).entries()) {
      const name = sparse.values?.name ?? '';
      const value = define(scope, name);
      constants.store(value, sparse.dims);
      defineSparse(`${path}.sparseInitializer[${index}]`, name, scope, value);
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
    const attributes = node.attribute ?? [];
    if (called) {
      connectBody(inputs, outputs, called, 0, 0);
      for (const [i, parameter] of called.inputs.entries()) constants.pass(inputs[i], parameter);
      for (const [i, result] of called.outputs.entries()) constants.join([result], outputs[i]);
    } else if (op === 'Constant' && outputs[0]) {
      const { t, sparseTensor, name } = attributes[0] ?? {};
      // Of lists the length is not known here: they were cut out.
      const isScalar = name === 'value_float' || name === 'value_int';
      constants.store(outputs[0], t?.dims ?? sparseTensor?.dims ?? (isScalar ? [] : undefined));
    } else if (!attributes.some(({ g, graphs }) => g || graphs?.length)) {
      constants.compute(node, inputs, outputs);
    }
    const branches: Value[][] = [];

    for (const [index, attribute] of attributes.entries()) {
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
        if (op === 'If') branches.push(body.outputs);
      }
    }
    if (branches.length > 0) {
      for (const [i, output] of outputs.entries())
        constants.join(
          branches.flatMap((branch) => branch[i] ?? []),
          output,
        );
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
    if (from !== undefined && to !== undefined) constants.flow(from, to);
  }

  function defineSparse(path: string, name: string, scope: Scope, value: Value | undefined): void {
    definitions.push({ path: `${path}.values`, name, scope: scope.names, value });
    definitions.push({ path: `${path}.indices`, name: `${name}.indices`, scope: scope.names, value: undefined });
  }
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
