import onnxProto, { type onnx } from 'onnx-proto';

const { AttributeType } = onnxProto.onnx.AttributeProto;
const text = new TextDecoder();

/** Whether it is one of ONNX's own operators, or operator sets. */
export function isStandard({ domain }: Pick<onnx.INodeProto, 'domain'>): boolean {
  return !domain || domain === 'ai.onnx';
}

function find(node: onnx.INodeProto, name: string): onnx.IAttributeProto | undefined {
  return node.attribute?.find((attribute) => attribute.name === name);
}

/** An integer attribute of a node, or `fallback` (the operator's documented default) when the node has none. */
export function readInt(node: onnx.INodeProto, name: string, fallback: number): number {
  return Number(find(node, name)?.i ?? fallback);
}

/** A float attribute of a node, or `fallback` when the node has none. */
export function readFloat(node: onnx.INodeProto, name: string, fallback: number): number {
  return find(node, name)?.f ?? fallback;
}

/** A list-of-integers attribute of a node, or `undefined` when the node has none. */
export function readInts(node: onnx.INodeProto, name: string): number[] | undefined {
  return find(node, name)?.ints?.map(Number);
}

/** A string attribute of a node, or `fallback` when the node has none. */
export function readString(node: onnx.INodeProto, name: string, fallback: string): string {
  const bytes = find(node, name)?.s;
  return bytes ? text.decode(bytes) : fallback;
}

/** A list-of-strings attribute of a node, or `undefined` when the node has none. */
export function readStrings(node: onnx.INodeProto, name: string): string[] | undefined {
  return find(node, name)?.strings?.map((bytes) => text.decode(bytes));
}

/** A nested graph of a node, empty when the node has none of this name. */
export function nestedGraph(node: onnx.INodeProto, name: string): onnx.IGraphProto {
  return find(node, name)?.g ?? {};
}

/** Makes a nested graph. */
export function graph(name: string, value: onnx.IGraphProto): onnx.IAttributeProto {
  return { name, type: AttributeType.GRAPH, g: value };
}

/** The nested graphs of a node: the branches of `If`, the bodies of `Loop` and `Scan`. */
export function readGraphs(node: onnx.INodeProto): onnx.IGraphProto[] {
  return (node.attribute ?? []).flatMap((attribute) => [
    ...(attribute.g ? [attribute.g] : []),
    ...(attribute.graphs ?? []),
  ]);
}

/** Makes an integer attribute. */
export function int(name: string, value: number): onnx.IAttributeProto {
  return { name, type: AttributeType.INT, i: value };
}

/** Makes a float attribute. */
export function float(name: string, value: number): onnx.IAttributeProto {
  return { name, type: AttributeType.FLOAT, f: value };
}

/** Makes a list-of-integers attribute. */
export function ints(name: string, values: readonly number[]): onnx.IAttributeProto {
  return { name, type: AttributeType.INTS, ints: [...values] };
}

/** Makes a string attribute. */
export function string(name: string, value: string): onnx.IAttributeProto {
  return { name, type: AttributeType.STRING, s: new TextEncoder().encode(value) };
}

/** Makes a tensor attribute. */
export function tensor(name: string, value: onnx.ITensorProto): onnx.IAttributeProto {
  return { name, type: AttributeType.TENSOR, t: value };
}
