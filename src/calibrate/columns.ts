import onnxProto, { type onnx } from 'onnx-proto';
import { int, ints, readInt, readInts, readString } from '../graph/attributes.js';
import type { GraphBuilder } from '../graph/builder.js';
import { isConvolution, type Layer } from '../graph/layers.js';
import { product } from '../graph/view.js';

const { DataType } = onnxProto.onnx.TensorProto;

/** What a node reads and makes, under the names these values have in the graph at hand. */
export interface Operands {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** How many axes a value has, by its name in the model. */
  readonly rank: (value: string) => number;
}

/** Some of a layer's columns. */
export interface ColumnPick {
  /** Only those of every so manieth place of a picture: 1 where not {@link canStride}. */
  readonly stride: number;
  /** Appends what takes some of a value's columns, which are numbered along an axis. */
  take(value: string, axis: number): string;
}

const ALL: ColumnPick = { stride: 1, take: (value) => value };

/** Whether places can be passed over: a padding that the runtime chooses would be another. */
export function canStride({ node }: Layer): boolean {
  return node.opType === 'Conv' && !readString(node, 'auto_pad', '').startsWith('SAME');
}

/**
 * Appends to a graph what gives the columns of a layer: float32 [groups, n, inputs], one row for every output position
 * of every sample, in the order of the layer's weights; one group where all groups read the same. The columns of a
 * convolution come from a depthwise convolution with one kernel for every tap, a single one in it, so that strides, pads
 * and dilations stay the runtime's business. All nodes mean the same in every operator set from 7 on.
 *
 * @param pick - those that are wanted. Default: all
 */
export function emitColumns(builder: GraphBuilder, layer: Layer, operands: Operands, pick: ColumnPick = ALL): string {
  return isConvolution(layer) ? patches(builder, layer, operands, pick) : pick.take(rows(builder, layer, operands), 1);
}

function rows(builder: GraphBuilder, layer: Layer, operands: Operands): string {
  const { node, operand, inputs } = layer;
  switch (node.opType) {
    case 'Gemm': {
      const other = asFloat(builder, operands.inputs[1 - operand]);
      const isTurned = readInt(node, operand === 1 ? 'transA' : 'transB', 0) === 1;
      const isRows = (operand === 1) !== isTurned;
      return reshape(builder, isRows ? other : transpose(builder, other, [1, 0]), [1, -1, inputs]);
    }
    case 'MatMul':
      return factors(builder, layer, operands);
    default:
      if (operand === 1) return reshape(builder, asFloat(builder, operands.inputs[0]), [1, -1, inputs]);
      return states(builder, layer, operands);
  }
}

/** Attributes of the convolution that makes columns which are not the layer's. */
const OWN_ATTRIBUTES: ReadonlySet<string> = new Set(['group', 'kernel_shape', 'strides']);

/** What the kernels of a convolution lie on. What is not picked is never turned: of large pictures that takes longest. */
function patches(
  builder: GraphBuilder,
  { node, groups, inputs, dims }: Layer,
  operands: Operands,
  pick: ColumnPick,
): string {
  const [first, second, ...taps] = dims;
  const isPlain = node.opType === 'Conv';
  const channels = isPlain ? second * groups : first;
  const size = product(taps);
  let columns = asFloat(builder, operands.inputs[0]);
  if (size > 1 || !isPlain || pick.stride > 1 || !(isAll(node, 'strides', 1) && isAll(node, 'pads', 0))) {
    const strides = taps.map((_, axis) => pick.stride * (readInts(node, 'strides')?.[axis] ?? 1));
    const attributes = [
      ...(node.attribute ?? []).filter(({ name }) => !OWN_ATTRIBUTES.has(name ?? '')),
      ...[int('group', channels), ints('kernel_shape', taps), ints('strides', strides)],
    ];
    const kernels = singleOnes(channels, size);
    const kernelDims = isPlain ? [channels * size, 1, ...taps] : [channels, size, ...taps];
    columns = builder.emit(node.opType!, [columns, builder.tensor(kernelDims, kernels)], attributes);
  }
  const lines = transpose(builder, reshape(builder, columns, [0, groups * inputs, -1]), [1, 0, 2]);
  const picked = pick.take(reshape(builder, lines, [groups * inputs, -1]), 1);
  return transpose(builder, reshape(builder, picked, [groups, inputs, -1]), [0, 2, 1]);
}

function isAll(node: onnx.INodeProto, name: string, wanted: number): boolean {
  return readInts(node, name)?.every((value) => value === wanted) ?? true;
}

/** One kernel for each tap of each channel. */
function singleOnes(channels: number, size: number): Float32Array {
  const kernels = new Float32Array(channels * size * size);
  for (let kernel = 0; kernel < channels * size; kernel++) kernels[kernel * size + (kernel % size)] = 1;
  return kernels;
}

/** The rows, or for weights on the left the columns, of a product's other operand. */
function factors(builder: GraphBuilder, { node, operand, groups, inputs, dims }: Layer, operands: Operands): string {
  const other = asFloat(builder, operands.inputs[1 - operand]);
  const rank = operands.rank(node.input?.[1 - operand] ?? '');
  if (rank < 2) return reshape(builder, other, [1, -1, inputs]);
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  const isLeft = operand === 0;
  const rows = isLeft ? transpose(builder, other, [...axes.slice(0, -2), rank - 1, rank - 2]) : other;
  if (groups === 1) return reshape(builder, rows, [1, -1, inputs]);
  // Spread over the groups by adding nothing to it; then the axes that tell the groups apart come first.
  const leading = dims.slice(0, -2);
  const nothing = builder.floats([...leading, 1, 1], new Array(groups).fill(0));
  const spread = builder.emit('Add', [rows, nothing]);
  const height = Math.max(rank, dims.length);
  const isGroup = (axis: number) => (leading[axis - (height - dims.length)] ?? 1) > 1;
  const spreadAxes = Array.from({ length: height }, (_, axis) => axis);
  const perm = [...spreadAxes.filter(isGroup), ...spreadAxes.filter((axis) => !isGroup(axis))];
  return reshape(builder, transpose(builder, spread, perm), [groups, -1, inputs]);
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

export function asFloat(builder: GraphBuilder, value: string): string {
  return builder.emit('Cast', [value], [int('to', DataType.FLOAT)]);
}

export function reshape(builder: GraphBuilder, value: string, dims: readonly number[]): string {
  return builder.emit('Reshape', [value, builder.ints(dims)]);
}

export function transpose(builder: GraphBuilder, value: string, perm: readonly number[]): string {
  return builder.emit('Transpose', [value], [ints('perm', perm)]);
}
