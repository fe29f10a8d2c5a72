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

/** Y = the largest, or smallest, of any number of inputs, each of them broadcast: those that are it share the gradient. */
export const extreme: GradientRule = {
  differentiable: 'all',
  backward({ builder, inputs, output, gradient, needs }) {
    const areIt = inputs.map((operand) => {
      return builder.emit('CastLike', [builder.emit('Equal', [operand, output]), output]);
    });
    const share = builder.emit('Div', [gradient, builder.emit('Sum', areIt)]);
    return inputs.map((operand, i) =>
      needs(i) ? reduceTo(builder, builder.emit('Mul', [areIt[i], share]), operand) : undefined,
    );
  },
};

/** Y = A where a condition holds and B elsewhere, all three broadcast. */
export const where: GradientRule = {
  differentiable: [1, 2],
  backward({ builder, inputs: [condition, a, b], gradient, needs }) {
    const zero = builder.float(0);
    return [
      undefined,
      needs(1) ? reduceTo(builder, builder.emit('Where', [condition, gradient, zero]), a) : undefined,
      needs(2) ? reduceTo(builder, builder.emit('Where', [condition, zero, gradient]), b) : undefined,
    ];
  },
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
