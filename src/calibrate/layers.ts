import type { onnx } from 'onnx-proto';
import { readFloat, readInt } from '../gradient/attributes.js';
import type { Tensor } from '../layers/model.js';
import type { CalibrationGraph } from './graph.js';
import { product, reshaped, transposed, type View, viewOf } from './view.js';

/**
 * A layer as calibration sees it: `groups` matrices of `rows` × `inputs` weights, each multiplied with columns of its
 * own group's inputs. A convolution is that over its im2col columns.
 */
export interface Layer {
  readonly tensor: Tensor;
  readonly node: onnx.INodeProto;
  /** Which of the node's inputs the weights come in by. */
  readonly operand: number;
  readonly groups: number;
  readonly rows: number;
  readonly inputs: number;
  /** The dims of the weights as the node sees them. */
  readonly dims: readonly number[];
  /** For each weight in the order [group, row, input], its element of the tensor. */
  readonly order: Int32Array | undefined;
  /** The bias that is added to every output row, if it may be corrected. */
  readonly bias: Tensor | undefined;
  /** The value whose rows are this layer's output, without or with the bias; absent for recurrent layers. */
  readonly output: string | undefined;
}

/** A layer that is not calibrated, and why. */
export interface Skipped {
  readonly tensor: Tensor;
  readonly reason: string;
}

type Shape = Pick<Layer, 'groups' | 'rows' | 'inputs'> & { readonly view: View };
type Finder = (graph: CalibrationGraph, node: onnx.INodeProto) => { operand: number; shape: Shape; bias?: View }[];

/** Finds the layers of a graph among the tensors that are wanted, in the order in which they run. */
export function findLayers(
  graph: CalibrationGraph,
  isWanted: (tensor: Tensor) => boolean,
): { layers: Layer[]; skipped: Skipped[] } {
  const layers: Layer[] = [];
  const skipped: Skipped[] = [];
  const seen = new Set<Tensor>();
  for (const node of graph.open.builder.graph.node ?? []) {
    const find = node.domain ? undefined : FINDERS[node.opType ?? ''];
    for (const { operand, shape, bias } of find?.(graph, node) ?? []) {
      const { view, groups, rows, inputs } = shape;
      const { tensor } = view.stored;
      if (!isWanted(tensor) || seen.has(tensor)) continue;
      seen.add(tensor);
      if (view.isShared) {
        skipped.push({ tensor, reason: 'more than one operator reads it' });
        continue;
      }
      const output = RECURRENT.has(node.opType ?? '') ? undefined : node.output?.[0];
      const added = bias ?? biasAfter(graph, node, groups * rows);
      const isFree = added && !added.isShared && added.dims.length <= 1 && product(added.dims) === groups * rows;
      layers.push({
        tensor,
        node,
        operand,
        groups,
        rows,
        inputs,
        dims: seenDims(graph, node, operand),
        order: view.order,
        bias: isFree && added.stored.tensor.form !== 'varint' ? added.stored.tensor : undefined,
        output,
      });
    }
  }
  return { layers, skipped };
}

export const RECURRENT: ReadonlySet<string> = new Set(['LSTM', 'GRU', 'RNN']);

const FINDERS: Record<string, Finder> = {
  Conv(graph, node) {
    const view = viewOf(graph, node.input?.[1] ?? '');
    if (!view || view.dims.length < 3) return [];
    const groups = readInt(node, 'group', 1);
    const [outputs, ...rest] = view.dims;
    const shape = { groups, rows: outputs / groups, inputs: product(rest), view };
    return [{ operand: 1, shape, ...biasAt(graph, node, 2) }];
  },
  ConvTranspose(graph, node) {
    const view = viewOf(graph, node.input?.[1] ?? '');
    if (!view || view.dims.length < 3) return [];
    const groups = readInt(node, 'group', 1);
    const [channels, rows, ...taps] = view.dims;
    const split = reshaped(view, [groups, channels / groups, rows, product(taps)]);
    if (!split) return [];
    const shape = {
      groups,
      rows,
      inputs: (channels / groups) * product(taps),
      view: transposed(split, [0, 2, 1, 3]),
    };
    return [{ operand: 1, shape, ...biasAt(graph, node, 2) }];
  },
  Gemm(graph, node) {
    const isPlain = readFloat(node, 'alpha', 1) === 1 && readFloat(node, 'beta', 1) === 1;
    for (const operand of [1, 0]) {
      const view = viewOf(graph, node.input?.[operand] ?? '');
      if (view?.dims.length !== 2) continue;
      // Rows are outputs: of the right operand these are the columns, unless it is transposed.
      const isTurned = readInt(node, operand === 1 ? 'transB' : 'transA', 0) !== (operand === 1 ? 1 : 0);
      const bias = operand === 1 && isPlain ? biasAt(graph, node, 2) : {};
      return [{ operand, shape: matrix(isTurned ? transposed(view, [1, 0]) : view), ...bias }];
    }
    return [];
  },
  MatMul(graph, node) {
    for (const operand of [1, 0]) {
      const view = viewOf(graph, node.input?.[operand] ?? '');
      if (!view || view.dims.length < 2) continue;
      const last = view.dims.length - 1;
      const turned = view.dims.map((_, axis) => (axis === last ? last - 1 : axis === last - 1 ? last : axis));
      return [{ operand, shape: matrix(operand === 1 ? transposed(view, turned) : view) }];
    }
    return [];
  },
  LSTM: recurrent,
  GRU: recurrent,
  RNN: recurrent,
};

function seenDims(graph: CalibrationGraph, node: onnx.INodeProto, operand: number): readonly number[] {
  return viewOf(graph, node.input?.[operand] ?? '')?.dims ?? [];
}

/** W and R: the inputs of a step, and the state that it goes on from. One group a direction. */
function recurrent(graph: CalibrationGraph, node: onnx.INodeProto): ReturnType<Finder> {
  return [1, 2].flatMap((operand) => {
    const view = viewOf(graph, node.input?.[operand] ?? '');
    // The reset gate of a GRU acts on the state before the product, in the default form: those inputs are not to be seen.
    const isSeen = operand === 1 || node.opType !== 'GRU' || readInt(node, 'linear_before_reset', 0) === 1;
    return view && view.dims.length === 3 && isSeen ? [{ operand, shape: matrix(view) }] : [];
  });
}

/** [.., rows, inputs]: leading axes are groups. */
function matrix(view: View): Shape {
  const [inputs, rows, ...leading] = [...view.dims].reverse();
  return { groups: product(leading), rows, inputs, view };
}

function biasAt(graph: CalibrationGraph, node: onnx.INodeProto, input: number): { bias?: View } {
  const bias = viewOf(graph, node.input?.[input] ?? '');
  return bias ? { bias } : {};
}

/** A constant that an Add puts on every row, right behind a layer without a bias of its own. */
function biasAfter(graph: CalibrationGraph, node: onnx.INodeProto, rows: number): View | undefined {
  const output = node.output?.[0] ?? '';
  const [add, ...others] = graph.readers.get(output) ?? [];
  const isRow = node.opType === 'MatMul' || node.opType === 'Gemm';
  if (!isRow || node.input?.[2] || add?.opType !== 'Add' || add.domain || others.length > 0) return undefined;
  const view = viewOf(graph, add.input?.find((name) => name !== output) ?? '');
  return view?.dims.length === 1 && view.dims[0] === rows ? view : undefined;
}
