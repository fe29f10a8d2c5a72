import onnxProto from 'onnx-proto';
import { int, readInt, readInts } from '../attributes.js';
import type { GradientRule } from './rule.js';

const { DataType } = onnxProto.onnx.TensorProto;

/** Y = the mean over some axes, given as attribute or (from opset 18) as input: each element gets its share of dY. */
export const reduceMean: GradientRule = {
  differentiable: [0],
  backward({ node, builder, inputs, output, gradient }) {
    const [x, given] = inputs;
    const listed = readInts(node, 'axes');
    const axes = given || (listed && builder.ints(listed));
    const count = builder.emit('Div', [builder.emit('Size', [x]), builder.emit('Size', [output])]);
    const share = builder.emit('Div', [gradient, builder.emit('Cast', [count], [int('to', DataType.FLOAT)])]);
    // Without axes everything was reduced, and a single value spreads whatever its rank.
    const aligned = axes && readInt(node, 'keepdims', 1) === 0 ? builder.emit('Unsqueeze', [share, axes]) : share;
    return [builder.emit('Expand', [aligned, builder.shape(x)])];
  },
};
