import { readFloat } from '../attributes.js';
import { reduceTo } from '../broadcast.js';
import type { GradientRule } from './rule.js';

/** Y = A + B, either one broadcast. */
export const add: GradientRule = {
  differentiable: [0, 1],
  backward: ({ builder, inputs, gradient, needs }) =>
    inputs.map((operand, i) => (needs(i) ? reduceTo(builder, gradient, operand) : undefined)),
};

/** Y = A − B, either one broadcast. */
export const sub: GradientRule = {
  differentiable: [0, 1],
  backward({ builder, inputs: [a, b], gradient, needs }) {
    return [
      needs(0) ? reduceTo(builder, gradient, a) : undefined,
      needs(1) ? builder.emit('Neg', [reduceTo(builder, gradient, b)]) : undefined,
    ];
  },
};

/** Y = A · B element by element, either one broadcast. */
export const mul: GradientRule = {
  differentiable: [0, 1],
  backward({ builder, inputs: [a, b], gradient, needs }) {
    return [
      needs(0) ? reduceTo(builder, builder.emit('Mul', [gradient, b]), a) : undefined,
      needs(1) ? reduceTo(builder, builder.emit('Mul', [gradient, a]), b) : undefined,
    ];
  },
};

/** Y = A / B element by element, either one broadcast; dB = −dY · Y / B. */
export const div: GradientRule = {
  differentiable: [0, 1],
  backward({ builder, inputs: [a, b], output, gradient, needs }) {
    const dA = builder.emit('Div', [gradient, b]);
    return [
      needs(0) ? reduceTo(builder, dA, a) : undefined,
      needs(1) ? builder.emit('Neg', [reduceTo(builder, builder.emit('Mul', [dA, output]), b)]) : undefined,
    ];
  },
};

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
