import { reduceTo } from '../broadcast.js';
import { throughNormal } from './normalize.js';
import type { GradientRule } from './rule.js';

/**
 * Y = scale · X̂ + bias with X̂ = (X − mean) / deviation, both taken over the axes from `axis` on. The forward node tells
 * mean and 1 / deviation.
 */
export const layerNormalization: GradientRule = {
  differentiable: [0, 1, 2],
  backward({ node, builder, inputs: [x, scale, bias], gradient, needs }) {
    const [mean, inverse] = [1, 2].map((index) => builder.optionalOutput(node, index));
    const normal = builder.emit('Mul', [builder.emit('Sub', [x, mean]), inverse]);
    const dX = () => throughNormal(builder, builder.emit('Mul', [gradient, scale]), normal, inverse);
    return [
      needs(0) ? dX() : undefined,
      needs(1) ? reduceTo(builder, builder.emit('Mul', [gradient, normal]), scale) : undefined,
      bias && needs(2) ? reduceTo(builder, gradient, bias) : undefined,
    ];
  },
};
