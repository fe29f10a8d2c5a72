import onnxProto, { type onnx } from 'onnx-proto';
import { readInt } from '../../graph/attributes.js';
import type { GradientRule } from './rule.js';

const { BFLOAT16, DOUBLE, FLOAT, FLOAT16 } = onnxProto.onnx.TensorProto.DataType;
const FLOATS: readonly onnx.TensorProto.DataType[] = [BFLOAT16, DOUBLE, FLOAT, FLOAT16];

/** The same number as another type: between floating-point types the gradient passes, integers and truth values end it. */
export const cast: GradientRule = {
  differentiable: [0],
  stops: (node) => !FLOATS.includes(readInt(node, 'to', FLOAT)),
  backward: ({ builder, inputs: [x], gradient }) => [builder.emit('CastLike', [gradient, x])],
};
