import onnxProto from 'onnx-proto';
import { int, ints, readInt } from '../gradient/attributes.js';
import type { GraphBuilder } from '../gradient/builder.js';
import type { Layer } from './layers.js';
import { product } from './view.js';

const { DataType } = onnxProto.onnx.TensorProto;

/** What a node reads and makes, under the names these values have in the graph at hand, and how many axes they have. */
export interface Operands {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly rank: (value: string) => number;
}

/**
 * Appends to a graph what gives the columns of a layer: float32 [groups, n, inputs], one row for every output position
 * of every sample, in the order of the layer's weights; one group where all groups read the same. The columns of a
 * convolution come from a depthwise convolution with one kernel for every tap, a single one in it, so that strides, pads
 * and dilations stay the runtime's business.
 */
export function emitColumns(builder: GraphBuilder, layer: Layer, operands: Operands): string {
  const { node, operand, groups, inputs, dims } = layer;
  const other = asFloat(builder, operands.inputs[operand === 0 ? 1 : 0]);
  const { rank } = operands;
  switch (node.opType) {
    case 'Conv':
    case 'ConvTranspose': {
      const [first, second, ...taps] = dims;
      const channels = node.opType === 'Conv' ? second * groups : first;
      const kept = (node.attribute ?? []).filter(({ name }) => name !== 'group' && name !== 'kernel_shape');
      const attributes = [...kept, int('group', channels), ints('kernel_shape', taps)];
      const columns = builder.emit(node.opType, [other, singleOnes(builder, channels, taps)], attributes);
      const apart = reshape(builder, columns, [0, groups, inputs, -1]);
      return reshape(builder, transpose(builder, apart, [1, 0, 3, 2]), [groups, -1, inputs]);
    }
    case 'Gemm': {
      const isTurned = readInt(node, operand === 1 ? 'transA' : 'transB', 0) === 1;
      const isRows = (operand === 1) !== isTurned;
      return reshape(builder, isRows ? other : transpose(builder, other, [1, 0]), [1, -1, inputs]);
    }
    case 'MatMul': {
      const rows = operand === 1 ? other : turnLast(builder, other, rank(operands.inputs[1]));
      if (groups === 1) return reshape(builder, rows, [1, -1, inputs]);
      // The other operand, spread over the groups: [.., groups, n, inputs].
      const spread = builder.emit('Expand', [rows, builder.ints([...dims.slice(0, -2), 1, 1])]);
      const height = rank(operands.inputs[1 - operand]) - 2;
      const depth = builder.emit('Gather', [builder.emit('Shape', [rows]), builder.ints([height])]);
      const parts = [builder.ints([-1, groups]), depth, builder.ints([inputs])];
      const shape = builder.emit('Concat', parts, [int('axis', 0)]);
      const apart = builder.emit('Reshape', [spread, shape]);
      return reshape(builder, transpose(builder, apart, [1, 0, 2, 3]), [groups, -1, inputs]);
    }
    default:
      if (operand === 1) return reshape(builder, asFloat(builder, operands.inputs[0]), [1, -1, inputs]);
      return states(builder, layer, operands);
  }
}

/**
 * The states that a recurrent layer goes on from, by direction: those it makes, and the one it starts with. (The last
 * one it makes is what the next call starts with, where a model runs step by step.)
 */
function states(builder: GraphBuilder, { inputs, groups }: Layer, { inputs: names, outputs }: Operands): string {
  // Y is [time, directions, samples, states].
  const made = transpose(builder, asFloat(builder, outputs[0]), [1, 0, 2, 3]);
  const parts = [reshape(builder, made, [groups, -1, inputs])];
  if (names[5]) parts.push(asFloat(builder, names[5]));
  return builder.emit('Concat', parts, [int('axis', 1)]);
}

/** One kernel for each tap of each channel. */
function singleOnes(builder: GraphBuilder, channels: number, taps: readonly number[]): string {
  const size = product(taps);
  const kernels = new Float32Array(channels * size * size);
  for (let kernel = 0; kernel < channels * size; kernel++) kernels[kernel * size + (kernel % size)] = 1;
  return builder.tensor([channels * size, 1, ...taps], kernels);
}

/** A matrix product of many, with the last two axes turned. */
function turnLast(builder: GraphBuilder, value: string, rank: number): string {
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  return transpose(builder, value, [...axes.slice(0, -2), rank - 1, rank - 2]);
}

export function asFloat(builder: GraphBuilder, value: string): string {
  return builder.emit('Cast', [value], [int('to', DataType.FLOAT)]);
}

export function reshape(builder: GraphBuilder, value: string, dims: readonly number[]): string {
  return builder.emit('Reshape', [value, builder.ints(dims)]);
}

export function transpose(builder: GraphBuilder, value: string, perm: readonly number[]): string {
  return builder.emit('Transpose', [value], [ints('perm', perm)]);
}
