import onnxProto, { type onnx } from 'onnx-proto';
import { int, readString, string } from '../../graph/attributes.js';
import type { GraphBuilder } from '../../graph/builder.js';
import { type GradientRule, type RuleContext, unsupported } from './rule.js';

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
 * Slice, the Gathers, Tile and their like: whatever they pick, done to the numbers 0, 1, 2 … in the shape of x, they tell
 * which elements were picked. So negative steps, clamped ends and repeated indices need no thought here.
 */
export const select: GradientRule = {
  differentiable: [0],
  backward: (context) => pick(context, DataType.INT64),
};

/** DepthToSpace and SpaceToDepth move elements about. ONNX Runtime has them for floats only: the numbers are float64. */
export const rearrange: GradientRule = {
  differentiable: [0],
  backward: (context) => pick(context, DataType.DOUBLE),
};

/** Resize to the nearest element picks as well; interpolation would mix elements and has no rule. */
export const resize: GradientRule = {
  differentiable: [0],
  backward(context) {
    const mode = readString(context.node, 'mode', 'nearest');
    if (mode !== 'nearest') throw unsupported(context.node, `mode ${mode}`);
    // Resize takes no int64.
    return pick(context, DataType.INT32);
  },
};

/** Sends numbers of the type given through the operator itself, and the gradient to the elements they come from. */
function pick(
  { node, builder, inputs: [x, ...choice], gradient }: RuleContext,
  type: onnx.TensorProto.DataType,
): string[] {
  const cast = (value: string, to: onnx.TensorProto.DataType) =>
    type === DataType.INT64 ? value : builder.emit('Cast', [value], [int('to', to)]);
  const picked = builder.emit(node.opType!, [cast(numbered(builder, x), type), ...choice], node.attribute ?? []);
  return [scatterAdd(builder, x, cast(picked, DataType.INT64), gradient)];
}

/** 0, 1, 2 … in the shape of x. */
function numbered(builder: GraphBuilder, x: string): string {
  const [first, step] = [0, 1].map((value) => builder.emit('Squeeze', [builder.ints([value])]));
  const numbers = builder.emit('Range', [first, builder.emit('Size', [x]), step]);
  return builder.emit('Reshape', [numbers, builder.shape(x)]);
}
