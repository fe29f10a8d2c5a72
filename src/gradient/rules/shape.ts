import { int, ints, readInt, readInts, readString } from '../../graph/attributes.js';
import { reduceTo } from '../broadcast.js';
import type { GradientRule } from './rule.js';
import { select } from './select.js';

/** Identity, and Dropout at inference, which is one. */
export const identity: GradientRule = {
  differentiable: [0],
  backward: ({ gradient }) => [gradient],
};

/** Reshape, Flatten, Squeeze and Unsqueeze: the same elements in the same order, so the way back is the input's shape. */
export const reshape: GradientRule = {
  differentiable: [0],
  backward: ({ builder, inputs: [x], gradient }) => [builder.emit('Reshape', [gradient, builder.shape(x)])],
};

/** Y[i] = X permuted; without `perm` all axes are reversed, which is its own inverse. */
export const transpose: GradientRule = {
  differentiable: [0],
  backward({ node, builder, gradient }) {
    const perm = readInts(node, 'perm');
    const inverse = perm?.map((_, axis) => perm.indexOf(axis));
    return [builder.emit('Transpose', [gradient], inverse ? [ints('perm', inverse)] : [])];
  },
};

/** Y = the inputs one after the other along `axis`: the gradient is cut at the same places. */
export const concat: GradientRule = {
  differentiable: 'all',
  backward({ node, builder, inputs, gradient }) {
    const axis = readInt(node, 'axis', 1);
    const extents = inputs.map((name) => builder.emit('Gather', [builder.shape(name), builder.ints([axis])]));
    const sizes = builder.emit('Concat', extents, [int('axis', 0)]);
    return builder.emitAll('Split', [gradient, sizes], [int('axis', axis)], inputs.length);
  },
};

/** The outputs are X cut along `axis`: their gradients one after the other. */
export const split: GradientRule = {
  differentiable: [0],
  severalOutputs: true,
  backward({ node, builder, gradientOf }) {
    const gradients = node.output!.map((_, i) => gradientOf(i));
    return [builder.emit('Concat', gradients, [int('axis', readInt(node, 'axis', 0))])];
  },
};

/** Y = X broadcast to a shape. */
export const expand: GradientRule = {
  differentiable: [0],
  backward: ({ builder, inputs: [x], gradient }) => [reduceTo(builder, gradient, x)],
};

/** Y = X with constants around it: padding by the negative of the same cuts them off again. */
export const pad: GradientRule = {
  differentiable: [0],
  backward(context) {
    const { node, builder, gradient } = context;
    const [, pads, , axes] = context.inputs;
    // The other modes repeat elements of X, wherever they take them from.
    if (readString(node, 'mode', 'constant') !== 'constant') return select.backward(context);
    const back = [gradient, builder.emit('Neg', [pads])];
    return [builder.emit('Pad', axes ? [...back, '', axes] : back)];
  },
};
