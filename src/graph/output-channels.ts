import type { onnx } from 'onnx-proto';
import { readInt } from './attributes.js';
import { product } from './view.js';

/** Operators whose weights can take a factor for each channel of what they make. */
const FOLDABLE: ReadonlySet<string> = new Set(['Conv', 'ConvTranspose', 'Gemm']);

/** Whether a factor and a shift of each output channel can go into the weights of an operator. */
export function isFoldable(opType: string): boolean {
  return FOLDABLE.has(opType);
}

/** How many channels a layer makes, and which of them each of its weights is for. */
export interface ChannelsOfWeights {
  readonly count: number;
  /** @param index - of an element of the weights */
  of(index: number): number;
}

/**
 * Which output channel each weight of a layer is for.
 *
 * @param dims - of the weights: [outputs, inputs / groups, …] of a Conv, [inputs, outputs / groups, …] of a ConvTranspose
 */
export function channelsAt(node: onnx.INodeProto, dims: readonly number[]): ChannelsOfWeights {
  const [first, second] = dims;
  const inner = product(dims.slice(1));
  if (node.opType === 'ConvTranspose') {
    const groups = readInt(node, 'group', 1);
    const taps = product(dims.slice(2));
    const perGroup = first / groups;
    return {
      count: second * groups,
      of: (index) => Math.floor(index / inner / perGroup) * second + (Math.floor(index / taps) % second),
    };
  }
  const isRows = node.opType === 'Conv' || readInt(node, 'transB', 0) === 1;
  return isRows
    ? { count: first, of: (index) => Math.floor(index / inner) }
    : { count: second, of: (index) => index % second };
}
