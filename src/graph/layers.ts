import type { onnx } from 'onnx-proto';
import type { Skipped, Tensor } from '../model/model.js';
import { isPatchable } from '../model/weights.js';
import { isStandard, readFloat, readGraphs, readInt } from './attributes.js';
import { type DecodedGraph, placeOf, RECURRENT } from './decoded-graph.js';
import { isSameOrder, isWhole, product, transposed, usesOf, type View, viewOf } from './view.js';

/** An operator that reads the weights of a layer. */
export interface Read {
  readonly node: onnx.INodeProto;
  /** Which of the node's inputs the weights come in by. */
  readonly operand: number;
  /** The dims of the weights as the node sees them. */
  readonly dims: readonly number[];
  /** The value whose rows are what the weights make, without or with the bias; absent for recurrent layers. */
  readonly output: string | undefined;
  /**
   * Whether rows are taken as they are, by their number as Gather does, or by their place where a table is added:
   * nothing is multiplied by them.
   */
  readonly isLookup: boolean;
}

/**
 * A layer as a matrix: `groups` matrices of `rows` × `inputs` weights, each multiplied with columns of its
 * own group's inputs. A convolution is that over its im2col columns. What reads the weights first, and multiplies by them
 * if anything does, is the layer itself.
 */
export interface Layer extends Read {
  readonly tensor: Tensor;
  readonly groups: number;
  readonly rows: number;
  readonly inputs: number;
  /** For each weight in the order [group, row, input], its element of the tensor. */
  readonly order: Int32Array | undefined;
  /** The bias that is added to every output row, if it may be corrected. */
  readonly bias: Tensor | undefined;
  /** Whatever else reads the same weights in the same order. */
  readonly others: readonly Read[];
}

/** All that read the weights of a layer. */
export function readsOf(layer: Layer): readonly Read[] {
  return [layer, ...layer.others];
}

/** Those that multiply by them. */
export function productsOf(layer: Layer): readonly Read[] {
  return readsOf(layer).filter(({ isLookup }) => !isLookup);
}

export function isConvolution({ node: { opType } }: Read): boolean {
  return opType === 'Conv' || opType === 'ConvTranspose';
}

/** Which tensors are wanted as layers. */
export interface LayerFilter {
  isWanted(tensor: Tensor): boolean;
  /** The same of tables by which nothing is multiplied. Default: none. */
  isTableWanted?(tensor: Tensor): boolean;
}

/** `seen`: the dims as the node sees them; `view`: in the order [group, row, input]. */
type Shape = Pick<Layer, 'groups' | 'rows' | 'inputs'> & { readonly view: View; readonly seen: readonly number[] };
/** Weights that a node has, or the reason why what comes in there is none of them. */
type Found = Taken | { view: View; reason: string };
type Taken = { operand: number; shape: Shape; bias?: View | undefined; isLookup?: boolean };
type Finder = (graph: DecodedGraph, node: onnx.INodeProto) => Found[];

/**
 * Finds the layers of a graph among the tensors that are wanted, in the order in which they run.
 *
 * @param tensors - those of the model; each one that is wanted and is no layer comes back as skipped
 */
export function findLayers(
  graph: DecodedGraph,
  tensors: readonly Tensor[],
  filter: LayerFilter,
): { layers: Layer[]; skipped: Skipped[] } {
  const reasons = new Map<Tensor, string>();
  const layers = [...layersIn(graph, filter, (tensor, reason) => reasons.set(tensor, reason))];
  const isLayer = new Set(layers.map(({ tensor }) => tensor));
  const skipped = tensors
    .filter((tensor) => filter.isWanted(tensor) && !isLayer.has(tensor))
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
  { isWanted, isTableWanted = () => false }: LayerFilter,
  onSkip: (tensor: Tensor, reason: string) => void = () => {},
): Generator<Layer> {
  const seen = new Set<Tensor>();
  const nodes = graph.open.builder.graph.node ?? [];
  for (const node of nodes) {
    for (const found of foundAt(graph, node)) {
      const view = viewIn(found);
      const { tensor } = view.stored;
      if (seen.has(tensor)) continue;
      seen.add(tensor);
      if (!isWanted(tensor) && !isTableWanted(tensor)) continue;
      const taken = readersOf(graph, found, view, node);
      if (typeof taken === 'string') onSkip(tensor, taken);
      else {
        const layer = layerOf(graph, taken);
        if (layer.isLookup ? isTableWanted(tensor) : isWanted(tensor)) yield layer;
        else if (layer.isLookup) onSkip(tensor, LOOKED_UP);
      }
    }
  }
}

