import type { onnx } from 'onnx-proto';
import { readInt, readInts } from '../gradient/attributes.js';
import type { CalibrationGraph, Stored } from './graph.js';

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
  if (!node || node.domain) return undefined;
  const source = node.input?.[0] ? viewOf(graph, node.input[0]) : undefined;
  if (!source) return undefined;
  const view = { ...source, isShared: source.isShared || isRead };
  switch (node.opType) {
    case 'Identity':
    case 'Cast':
      return view;
    case 'Reshape':
      return reshaped(view, shapeOf(graph, node));
    case 'Flatten': {
      const axis = readInt(node, 'axis', 1);
      const rows = product(view.dims.slice(0, axis < 0 ? axis + view.dims.length : axis));
      return reshaped(view, [rows, product(view.dims) / rows]);
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

/** The constant shape of a Reshape: its second input, or the attribute of operator sets before 5. */
function shapeOf(graph: CalibrationGraph, node: onnx.INodeProto): number[] | undefined {
  const shape = graph.stored.get(node.input?.[1] ?? '')?.tensor;
  if (!shape) return readInts(node, 'shape');
  if (shape.dtype !== 'int64') return undefined;
  return Array.from(new BigInt64Array(new Uint8Array(shape.read()).buffer), Number);
}
