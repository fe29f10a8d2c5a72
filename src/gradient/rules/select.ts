import onnxProto, { type onnx } from 'onnx-proto';
import { int, readString, string } from '../attributes.js';
import type { GraphBuilder } from '../builder.js';
import { type GradientRule, unsupported } from './rule.js';

const { DataType } = onnxProto.onnx.TensorProto;

/**
 * Adds each element of `gradient` to the element of `x` it belongs to: `indices`, of the gradient's shape, count through
 * the whole of x. An element named several times gets the sum, one never named gets zero.
 */
export function scatterAdd(builder: GraphBuilder, x: string, indices: string, gradient: string): string {
  const shape = builder.shape(x);
  const flat = (value: string) => builder.emit('Reshape', [value, builder.ints([-1])]);
  const size = builder.emit('ReduceProd', [shape], [int('keepdims', 1)]);
  const attributes = [int('axis', 0), string('reduction', 'add')];
  const sums = builder.emit('ScatterElements', [builder.zeros(size), flat(indices), flat(gradient)], attributes);
  return builder.emit('Reshape', [sums, shape]);
}

/**
 * Slice, the Gathers and Tile: whatever they pick, done to the numbers 0, 1, 2 … in the shape of x, they tell which elements were
 * picked. So negative steps, clamped ends and repeated indices need no thought here.
 */
export const select: GradientRule = {
  differentiable: [0],
  backward({ node, builder, inputs: [x, ...choice], gradient }) {
    const picked = builder.emit(node.opType!, [numbered(builder, x), ...choice], node.attribute ?? []);
    return [scatterAdd(builder, x, picked, gradient)];
  },
};

/** Resize to the nearest element picks as well; interpolation would mix elements and has no rule. */
export const resize: GradientRule = {
  differentiable: [0],
  backward({ node, builder, inputs: [x, ...choice], gradient }) {
    const mode = readString(node, 'mode', 'nearest');
    if (mode !== 'nearest') throw unsupported(node, `mode ${mode}`);
    // Resize takes no int64.
    const numbers = cast(builder, numbered(builder, x), DataType.INT32);
    const picked = builder.emit('Resize', [numbers, ...choice], node.attribute ?? []);
    return [scatterAdd(builder, x, cast(builder, picked, DataType.INT64), gradient)];
  },
};

function cast(builder: GraphBuilder, value: string, to: onnx.TensorProto.DataType): string {
  return builder.emit('Cast', [value], [int('to', to)]);
}

/** 0, 1, 2 … in the shape of x. */
function numbered(builder: GraphBuilder, x: string): string {
  const [first, step] = [0, 1].map((value) => builder.emit('Squeeze', [builder.ints([value])]));
  const numbers = builder.emit('Range', [first, builder.emit('Size', [x]), step]);
  return builder.emit('Reshape', [numbers, builder.shape(x)]);
}
