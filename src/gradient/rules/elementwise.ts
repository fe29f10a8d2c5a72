import { reduceTo } from '../broadcast.js';
import type { GradientRule } from './rule.js';

/** Y = A + B, either one broadcast. */
export const add: GradientRule = {
  differentiable: [0, 1],
  backward: ({ builder, inputs, gradient, needs }) =>
    inputs.map((operand, i) => (needs(i) ? reduceTo(builder, gradient, operand) : undefined)),
};

/** Y = the sum of any number of inputs, each of them broadcast. */
export const sum: GradientRule = { ...add, differentiable: 'all' };

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
