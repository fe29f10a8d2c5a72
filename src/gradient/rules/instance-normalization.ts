import { int, readFloat } from '../../graph/attributes.js';
import { throughNormal } from './normalize.js';
import type { GradientRule } from './rule.js';

/** Y = scale · X̂ + bias with X̂ = (X − mean) / √(variance + ε), both of each sample's each channel: over its spatial axes. */
export const instanceNormalization: GradientRule = {
  differentiable: [0, 1, 2],
  backward({ node, builder, inputs: [x, scale], gradient, needs }) {
    const flat = (value: string) => builder.emit('Reshape', [value, builder.ints([0, 0, -1])]);
    const sum = (value: string, axes: number[], keepdims: number) =>
      builder.emit('ReduceSum', [value, builder.ints(axes)], [int('keepdims', keepdims)]);
    const arriving = flat(gradient);
    const extent = builder.emit('CastLike', [builder.shape(flat(x), 2), x]);
    const mean = (value: string) => builder.emit('Div', [sum(value, [2], 1), extent]);
    const centred = builder.emit('Sub', [flat(x), mean(flat(x))]);
    const variance = mean(builder.emit('Mul', [centred, centred]));
    const epsilon = builder.float(readFloat(node, 'epsilon', 1e-5));
    const inverse = builder.emit('Reciprocal', [builder.emit('Sqrt', [builder.emit('Add', [variance, epsilon])])]);
    const normal = builder.emit('Mul', [centred, inverse]);
    const dX = () => {
      const scaled = builder.emit('Mul', [arriving, builder.emit('Unsqueeze', [scale, builder.ints([1])])]);
      return builder.emit('Reshape', [throughNormal(builder, scaled, normal, inverse), builder.shape(x)]);
    };
    return [
      needs(0) ? dX() : undefined,
      needs(1) ? sum(builder.emit('Mul', [arriving, normal]), [0, 2], 0) : undefined,
      needs(2) ? sum(arriving, [0, 2], 0) : undefined,
    ];
  },
};
