import type { Model, Tensor } from '../model/model.js';
import { type Lines, linesIn } from '../quantize/lines.js';
import { outlineOf, RECURRENT } from './decoded-graph.js';
import { layersIn } from './layers.js';
import { product } from './view.js';

/** How a tensor of weights is made of output channels, and of the groups that its operator keeps apart. */
export interface Channels {
  readonly channel: Lines;
  readonly group: Lines;
  /** Its place among the layers in the order in which they run; absent for what is none. */
  readonly place?: number;
}

/**
 * Finds the output channels of tensors: of a convolution its filters, of a matrix the rows or columns that make an output each,
 * of a recurrent layer the rows of its gates, of an embedding its entries.
 */
export function channelsOf(model: Model, tensors: ReadonlySet<Tensor>): Map<Tensor, Channels> {
  const found = new Map<Tensor, Channels>();
  let place = 0;
  const isWanted = (tensor: Tensor) => tensors.has(tensor);
  for (const layer of layersIn(outlineOf(model), { isWanted, isTableWanted: isWanted })) {
    const { tensor, groups, rows, inputs, order } = layer;
    // Of what is looked up, or read at several places, nobody can say when it runs.
    const isPlaced = !layer.isLookup && layer.others.length === 0;
    found.set(tensor, {
      channel: linesIn(groups * rows * inputs, inputs, order),
      group: linesIn(groups * rows * inputs, rows * inputs, order),
      ...(isPlaced && { place: place++ }),
    });
  }
  for (const tensor of tensors) if (!found.has(tensor)) found.set(tensor, withoutLayer(tensor));
  return found;
}

/** What an operator's weights are by their shape, where it uses them in a way that makes no layer of them, such as several times. */
function withoutLayer({ op, dims, count }: Tensor): Channels {
  const whole = { count: 1, inner: count };
  if (dims.length < 2) return { channel: whole, group: whole };
  // Of a recurrent layer the axes before the last are directions and rows.
  const last = dims.length - 1;
  const axis = op === 'MatMul' || RECURRENT.has(op) ? last : op === 'ConvTranspose' ? 1 : 0;
  const inner = product(dims.slice(axis + 1));
  const channel = RECURRENT.has(op) ? { count: count / dims[last], inner: dims[last] } : { count: dims[axis], inner };
  return { channel, group: whole };
}
