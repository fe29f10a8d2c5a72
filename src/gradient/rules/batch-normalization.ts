import { int, readInt } from '../../graph/attributes.js';
import { type GradientRule, type RuleContext, unsupported } from './rule.js';

/**
 * Y = scale · (X − mean) / √(variance + ε) + bias with stored statistics: linear in X, so the operator itself, with mean
 * and bias zero, carries the gradient back. The statistics are not trained.
 */
export const batchNormalization: GradientRule = {
  differentiable: [0, 1, 2],
  backward(context) {
    const { node, builder, inputs, gradient, needs } = context;
    if (readInt(node, 'training_mode', 0) !== 0) throw unsupported(node, 'training_mode 1');
    const [x, scale, bias, mean, variance] = inputs;
    const epsilon = node.attribute?.filter((attribute) => attribute.name === 'epsilon') ?? [];
    const normalise = (value: string, factor: string, centre: string) =>
      builder.emit('BatchNormalization', [value, factor, zeros, centre, variance], epsilon);
    const zeros = builder.emit('Sub', [bias, bias]);
    const dScale = () => {
      const ones = builder.emit('Add', [zeros, builder.float(1)]);
      return perChannel(context, builder.emit('Mul', [gradient, normalise(x, ones, mean)]));
    };
    return [
      needs(0) ? normalise(gradient, scale, zeros) : undefined,
      needs(1) ? dScale() : undefined,
      needs(2) ? perChannel(context, gradient) : undefined,
    ];
  },
};

/** Sums over everything but axis 1; the spatial axes, however many, are first made one. */
function perChannel({ builder }: RuleContext, value: string): string {
  const flat = builder.emit('Reshape', [value, builder.ints([0, 0, -1])]);
  return builder.emit('ReduceSum', [flat, builder.ints([0, 2])], [int('keepdims', 0)]);
}
