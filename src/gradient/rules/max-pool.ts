import { ints, readInt, readInts, readString } from '../../graph/attributes.js';
import { type GradientRule, unsupported } from './rule.js';
import { scatterAdd } from './select.js';

/** Each maximum sends its gradient to the one element it was taken from; the forward node tells which that was. */
export const maxPool: GradientRule = {
  differentiable: [0],
  backward({ node, builder, inputs: [x], gradient }) {
    const kernel = readInts(node, 'kernel_shape');
    if (!kernel) throw unsupported(node, 'a missing kernel_shape');
    if (readInt(node, 'storage_order', 0) !== 0) throw unsupported(node, 'storage_order 1 (column major)');
    const strides = readInts(node, 'strides') ?? kernel.map(() => 1);
    const dilations = readInts(node, 'dilations') ?? kernel.map(() => 1);
    const apart = kernel.every((extent, i) => strides[i] >= dilations[i] * (extent - 1) + 1);
    const indices = builder.optionalOutput(node, 1);
    // ONNX Runtime's MaxUnpool refuses a size below the one it infers, which padding and ceil_mode exceed.
    const padded =
      readInts(node, 'pads')?.some((pad) => pad !== 0) || readString(node, 'auto_pad', '').startsWith('SAME');
    if (!apart || padded || readInt(node, 'ceil_mode', 0) !== 0) return [scatterAdd(builder, x, indices, gradient)];
    // No element is the maximum of two windows, so placing is enough and nothing has to be added up.
    const attributes = [ints('kernel_shape', kernel), ints('strides', strides)];
    return [builder.emit('MaxUnpool', [gradient, indices, builder.shape(x)], attributes)];
  },
};
