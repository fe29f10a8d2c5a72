import { float, int, readFloat, readInt } from '../../graph/attributes.js';
import type { GraphBuilder } from '../../graph/builder.js';
import type { GradientRule } from './rule.js';

/** Y = max(X, 0). The sign of the output is the mask: 1 where the input passed, 0 elsewhere. */
export const relu: GradientRule = {
  differentiable: [0],
  backward: ({ builder, output, gradient }) => [builder.emit('Mul', [gradient, builder.emit('Sign', [output])])],
};

/** Y = X above 0 and alpha · X below. */
export const leakyRelu: GradientRule = {
  differentiable: [0],
  backward({ node, builder, inputs: [x], gradient }) {
    const below = builder.emit('Mul', [gradient, builder.float(readFloat(node, 'alpha', 0.01))]);
    return [builder.emit('Where', [builder.emit('Greater', [x, builder.float(0)]), gradient, below])];
  },
};

/** Y = X cut to [min, max] (ReLU6 and its like): the gradient passes where nothing was cut. The bounds get none. */
export const clip: GradientRule = {
  differentiable: [0],
  backward({ builder, inputs: [x], output, gradient }) {
    return [builder.emit('Where', [builder.emit('Equal', [x, output]), gradient, builder.float(0)])];
  },
};

/** Y = 1 / (1 + e^−X); dX = dY · Y · (1 − Y). */
export const sigmoid: GradientRule = {
  differentiable: [0],
  backward({ builder, output, gradient }) {
    const slope = builder.emit('Mul', [output, builder.emit('Sub', [builder.float(1), output])]);
    return [builder.emit('Mul', [gradient, slope])];
  },
};

/** Y = tanh X; dX = dY · (1 − Y²). */
export const tanh: GradientRule = {
  differentiable: [0],
  backward({ builder, output, gradient }) {
    const slope = builder.emit('Sub', [builder.float(1), builder.emit('Mul', [output, output])]);
    return [builder.emit('Mul', [gradient, slope])];
  },
};

/** Y = αX + β cut to [0, 1]; the slope is α where nothing was cut. */
export const hardSigmoid: GradientRule = {
  differentiable: [0],
  backward({ node, builder, output, gradient }) {
    const alpha = builder.float(readFloat(node, 'alpha', 0.2));
    return [builder.emit('Mul', [builder.emit('Mul', [gradient, alpha]), between0And1(builder, output)])];
  },
};

/** Y = X · h with h = X / 6 + 1 / 2 cut to [0, 1]; dX = dY · (h + X / 6 where nothing was cut). */
export const hardSwish: GradientRule = {
  differentiable: [0],
  backward({ builder, inputs: [x], gradient }) {
    const h = builder.emit('HardSigmoid', [x], [float('alpha', 1 / 6), float('beta', 0.5)]);
    const sixth = builder.emit('Mul', [x, builder.float(1 / 6)]);
    const slope = builder.emit('Add', [h, builder.emit('Mul', [sixth, between0And1(builder, h)])]);
    return [builder.emit('Mul', [gradient, slope])];
  },
};

/** 1 where 0 < value < 1, for values of [0, 1]: the sign of value · (1 − value). */
function between0And1(builder: GraphBuilder, value: string): string {
  const rest = builder.emit('Sub', [builder.float(1), value]);
  return builder.emit('Sign', [builder.emit('Mul', [value, rest])]);
}

/** Y = e^X / Σ e^X along one axis; dX = Y · (dY − Σ dY · Y). */
export const softmax: GradientRule = {
  differentiable: [0],
  backward({ node, builder, output, gradient }) {
    const axes = builder.ints([readInt(node, 'axis', -1)]);
    const weighted = builder.emit('Mul', [gradient, output]);
    const mean = builder.emit('ReduceSum', [weighted, axes], [int('keepdims', 1)]);
    return [builder.emit('Mul', [output, builder.emit('Sub', [gradient, mean])])];
  },
};

/** Y = X − log Σ e^X along one axis; dX = dY − e^Y · Σ dY. */
export const logSoftmax: GradientRule = {
  differentiable: [0],
  backward({ node, builder, output, gradient }) {
    const axes = builder.ints([readInt(node, 'axis', -1)]);
    const sum = builder.emit('ReduceSum', [gradient, axes], [int('keepdims', 1)]);
    return [builder.emit('Sub', [gradient, builder.emit('Mul', [builder.emit('Exp', [output]), sum])])];
  },
};
