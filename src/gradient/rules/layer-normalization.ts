import { reduceTo } from '../broadcast.js';
import { timesSmaller } from './reduce.js';
import type { GradientRule } from './rule.js';

/**
 * Y = scale · X̂ + bias with X̂ = (X − mean) / deviation, both taken over the axes from `axis` on. Mean and deviation move
 * with X: what arrives at X̂ loses its own mean and its part along X̂. The forward node tells mean and 1 / deviation.
 */
export const layerNormalization: GradientRule = {
  differentiable: [0, 1, 2],
  backward({ node, builder, inputs: [x, scale, bias], gradient, needs }) {
    const [mean, inverse] = [1, 2].map((index) => builder.optionalOutput(node, index));
    const normal = builder.emit('Mul', [builder.emit('Sub', [x, mean]), inverse]);
    const dX = () => {
      const arriving = builder.emit('Mul', [gradient, scale]);
      const count = timesSmaller(builder, x, mean);
      const meanOf = (value: string) => builder.emit('Div', [reduceTo(builder, value, mean), count]);
      const along = builder.emit('Mul', [normal, meanOf(builder.emit('Mul', [arriving, normal]))]);
      const lost = builder.emit('Add', [meanOf(arriving), along]);
      return builder.emit('Mul', [builder.emit('Sub', [arriving, lost]), inverse]);
    };
    return [
      needs(0) ? dX() : undefined,
      needs(1) ? reduceTo(builder, builder.emit('Mul', [gradient, normal]), scale) : undefined,
      bias && needs(2) ? reduceTo(builder, gradient, bias) : undefined,
    ];
  },
};
