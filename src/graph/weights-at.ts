import type { onnx } from 'onnx-proto';
import { isStandard, readFloat, readInt } from './attributes.js';
import type { DecodedGraph } from './decoded-graph.js';
import { product, transposed, type View, viewOf } from './view.js';

/** Weights as matrices. `seen`: the dims as the node sees them; `view`: in the order [group, row, input]. */
interface Shape {
  readonly groups: number;
  readonly rows: number;
  readonly inputs: number;
  readonly view: View;
  readonly seen: readonly number[];
}
/** Weights that a node has, or the reason why what comes in there is none of them. */
export type Found = Taken | { view: View; reason: string };
export type Taken = { operand: number; shape: Shape; bias?: View | undefined; isLookup?: boolean };
type Finder = (graph: DecodedGraph, node: onnx.INodeProto) => Found[];

/** What comes into a node by its inputs for weights. */
export function weightsAt(graph: DecodedGraph, node: onnx.INodeProto): Found[] {
  return finderOf(node)?.(graph, node) ?? [];
}

/** Whether an operator of this kind may multiply by weights, or look them up. */
export function takesWeights(node: onnx.INodeProto): boolean {
  return finderOf(node) !== undefined;
}

function finderOf(node: onnx.INodeProto): Finder | undefined {
  return isStandard(node) ? FINDERS[node.opType ?? ''] : undefined;
}

/** The weights that were found, whether they make a layer or not. */
export function viewIn(found: Found): View {
  return 'shape' in found ? found.shape.view : found.view;
}

const FINDERS: Record<string, Finder> = {
  Conv(graph, node) {
    const view = viewOf(graph, node.input?.[1] ?? '');
    if (!view || view.dims.length < 3) return [];
    const groups = readInt(node, 'group', 1);
    const [outputs, ...rest] = view.dims;
    const shape = { groups, rows: outputs / groups, inputs: product(rest), view, seen: view.dims };
    return [{ operand: 1, shape, bias: biasOf(graph, node, view.dims.length - 2) }];
  },
  ConvTranspose(graph, node) {
    const view = viewOf(graph, node.input?.[1] ?? '');
    if (!view || view.dims.length < 3) return [];
    const groups = readInt(node, 'group', 1);
    const [channels, rows, ...taps] = view.dims;
    const split = { ...view, dims: [groups, channels / groups, rows, product(taps)] };
    const inputs = (channels / groups) * product(taps);
    const shape = { groups, rows, inputs, view: transposed(split, [0, 2, 1, 3]), seen: view.dims };
    return [{ operand: 1, shape, bias: biasOf(graph, node, taps.length) }];
  },
  Gemm(graph, node) {
    const isPlain = readFloat(node, 'alpha', 1) === 1 && readFloat(node, 'beta', 1) === 1;
    for (const operand of [1, 0]) {
      const view = viewOf(graph, node.input?.[operand] ?? '');
      if (view?.dims.length !== 2) continue;
      // Rows are outputs: of the right operand these are the columns, unless it is transposed.
      const isTurned = readInt(node, operand === 1 ? 'transB' : 'transA', 0) !== (operand === 1 ? 1 : 0);
      const shape = matrix(isTurned ? transposed(view, [1, 0]) : view, view.dims);
      return [
        { operand, shape, bias: operand === 1 && (isPlain || !node.input?.[2]) ? biasOf(graph, node, 0) : undefined },
      ];
    }
    return [];
  },
  MatMul(graph, node) {
    for (const operand of [1, 0]) {
      const view = viewOf(graph, node.input?.[operand] ?? '');
      if (!view || view.dims.length === 0) continue;
      const last = view.dims.length - 1;
      // A vector is a matrix of one row on either side.
      const isTurned = operand === 1 && last > 0;
      const turned = view.dims.map((_, axis) => (axis === last ? last - 1 : axis === last - 1 ? last : axis));
      const shape = matrix(isTurned ? transposed(view, turned) : view, view.dims);
      const hasRows = operand === 1 && last === 1;
      return [{ operand, shape, bias: hasRows ? biasOf(graph, node, 0) : undefined }];
    }
    return [];
  },
  Gather(graph, node) {
    const view = viewOf(graph, node.input?.[0] ?? '');
    if (view?.dims.length !== 2 || readInt(node, 'axis', 0) !== 0) return [];
    return [{ operand: 0, shape: matrix(view, view.dims), isLookup: true }];
  },
  Add(graph, node) {
    const views = [0, 1].map((operand) => viewOf(graph, node.input?.[operand] ?? ''));
    const operand = views.findIndex(Boolean);
    const view = views[operand];
    // A table has a row for each place; what has one value a row, or one row, is a bias.
    const [inputs = 1, ...places] = [...(view?.dims ?? [])].reverse();
    if (!view || views[1 - operand] || inputs < 2 || product(places) < 2) return [];
    const shape = { groups: 1, rows: product(places), inputs, view, seen: view.dims };
    return [{ operand, shape, isLookup: true }];
  },
  LSTM: recurrent,
  GRU: recurrent,
  RNN: recurrent,
};

/** W and R: the inputs of a step, and the state that it goes on from. One group a direction. */
function recurrent(graph: DecodedGraph, node: onnx.INodeProto): Found[] {
  return [1, 2].flatMap((operand): Found[] => {
    const view = viewOf(graph, node.input?.[operand] ?? '');
    if (view?.dims.length !== 3) return [];
    if (operand === 2 && node.opType === 'GRU' && readInt(node, 'linear_before_reset', 0) === 0) {
      return [{ view, reason: 'the reset gate of a GRU changes the states before they are multiplied by it' }];
    }
    if (operand === 2 && readInt(node, 'layout', 0) === 1) {
      return [{ view, reason: 'its operator has the samples on the first axis (layout 1)' }];
    }
    return [{ operand, shape: matrix(view, view.dims) }];
  });
}

/** [.., rows, inputs]: leading axes are groups. */
function matrix(view: View, seen: readonly number[]): Shape {
  const [inputs, rows = 1, ...leading] = [...view.dims].reverse();
  return { groups: product(leading), rows, inputs, view, seen };
}

/**
 * The bias of a layer: the third input, or without one a constant that an Add puts on every row, right behind it.
 *
 * @param places - how many axes come after that of the rows
 */
function biasOf(graph: DecodedGraph, node: onnx.INodeProto, places: number): View | undefined {
  if (node.input?.[2]) return viewOf(graph, node.input[2]);
  const output = node.output?.[0] ?? '';
  const [add, ...others] = graph.readers.get(output) ?? [];
  const isResult = graph.open.builder.graph.output?.some(({ name }) => name === output);
  if (add?.opType !== 'Add' || !isStandard(add) || others.length > 0 || isResult) return undefined;
  const view = viewOf(graph, add.input?.find((name) => name !== output) ?? '');
  // Its only axis that is not 1 is that of the rows.
  const rows = view ? view.dims.length - 1 - places : -1;
  return rows >= 0 && view?.dims.every((dim, axis) => axis === rows || dim === 1) ? view : undefined;
}
