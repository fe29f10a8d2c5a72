import onnxProto, { type onnx } from 'onnx-proto';
import { concat } from '../binary/bytes.js';
import { FxqError } from '../errors.js';
import { decodeModel } from '../onnx/decode-model.js';
import { GraphBuilder, valuesRead } from './builder.js';
import { copyMessage } from './copy.js';
import { upgrade } from './upgrade.js';

const { ModelProto, TensorProto } = onnxProto.onnx;

/** A tensor that is an input of the generated graph, under the name it has in the model. */
export interface Parameter {
  readonly name: string;
  readonly dims: readonly number[];
}

/** A model on its way to becoming another one: its protobuf and the builder on its graph. */
export interface OpenModel {
  readonly proto: onnx.IModelProto;
  readonly builder: GraphBuilder;
}

/** What a graph can be made from: the bytes of a model file, or a graph that is open already, which stays as it is. */
export type GraphSource = Uint8Array | OpenModel;

/** Brings a model to a form the gradient rules can be appended to; of an open graph it is a copy that is edited. */
export function openModel(source: GraphSource): OpenModel {
  const model = openProto(source instanceof Uint8Array ? decodeModel(source) : copyMessage(source.proto));
  // What no output depends on may be of an operator set that nothing can be done about.
  if (!(source instanceof Uint8Array)) keepOnly(model, model.builder.graph.output ?? []);
  upgrade(model.proto, model.builder);
  return model;
}

/** Makes a decoded model, which is edited from here on, one that nodes can be appended to. */
export function openProto(proto: onnx.IModelProto): OpenModel {
  const { graph } = proto;
  if (!graph) throw new FxqError('ONNX_MALFORMED', 'model: it holds no graph');
  graph.node ??= [];
  graph.initializer ??= [];
  // Before IR version 4, initializers were listed among the inputs as well. Here an input is something that is fed.
  const stored = new Set(graph.initializer.map((initializer) => initializer.name));
  graph.input = (graph.input ?? []).filter((input) => !stored.has(input.name));
  return { proto, builder: new GraphBuilder(graph) };
}

/** Turns stored float32 tensors, initializers or `Constant` nodes, into inputs of the graph. */
export function makeInputs({ builder }: OpenModel, names: readonly string[]): Parameter[] {
  const { graph } = builder;
  return names.map((name) => {
    const initializer = graph.initializer!.find((tensor) => tensor.name === name);
    const constant = graph.node!.find((node) => node.opType === 'Constant' && node.output?.[0] === name);
    const tensor = initializer ?? constant?.attribute?.find((attribute) => attribute.name === 'value')?.t;
    if (!tensor) throw new FxqError('CONFIG', `${name}: the model stores no tensor of this name`, { tensor: name });
    if (tensor.dataType !== TensorProto.DataType.FLOAT) {
      throw new FxqError('UNSUPPORTED', `${name}: only float32 tensors can be trained`, {
        tensor: name,
        actual: tensor.dataType,
      });
    }
    graph.initializer = graph.initializer!.filter((other) => other !== initializer);
    graph.node = graph.node!.filter((other) => other !== constant);
    const dims = builder.dims(name)!;
    graph.input!.push(floatValue(name, dims));
    return { name, dims };
  });
}

/** The names among `candidates` that are stored float32 tensors of at least one axis: scalars are constants of a formula. */
export function trainable({ builder: { graph } }: OpenModel, candidates: ReadonlySet<string>): string[] {
  const constants = graph
    .node!.filter((node) => node.opType === 'Constant')
    .map((node) => {
      return { ...node.attribute?.find((attribute) => attribute.name === 'value')?.t, name: node.output![0] };
    });
  return [...graph.initializer!, ...constants]
    .filter(
      ({ name, dataType, dims }) => candidates.has(name!) && dataType === TensorProto.DataType.FLOAT && dims?.length,
    )
    .map(({ name }) => name!);
}

/** Declares a float32 value; a dimension given as text is symbolic, no dimensions at all leave the shape open. */
export function floatValue(name: string, dims?: readonly (number | string)[]): onnx.IValueInfoProto {
  const dim = dims?.map((d) => (typeof d === 'number' ? { dimValue: d } : { dimParam: d }));
  return { name, type: { tensorType: { elemType: TensorProto.DataType.FLOAT, ...(dim && { shape: { dim } }) } } };
}

/** A model's file with one more output, of the type that it has: messages of one field are parts of one message. */
export function withOutput(bytes: Uint8Array, name: string): Uint8Array {
  return concat([bytes, ModelProto.encode({ graph: { output: [{ name }] } }).finish()]);
}

/** Declares the outputs, drops every node, tensor and input they do not depend on, and writes the model. */
export function writeModel(model: OpenModel, outputs: readonly onnx.IValueInfoProto[]): Uint8Array {
  keepOnly(model, outputs);
  return ModelProto.encode(model.proto).finish();
}

/** Drops every node, tensor and input that no output depends on. */
export function keepOnly(
  { builder: { graph } }: Pick<OpenModel, 'builder'>,
  outputs: readonly onnx.IValueInfoProto[],
): void {
  const needed = new Set(outputs.map(({ name }) => name!));
  const kept: onnx.INodeProto[] = [];
  for (const node of [...graph.node!].reverse()) {
    if (!node.output?.some((name) => needed.has(name))) continue;
    kept.push(node);
    for (const name of valuesRead(node)) needed.add(name);
  }
  graph.node = kept.reverse();
  graph.initializer = graph.initializer!.filter(({ name }) => needed.has(name!));
  graph.input = graph.input!.filter(({ name }) => needed.has(name!));
  graph.output = [...outputs];
}
