import type { onnx } from 'onnx-proto';
import { readFloat } from '../../graph/attributes.js';
import type { GraphBuilder } from '../../graph/builder.js';
import { reduceTo } from '../broadcast.js';
import type { GradientRule } from './rule.js';

/** The rule of Y = f(X), element by element, from a node that computes f'(X) given X and Y. */
function byDerivative(
  derivative: (builder: GraphBuilder, x: string, y: string, node: onnx.INodeProto) => string,
): GradientRule {
  return {
    differentiable: [0],
    backward({ node, builder, inputs: [x], output, gradient }) {
      return [builder.emit('Mul', [gradient, derivative(builder, x, output, node)])];
    },
  };
}

/** (√X)' = 1 / (2 · √X) */
export const sqrt = byDerivative((builder, _, y) => builder.emit('Div', [builder.float(0.5), y]));

/** (e^X)' = e^X */
export const exp = byDerivative((_builder, _x, y) => y);

/** (ln X)' = 1 / X */
export const log = byDerivative((builder, x) => builder.emit('Reciprocal', [x]));

/** (1 / X)' = −1 / X² */
export const reciprocal = byDerivative((builder, _, y) => builder.emit('Neg', [builder.emit('Mul', [y, y])]));

/** |X|' = the sign of X */
export const abs = byDerivative((builder, x) => builder.emit('Sign', [x]));

/** erf(X)' = 2 / √π · e^(−X²), the heart of GELU. */
export const erf = byDerivative((builder, x) => {
  const square = builder.emit('Mul', [x, x]);
  return builder.emit('Mul', [
    builder.emit('Exp', [builder.emit('Neg', [square])]),
    builder.float(2 / Math.sqrt(Math.PI)),
  ]);
});

/** ln(1 + e^X)' = 1 / (1 + e^−X) */
export const softplus = byDerivative((builder, x) => builder.emit('Sigmoid', [x]));

/** (α · (e^X − 1))' = α · e^X = Y + α below 0, where the function is not X itself. */
export const elu = byDerivative((builder, x, y, node) => {
  const below = builder.emit('Add', [y, builder.float(readFloat(node, 'alpha', 1))]);
  return builder.emit('Where', [builder.emit('Greater', [x, builder.float(0)]), builder.float(1), below]);
});

/** (−X)' = −1 */
export const neg: GradientRule = {
  differentiable: [0],
  backward: ({ builder, gradient }) => [builder.emit('Neg', [gradient])],
};

/** Y = X ^ exponent; dX = dY · exponent · X ^ (exponent − 1). The exponent is a constant of the formula and gets none. */
export const pow: GradientRule = {
  differentiable: [0],
  backward({ builder, inputs: [x, exponent], gradient }) {
    // An exponent may have another number type than the base, the product may not.
    const factor = builder.emit('CastLike', [exponent, x]);
    const lowered = builder.emit('Pow', [x, builder.emit('Sub', [factor, builder.float(1)])]);
    const slope = builder.emit('Mul', [factor, lowered]);
    return [reduceTo(builder, builder.emit('Mul', [gradient, slope]), x)];
  },
};
