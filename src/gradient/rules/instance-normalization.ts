import { int, readFloat } from '../../graph/attributes.js';
import { normalised, throughNormal } from './normalize.js';
import type { GradientRule } from './rule.js';

/** Y = scale · X̂ + bias with X̂ = (X − mean) / √(variance + ε), both of each sample's each channel: over its spatial axes. */
export const instanceNormalization: GradientRule = {
  differentiable: [0, 1, 2],
  backward({ node, builder, inputs: [x, scale], gradient, needs }) {
    const flat = (value: string) => builder.emit('Reshape', [value, builder.ints([0, 0, -1])]);
    const sum = (value: string) => builder.emit('ReduceSum', [value, builder.ints([0, 2])], [int('keepdims', 0)]);
    const arriving = flat(gradient);
    const { normal, inverse } = normalised(builder, flat(x), readFloat(node, 'epsilon', 1e-5));
    const dX = () => {
      const scaled = builder.emit('Mul', [arriving, builder.emit('Unsqueeze', [scale, builder.ints([1])])]);
      return builder.emit('Reshape', [throughNormal(builder, scaled, normal, inverse), builder.shape(x)]);
    };
    return [
      needs(0) ? dX() : undefined,
      needs(1) ? sum(builder.emit('Mul', [arriving, normal])) : undefined,
      needs(2) ? sum(arriving) : undefined,
    ];
  },
};
