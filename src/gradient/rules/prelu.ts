import { reduceTo } from '../broadcast.js';
import type { GradientRule } from './rule.js';

/** Y = X above 0 and slope · X below, the slope broadcast: often one a channel, [C, 1, 1], or one for all. */
export const pRelu: GradientRule = {
  differentiable: [0, 1],
  backward({ builder, inputs: [x, slope], gradient, needs }) {
    const zero = builder.float(0);
    const dX = () => {
      const below = builder.emit('Mul', [gradient, slope]);
      return builder.emit('Where', [builder.emit('Greater', [x, zero]), gradient, below]);
    };
    const dSlope = () => reduceTo(builder, builder.emit('Mul', [gradient, builder.emit('Min', [x, zero])]), slope);
    return [needs(0) ? dX() : undefined, needs(1) ? dSlope() : undefined];
  },
};
