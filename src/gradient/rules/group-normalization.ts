import { int, readFloat, readInt } from '../../graph/attributes.js';
import { normalised, throughNormal } from './normalize.js';
import { type GradientRule, unsupported } from './rule.js';

/**
 * Y = scale · X̂ + bias with X̂ = (X − mean) / √(variance + ε), both of each sample's each group of channels. Scale and bias are
 * one of each channel, or, before set 21, of each group.
 */
export const groupNormalization: GradientRule = {
  differentiable: [0, 1, 2],
  backward({ node, builder, inputs: [x, scale], gradient, needs }) {
    const groups = readInt(node, 'num_groups', 1);
    const count = builder.dims(scale)?.[0];
    if (count === undefined) throw unsupported(node, 'a scale that is computed');
    // Of one number each, groups and channels are the same.
    const isByGroup = count === groups;
    const grouped = (value: string) => builder.emit('Reshape', [value, builder.ints([0, groups, -1])]);
    const { normal, inverse } = normalised(builder, grouped(x), readFloat(node, 'epsilon', 1e-5));
    /** A value as [N, scales, elements]. */
    const byScale = (value: string) => {
      if (isByGroup) return grouped(value);
      return builder.emit('Reshape', [
        value,
        builder.emit('Concat', [builder.ints([0]), builder.shape(scale), builder.ints([-1])], [int('axis', 0)]),
      ]);
    };
    const arriving = byScale(gradient);
    const sum = (value: string) => builder.emit('ReduceSum', [value, builder.ints([0, 2])], [int('keepdims', 0)]);
    const dX = () => {
      const scaled = builder.emit('Mul', [arriving, builder.emit('Unsqueeze', [scale, builder.ints([1])])]);
      const back = throughNormal(
        builder,
        grouped(builder.emit('Reshape', [scaled, builder.shape(x)])),
        normal,
        inverse,
      );
      return builder.emit('Reshape', [back, builder.shape(x)]);
    };
    const normalByScale = () => byScale(builder.emit('Reshape', [normal, builder.shape(x)]));
    return [
      needs(0) ? dX() : undefined,
      needs(1) ? sum(builder.emit('Mul', [arriving, normalByScale()])) : undefined,
      needs(2) ? sum(arriving) : undefined,
    ];
  },
};
