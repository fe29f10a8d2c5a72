import onnxProto, { type onnx } from 'onnx-proto';
import { readInt, readInts } from '../gradient/attributes.js';
import type { CalibrationGraph, Stored } from './graph.js';

const { DataType } = onnxProto.onnx.TensorProto;

/** A stored tensor as an operator sees it, perhaps through operators that only move its elements. */
export interface View {
  readonly stored: Stored;
  /** Name of the value that the tensor defines. */
  readonly name: string;
  readonly dims: readonly number[];
  /** For each element of the view, which element of the tensor it is; absent where they are in the same order. */
  readonly order?: Int32Array;
  /** Whether something else reads the tensor, too: then its values answer to more than this operator. */
  readonly isShared: boolean;
}

/** Follows a value back to the stored tensor whose elements it shows; `undefined` for a computed value. */
export function viewOf(graph: CalibrationGraph, value: string): View | undefined {
  const stored = graph.stored.get(value);
  const isRead = (graph.readers.get(value)?.length ?? 0) > 1;
  if (stored) return { stored, name: value, dims: stored.tensor.dims, isShared: isRead };
  const node = graph.producers.get(value);
  if (!node || !isStandard(node)) return undefined;
  const source = node.input?.[0] ? viewOf(graph, node.input[0]) : undefined;
  if (!source) return undefined;
  const view = { ...source, isShared: source.isShared || isRead };
  switch (node.opType) {
    case 'Identity':
    case 'Cast':
      return view;
    case 'Reshape':
      return reshaped(view, listOf(graph, node, 'shape'));
    case 'Flatten': {
      const axis = readInt(node, 'axis', 1);
      const rows = product(view.dims.slice(0, axis < 0 ? axis + view.dims.length : axis));
      return reshaped(view, [rows, product(view.dims) / rows]);
    }
    case 'Squeeze': {
      const axes = axesOf(graph, node, view.dims.length);
      if (!axes && node.input?.[1]) return undefined;
      return { ...view, dims: view.dims.filter((dim, axis) => (axes ? !axes.includes(axis) : dim !== 1)) };
    }
    case 'Unsqueeze': {
      const axes = axesOf(graph, node, view.dims.length + (listOf(graph, node, 'axes')?.length ?? 0));
      const dims = [...view.dims];
      for (const axis of axes?.sort((one, other) => one - other) ?? []) dims.splice(axis, 0, 1);
      return axes && { ...view, dims };
    }
    case 'Transpose':
      return transposed(view, readInts(node, 'perm') ?? view.dims.map((_, i) => view.dims.length - 1 - i));
    default:
      return undefined;
  }
}

/** Its elements in the order of `perm`, as Transpose has it. */
export function transposed(view: View, perm: readonly number[]): View {
  const { dims, order } = view;
  const strides = dims.map((_, axis) => product(dims.slice(axis + 1)));
  const next = perm.map((axis) => dims[axis]);
  const steps = perm.map((axis) => strides[axis]);
  const moved = new Int32Array(product(dims));
  const at = new Array<number>(next.length).fill(0);
  for (let i = 0, from = 0; i < moved.length; i++) {
    moved[i] = order ? order[from] : from;
    for (let axis = next.length - 1; axis >= 0; axis--) {
      from += steps[axis];
      if (++at[axis] < next[axis]) break;
      from -= steps[axis] * next[axis];
      at[axis] = 0;
    }
  }
  return { ...view, dims: next, order: moved };
}

/** The same elements under other dims, of which one may be −1 and zeros stand for the old ones. */
export function reshaped(view: View, wanted: readonly number[] | undefined): View | undefined {
  if (!wanted) return undefined;
  const copied = wanted.map((dim, i) => (dim === 0 ? view.dims[i] : dim));
  const rest = product(copied.filter((dim) => dim >= 0));
  const dims = copied.map((dim) => (dim < 0 ? product(view.dims) / rest : dim));
  return product(dims) === product(view.dims) ? { ...view, dims } : undefined;
}

export function product(dims: readonly number[]): number {
  return dims.reduce((all, dim) => all * dim, 1);
}

/** Whether it is one of ONNX's own operators. */
export function isStandard({ domain }: onnx.INodeProto): boolean {
  return !domain || domain === 'ai.onnx';
}

/** The axes a node names, counted from the front. */
function axesOf(graph: CalibrationGraph, node: onnx.INodeProto, rank: number): number[] | undefined {
  return listOf(graph, node, 'axes')?.map((axis) => (axis < 0 ? axis + rank : axis));
}

/** A constant list of numbers: a node's second input, or the attribute that older operator sets have in its place. */
function listOf(graph: CalibrationGraph, node: onnx.INodeProto, attribute: string): number[] | undefined {
  const name = node.input?.[1];
  return name ? constantInts(graph, name) : readInts(node, attribute);
}

function constantInts({ open, producers }: CalibrationGraph, name: string): number[] | undefined {
  const constant = producers.get(name);
  if (constant && constant.opType !== 'Constant') return undefined;
  const listed = constant && readInts(constant, 'value_ints');
  if (listed && listed.length > 0) return listed;
  const proto = constant
    ? constant.attribute?.find(({ t }) => t)?.t
    : open.builder.graph.initializer?.find((each) => each.name === name);
  if (proto?.dataType !== DataType.INT64) return undefined;
  if (!proto.rawData?.length) return (proto.int64Data ?? []).map(Number);
  return Array.from(new BigInt64Array(new Uint8Array(proto.rawData).buffer), Number);
}
