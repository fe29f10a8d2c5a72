import type { onnx } from 'onnx-proto';
import { readInt } from '../attributes.js';

/** Who reads a tensor, and as which input. */
export interface Reader {
  readonly node: onnx.INodeProto;
  readonly input: number;
}

/** The axis of output channels that all readers of a tensor agree on; `undefined` where there is none. */
export function channelAxis(readers: readonly Reader[], dims: readonly number[]): number | undefined {
  const axes = new Set(readers.map(({ node, input }) => axisFor(node, input, dims.length)));
  return axes.size === 1 ? [...axes][0] : undefined;
}

function axisFor(node: onnx.INodeProto, input: number, rank: number): number | undefined {
  switch (node.opType) {
    case 'Conv':
      return input === 1 ? 0 : undefined;
    case 'ConvTranspose':
      return input === 1 && readInt(node, 'group', 1) === 1 ? 1 : undefined;
    case 'Gemm':
      return input === 1 && rank === 2 ? 1 - readInt(node, 'transB', 0) : undefined;
    case 'MatMul':
      return input === 1 && rank >= 2 ? rank - 1 : undefined;
    case 'LSTM':
    case 'GRU':
    case 'RNN':
      return input === 1 || input === 2 ? 1 : undefined;
    default:
      return undefined;
  }
}