const LOOKED_UP = 'its rows are looked up, nothing is multiplied by it';

function foundAt(graph: DecodedGraph, node: onnx.INodeProto): Found[] {
  const find = isStandard(node) ? FINDERS[node.opType ?? ''] : undefined;
  return find?.(graph, node) ?? [];
}

function viewIn(found: Found): View {
  return 'shape' in found ? found.shape.view : found.view;
}

/** Those that read a tensor as weights, in the order in which they run; or in words why it is no layer. */
function readersOf(
  graph: DecodedGraph,
  first: Found,
  view: View,
  node: onnx.INodeProto,
): [node: onnx.INodeProto, taken: Taken][] | string {
  const { nodes, isOutput } = usesOf(graph, view);
  const taken: [onnx.INodeProto, Taken][] = [];
  if (isOutput) return 'the model gives it out';
  const order = graph.open.builder.graph.node ?? [];
  const all = nodes.length > 1 ? order.filter((each) => nodes.includes(each)) : [node];
  for (const each of all) {
    const found = each === node ? [first] : foundAt(graph, each).filter((one) => viewIn(one).stored === view.stored);
    const [one] = found;
    if (!one || found.length > 1 || nodes.filter((other) => other === each).length > 1) {
      return `${each.opType} reads it as well, in a way that is not calibrated`;
    }
    if (!isWhole(viewIn(one))) return 'only parts of it are used';
    if ('reason' in one) return one.reason;
    taken.push([each, one]);
  }
  const [[, { shape }]] = taken;
  const isAlike = taken.every(
    ([
      ,
      {
        shape: { groups, rows, inputs, view },
      },
    ]) => {
      const isSameShape = groups === shape.groups && rows === shape.rows && inputs === shape.inputs;
      return isSameShape && isSameOrder(view.order, shape.view.order);
    },
  );
  return isAlike ? taken : 'what reads it multiplies by it from either side, or in other shapes';
}

function layerOf(graph: DecodedGraph, taken: readonly [onnx.INodeProto, Taken][]): Layer {
  const reads = taken.map(
    ([node, { operand, shape, isLookup = false }]): Read => ({
      ...{ node, operand, isLookup },
      dims: shape.seen,
      output: RECURRENT.has(node.opType ?? '') ? undefined : node.output?.[0],
    }),
  );
  const main = reads.find(({ isLookup }) => !isLookup) ?? reads[0];
  const [[, { shape }]] = taken;
  const { view, groups, rows, inputs } = shape;
  return {
    ...main,
    ...{ tensor: view.stored.tensor, groups, rows, inputs },
    order: view.order,
    bias: freeBias(graph, taken),
    others: reads.filter((read) => read !== main),
  };
}

/** The bias that is added behind every product, if nothing else reads it. */
function freeBias(graph: DecodedGraph, taken: readonly [onnx.INodeProto, Taken][]): Tensor | undefined {
  const products = taken.filter(([, { isLookup }]) => !isLookup);
  const [bias] = products.map((each) => each[1].bias);
  if (!bias || bias.order !== undefined) return undefined;
  const { tensor } = bias.stored;
  const { groups, rows } = products[0][1].shape;
  if (product(bias.dims) !== groups * rows || !isPatchable(tensor)) return undefined;
  const { nodes, isOutput } = usesOf(graph, bias);
  const isEverywhere = products.every(([, each]) => each.bias?.stored.tensor === tensor);
  return !isOutput && isEverywhere && nodes.length === products.length ? tensor : undefined;
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
