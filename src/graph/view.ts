import onnxProto, { type onnx } from 'onnx-proto';
import { isStandard, readInt, readInts } from './attributes.js';
import type { DecodedGraph, Stored } from './decoded-graph.js';

const { DataType } = onnxProto.onnx.TensorProto;

/** A stored tensor as an operator sees it, perhaps through operators that only move its elements. */
export interface View {
  readonly stored: Stored;
  /** Name of the value that the tensor defines. */
  readonly name: string;
  readonly dims: readonly number[];
  /** For each element of the view, which element of the tensor it is; absent where they are in the same order. */
  readonly order?: Int32Array;
}

/** Follows a value back to the stored tensor whose elements it shows; `undefined` for a computed value. */
export function viewOf(graph: DecodedGraph, value: string): View | undefined {
  const stored = graph.stored.get(value);
  if (stored) return { stored, name: value, dims: stored.tensor.dims };
  const node = graph.producers.get(value);
  if (!node || !isStandard(node) || !MOVERS.has(node.opType ?? '')) return undefined;
  const view = node.input?.[0] ? viewOf(graph, node.input[0]) : undefined;
  if (!view) return undefined;
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
    case 'Slice':
      return sliced(graph, node, view);
    case 'Concat':
      return joined(graph, node, view);
    default:
      return undefined;
  }
}

/** Operators that only move or convert elements. */
const MOVERS: ReadonlySet<string> = new Set(
  'Identity Cast Reshape Flatten Squeeze Unsqueeze Transpose Slice Concat'.split(' '),
);

/** Whether a view shows each element of its tensor exactly once. */
export function isWhole({ stored, dims, order }: View): boolean {
  const { count } = stored.tensor;
  return product(dims) === count && (!order || new Set(order).size === count);
}

/** What reads a tensor, perhaps through operators that only move its elements. */
export interface Uses {
  /** Once for every time that a node does. */
  readonly nodes: readonly onnx.INodeProto[];
  /** Whether the model gives it out. */
  readonly isOutput: boolean;
}

export function usesOf({ readers, open }: DecodedGraph, { name }: View): Uses {
  const outputs = new Set(open.builder.graph.output?.map((output) => output.name));
  const moved = new Set<onnx.INodeProto>();
  const nodes: onnx.INodeProto[] = [];
  let isOutput = false;
  const follow = (value: string) => {
    isOutput ||= outputs.has(value);
    for (const node of readers.get(value) ?? []) {
      if (moved.has(node) || node.opType === 'Shape') continue;
      if (!isStandard(node) || !MOVERS.has(node.opType ?? '')) nodes.push(node);
      else {
        moved.add(node);
        for (const output of node.output ?? []) follow(output);
      }
    }
  };
  follow(name);
  return { nodes, isOutput };
}

/** Whether two views of a tensor show its elements in the same order. */
export function isSameOrder(one: Int32Array | undefined, other: Int32Array | undefined): boolean {
  const length = one?.length ?? other?.length ?? 0;
  for (let i = 0; i < length; i++) if ((one?.[i] ?? i) !== (other?.[i] ?? i)) return false;
  return true;
}

/** The part of a view that a Slice takes. */
function sliced(graph: DecodedGraph, node: onnx.INodeProto, view: View): View | undefined {
  const starts = listOf(graph, node, 'starts', 1);
  const ends = listOf(graph, node, 'ends', 2);
  if (!starts || !ends) return undefined;
  const { dims } = view;
  const axes = listOf(graph, node, 'axes', 3) ?? starts.map((_, i) => i);
  const steps = listOf(graph, node, 'steps', 4) ?? starts.map(() => 1);
  const kept = dims.map((dim) => Array.from({ length: dim }, (_, i) => i));
  for (const [i, named] of axes.entries()) {
    const axis = named < 0 ? named + dims.length : named;
    if (!(axis in kept) || steps[i] !== 1) return undefined;
    kept[axis] = kept[axis].slice(starts[i], ends[i]);
  }
  // Element by element: which of the view's it is, the axes from the outermost in.
  let order = [0];
  for (const [axis, dim] of dims.entries()) order = order.flatMap((at) => kept[axis].map((index) => at * dim + index));
  const parts = kept.map(({ length }) => length);
  return { ...view, dims: parts, order: Int32Array.from(order, (at) => view.order?.[at] ?? at) };
}

/** Parts of one tensor behind each other. */
function joined(graph: DecodedGraph, node: onnx.INodeProto, first: View): View | undefined {
  const views = (node.input ?? []).map((name) => viewOf(graph, name));
  const rank = first.dims.length;
  const named = readInt(node, 'axis', 0);
  const axis = named < 0 ? named + rank : named;
  const order: number[] = [];
  const outer = product(first.dims.slice(0, axis));
  for (let block = 0; block < outer; block++) {
    for (const view of views) {
      if (view?.stored !== first.stored) return undefined;
      const size = product(view.dims.slice(axis));
      for (let at = block * size; at < (block + 1) * size; at++) order.push(view.order?.[at] ?? at);
    }
  }
  const length = views.reduce((sum, view) => sum + (view?.dims[axis] ?? 0), 0);
  return { ...first, dims: first.dims.map((dim, i) => (i === axis ? length : dim)), order: Int32Array.from(order) };
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
function reshaped(view: View, wanted: readonly number[] | undefined): View | undefined {
  if (!wanted) return undefined;
  const copied = wanted.map((dim, i) => (dim === 0 ? view.dims[i] : dim));
  const rest = product(copied.filter((dim) => dim >= 0));
  const dims = copied.map((dim) => (dim < 0 ? product(view.dims) / rest : dim));
  return product(dims) === product(view.dims) ? { ...view, dims } : undefined;
}

export function product(dims: readonly number[]): number {
  return dims.reduce((all, dim) => all * dim, 1);
}

/** The axes a node names, counted from the front. */
function axesOf(graph: DecodedGraph, node: onnx.INodeProto, rank: number): number[] | undefined {
  return listOf(graph, node, 'axes')?.map((axis) => (axis < 0 ? axis + rank : axis));
}

/** A constant list of numbers: one of a node's inputs, or the attribute that older operator sets have in its place. */
function listOf(graph: DecodedGraph, node: onnx.INodeProto, attribute: string, input = 1): number[] | undefined {
  const name = node.input?.[input];
  return name ? constantInts(graph, name) : readInts(node, attribute);
}

function constantInts({ open, producers }: DecodedGraph, name: string): number[] | undefined {
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
