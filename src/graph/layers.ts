import type { onnx } from 'onnx-proto';
import type { Skipped, Tensor } from '../model/model.js';
import { isPatchable } from '../model/weights.js';
import { isStandard, readFloat, readGraphs, readInt } from './attributes.js';
import { type DecodedGraph, placeOf, RECURRENT } from './decoded-graph.js';
import { isShared, isWhole, product, transposed, type View, viewOf } from './view.js';

/**
 * A layer as a matrix: `groups` matrices of `rows` × `inputs` weights, each multiplied with columns of its
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

/** `seen`: the dims as the node sees them; `view`: in the order [group, row, input]. */
type Shape = Pick<Layer, 'groups' | 'rows' | 'inputs'> & { readonly view: View; readonly seen: readonly number[] };
/** Weights that a node has, or the reason why what comes in there is none of them. */
type Found = { operand: number; shape: Shape; bias?: View | undefined } | { view: View; reason: string };
type Finder = (graph: DecodedGraph, node: onnx.INodeProto) => Found[];

/**
 * Finds the layers of a graph among the tensors that are wanted, in the order in which they run.
 *
 * @param tensors - those of the model; each one that is wanted and is no layer comes back as skipped
 */
export function findLayers(
  graph: DecodedGraph,
  tensors: readonly Tensor[],
  isWanted: (tensor: Tensor) => boolean,
): { layers: Layer[]; skipped: Skipped[] } {
  const reasons = new Map<Tensor, string>();
  const layers = [...layersIn(graph, isWanted, (tensor, reason) => reasons.set(tensor, reason))];
  const isLayer = new Set(layers.map(({ tensor }) => tensor));
  const skipped = tensors
    .filter((tensor) => isWanted(tensor) && !isLayer.has(tensor))
    .map((tensor) => ({ tensor, reason: reasons.get(tensor) ?? whyNot(graph, tensor) }));
  return { layers, skipped };
}

/**
 * The same one after the other, for who need not hold the order of all their weights.
 *
 * @param onSkip - called with what operators read as weights and is no layer, and why
 */
export function* layersIn(
  graph: DecodedGraph,
  isWanted: (tensor: Tensor) => boolean,
  onSkip: (tensor: Tensor, reason: string) => void = () => {},
): Generator<Layer> {
  const seen = new Set<Tensor>();
  for (const node of graph.open.builder.graph.node ?? []) {
    const find = isStandard(node) ? FINDERS[node.opType ?? ''] : undefined;
    for (const found of find?.(graph, node) ?? []) {
      const { view } = 'shape' in found ? found.shape : found;
      const { tensor } = view.stored;
      if (seen.has(tensor)) continue;
      seen.add(tensor);
      if (isShared(graph, view)) onSkip(tensor, 'more than one operator reads it');
      else if (!isWhole(view)) onSkip(tensor, 'only parts of it are used');
      else if ('reason' in found) onSkip(tensor, found.reason);
      else if (isWanted(tensor)) yield layerOf(graph, node, found);
    }
  }
}

function layerOf(
  graph: DecodedGraph,
  node: onnx.INodeProto,
  { operand, shape, bias }: Extract<Found, { shape: Shape }>,
): Layer {
  const { view, groups, rows, inputs } = shape;
  const added = bias?.stored.tensor;
  const isFree = bias && !isShared(graph, bias) && bias.order === undefined && product(bias.dims) === groups * rows;
  return {
    ...{ tensor: view.stored.tensor, node, operand, groups, rows, inputs },
    dims: shape.seen,
    order: view.order,
    bias: isFree && added && isPatchable(added) ? added : undefined,
    output: RECURRENT.has(node.opType ?? '') ? undefined : node.output?.[0],
  };
}

/** Why no layer was found for a tensor: where it stands, or what reads it. */
function whyNot({ stored, outside, readers }: DecodedGraph, tensor: Tensor): string {
  const place = outside.get(tensor);
  if (place) return place;
  const names = [...stored].filter(([, each]) => each.tensor === tensor).map(([name]) => name);
  if (names.length === 0) return 'its place in the graph is none that calibration knows';
  const [reader] = names.flatMap((name) => readers.get(name) ?? []);
  if (!reader) return 'no operator reads it';
  const { opType } = reader;
  if (opType === 'Gather') return 'Gather looks up its rows, nothing is multiplied by it';
  if (readGraphs(reader).length > 0) return placeOf(reader);
  return isStandard(reader) && FINDERS[opType ?? '']
    ? `${opType} does not use it as weights`
    : `${opType} reads it, which is not calibrated`;
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
