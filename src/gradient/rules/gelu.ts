import { readString } from '../../graph/attributes.js';
import type { GraphBuilder } from '../../graph/builder.js';
import type { GradientRule } from './rule.js';

/** Y = X · Φ(X), where Φ is the normal distribution, or a hyperbolic tangent that comes close to it. */
export const gelu: GradientRule = {
  differentiable: [0],
  backward({ node, builder, inputs: [x], gradient }) {
    const slope = readString(node, 'approximate', 'none') === 'tanh' ? byTangent(builder, x) : exactly(builder, x);
    return [builder.emit('Mul', [gradient, slope])];
  },
};

/** Y' = Φ(X) + X · φ(X), with Φ = (1 + erf(X / √2)) / 2 and φ = e^(−X² / 2) / √(2π). */
function exactly(builder: GraphBuilder, x: string): string {
  const times = (value: string, factor: number) => builder.emit('Mul', [value, builder.float(factor)]);
  const erf = builder.emit('Erf', [times(x, Math.SQRT1_2)]);
  const below = times(builder.emit('Add', [erf, builder.float(1)]), 0.5);
  const bell = builder.emit('Exp', [times(builder.emit('Mul', [x, x]), -0.5)]);
  const density = times(bell, 1 / Math.sqrt(2 * Math.PI));
  return builder.emit('Add', [below, builder.emit('Mul', [x, density])]);
}

/** Φ ≈ (1 + t) / 2 with t = tanh u, u = a · (X + b · X³); Y' = (1 + t + X · (1 − t²) · u') / 2, u' = a · (1 + 3b · X²). */
function byTangent(builder: GraphBuilder, x: string): string {
  const [a, b] = [Math.sqrt(2 / Math.PI), 0.044715];
  const linear = (value: string, factor: number, constant: number) =>
    builder.emit('Add', [builder.emit('Mul', [value, builder.float(factor)]), builder.float(constant)]);
  const square = builder.emit('Mul', [x, x]);
  const t = builder.emit('Tanh', [builder.emit('Mul', [x, linear(square, a * b, a)])]);
  const growth = linear(builder.emit('Mul', [t, t]), -1, 1);
  const bend = builder.emit('Mul', [builder.emit('Mul', [x, growth]), linear(square, 3 * a * b, a)]);
  return builder.emit('Mul', [builder.emit('Sum', [builder.float(1), t, bend]), builder.float(0.5)]);
}
