import onnxProto, { type onnx } from 'onnx-proto';
import { readGraphs } from './attributes.js';

const { DataType } = onnxProto.onnx.TensorProto;

/** `name (op)` of a node, for messages; exporters often leave the name empty, then its first output stands in. */
export function describeNode(node: onnx.INodeProto): string {
  return `${node.opType} node '${node.name || node.output?.[0] || '?'}'`;
}

/** Every value a node reads, including what its nested graphs take from the graph around them. */
export function valuesRead(node: onnx.INodeProto): string[] {
  const read = [...(node.input ?? [])];
  for (const graph of readGraphs(node)) for (const inner of graph.node ?? []) read.push(...valuesRead(inner));
  return read.filter((name) => name !== '');
}

/** The values of the graph around a node that its nested graphs read, each once. */
export function valuesCaptured(node: onnx.INodeProto): string[] {
  const captured = new Set<string>();
  for (const { input, initializer, node: inner, output } of readGraphs(node)) {
    const own = new Set([...(input ?? []), ...(initializer ?? [])].map(({ name }) => name ?? ''));
    for (const each of inner ?? []) for (const name of each.output ?? []) own.add(name);
    const read = [...(inner ?? []).flatMap((each) => [...(each.input ?? []), ...valuesCaptured(each)])];
    for (const name of [...read, ...(output ?? []).map(({ name }) => name ?? '')]) {
      if (name !== '' && !own.has(name)) captured.add(name);
    }
  }
  return [...captured];
}

/**
 * A graph under construction: the inference nodes it started with, and the nodes the gradient rules append. Names it
 * hands out never collide with a name of the model.
 */
export class GraphBuilder {
  readonly graph: onnx.IGraphProto;
  readonly #outer: GraphBuilder | undefined;
  readonly #taken: Set<string>;
  readonly #constants = new Map<string, string>();
  readonly #dims = new Map<string, readonly number[]>();

  /** @param outer - of the graph around this one, whose values it may read and whose names it must not take */
  constructor(graph: onnx.IGraphProto, outer?: GraphBuilder) {
    this.graph = graph;
    this.#outer = outer;
    this.#taken = outer ? outer.#taken : new Set();
    for (const { name } of [...(graph.input ?? []), ...(graph.output ?? [])]) this.#taken.add(name!);
    for (const initializer of graph.initializer ?? []) this.#noteTensor(initializer.name!, initializer);
    for (const node of graph.node ?? []) {
      this.#taken.add(node.name ?? '');
      for (const name of [...(node.output ?? []), ...valuesRead(node)]) this.#taken.add(name);
      const value = node.opType === 'Constant' ? node.attribute?.find((a) => a.name === 'value')?.t : undefined;
      if (value) this.#noteTensor(node.output![0], value);
    }
  }

  #noteTensor(name: string, tensor: onnx.ITensorProto): void {
    this.#taken.add(name);
    this.#dims.set(name, (tensor.dims ?? []).map(Number));
  }

  /** The shape of a value that is a tensor stored in the model; `undefined` for anything computed or fed. */
  dims(name: string): readonly number[] | undefined {
    return this.#dims.get(name) ?? this.#outer?.dims(name);
  }

  /** A name nobody uses yet: `wanted` itself when it is free. */
  fresh(wanted: string): string {
    let name = wanted;
    for (let i = 1; this.#taken.has(name); i++) name = `${wanted}_${i}`;
    this.#taken.add(name);
    return name;
  }

  /** Appends a node with `count` outputs and returns their names. An input of `''` is an absent optional input. */
  emitAll(op: string, inputs: readonly string[], attributes: readonly onnx.IAttributeProto[], count: number): string[] {
    const output = Array.from({ length: count }, () => this.fresh(`gradient/${op}`));
    const node = { opType: op, name: output[0], input: [...inputs], output, attribute: [...attributes] };
    this.graph.node!.push(node);
    return output;
  }

  /** Appends a node with one output and returns that output's name. */
  emit(op: string, inputs: readonly string[], attributes: readonly onnx.IAttributeProto[] = []): string {
    return this.emitAll(op, inputs, attributes, 1)[0];
  }

  /** A 1-D int64 constant; equal lists share one. */
  ints(values: readonly number[]): string {
    const bytes = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
    return this.#constant(`ints/${values.join(',')}`, {
      dims: [values.length],
      dataType: DataType.INT64,
      rawData: bytes,
    });
  }

  /** A float32 constant of rank 0. */
  float(value: number): string {
    return this.floats([], [value]);
  }

  /** A float32 constant; equal ones share their storage. */
  floats(dims: readonly number[], values: readonly number[]): string {
    const bytes = new Uint8Array(Float32Array.from(values).buffer);
    const key = `float/${dims.join('x')}/${values.join(',')}`;
    return this.#constant(key, { dims: [...dims], dataType: DataType.FLOAT, rawData: bytes });
  }

  /** A float32 tensor of its own, for values too many to compare. */
  tensor(dims: readonly number[], values: Float32Array): string {
    const name = this.fresh('gradient/tensor');
    this.#dims.set(name, dims);
    const rawData = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    this.graph.initializer!.push({ dims: [...dims], dataType: DataType.FLOAT, rawData, name });
    return name;
  }

  #constant(key: string, tensor: onnx.ITensorProto): string {
    let name = this.#constants.get(key);
    if (name === undefined) {
      name = this.fresh('gradient/constant');
      this.#constants.set(key, name);
      this.#dims.set(name, (tensor.dims ?? []).map(Number));
      this.graph.initializer!.push({ ...tensor, name });
    }
    return name;
  }

  /** The name of an optional output of a forward node; the node is made to produce it if it does not yet. */
  optionalOutput(node: onnx.INodeProto, index: number): string {
    node.output ??= [];
    while (node.output.length <= index) node.output.push('');
    node.output[index] ||= this.fresh(`${node.output[0]}/output_${index}`);
    return node.output[index];
  }

  /** Float32 zeros in a shape given as an int64 vector. */
  zeros(shape: string): string {
    return this.emit('ConstantOfShape', [shape]);
  }

  /** Int64 vector: the dimensions of `value` from axis `start` on. */
  shape(value: string, start = 0): string {
    const shape = this.emit('Shape', [value]);
    return start === 0 ? shape : this.emit('Slice', [shape, this.ints([start]), this.ints([2 ** 31])]);
  }
}
