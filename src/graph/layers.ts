import type { onnx } from 'onnx-proto';
import type { Skipped, Tensor } from '../model/model.js';
import { isPatchable } from '../model/weights.js';
import { readGraphs } from './attributes.js';
import { type DecodedGraph, placeOf, RECURRENT } from './decoded-graph.js';
import { isSameOrder, isWhole, product, usesOf, type View } from './view.js';
import { type Found, type Taken, takesWeights, viewIn, weightsAt } from './weights-at.js';

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
    for (const found of weightsAt(graph, node)) {
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
    const found = each === node ? [first] : weightsAt(graph, each).filter((one) => viewIn(one).stored === view.stored);
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
  return takesWeights(reader) ? `${opType} does not use it as weights` : `${opType} reads it, which is not calibrated`;
}
