import { int, readFloat, readInt } from '../../graph/attributes.js';
import type { GraphBuilder } from '../../graph/builder.js';
import { timesSmaller } from './reduce.js';
import { type GradientRule, type RuleContext, unsupported } from './rule.js';

/** What a node says whose mean and variance are those of what it normalises. */
export const BY_BATCH = 'normalises by the statistics of the batch';

/**
 * Y = scale · (X − mean) / √(variance + ε) + bias with stored statistics: linear in X, so the operator itself, with mean
 * and bias zero, carries the gradient back. The statistics are not trained.
 */
export const batchNormalization: GradientRule = {
  differentiable: [0, 1, 2],
  backward(context) {
    const { node, builder, inputs, gradient, needs } = context;
    if (readInt(node, 'training_mode', 0) !== 0) throw unsupported(node, 'training_mode 1');
    if (node.docString === BY_BATCH) return throughBatch(context);
    const [x, scale, bias, mean, variance] = inputs;
    const epsilon = node.attribute?.filter((attribute) => attribute.name === 'epsilon') ?? [];
    const normalise = (value: string, factor: string, centre: string) =>
      builder.emit('BatchNormalization', [value, factor, zeros, centre, variance], epsilon);
    const zeros = builder.emit('Sub', [bias, bias]);
    const dScale = () => {
      const ones = builder.emit('Add', [zeros, builder.float(1)]);
      return perChannel(builder, builder.emit('Mul', [gradient, normalise(x, ones, mean)]));
    };
    return [
      needs(0) ? normalise(gradient, scale, zeros) : undefined,
      needs(1) ? dScale() : undefined,
      needs(2) ? perChannel(builder, gradient) : undefined,
    ];
  },
};

/**
 * The same where mean and variance move with X: what arrives loses its own mean and its part along what was normalised.
 *
 * Source: Ioffe & Szegedy 2015, §3.
 */
function throughBatch({ node, builder, inputs, gradient, needs }: RuleContext): (string | undefined)[] {
  const [x, scale, , mean, variance] = inputs;
  const [flat, arriving] = [flattened(builder, x), flattened(builder, gradient)];
  const centred = centredBy(builder, flat, mean);
  const root = builder.emit('Sqrt', [builder.emit('Add', [variance, builder.float(readFloat(node, 'epsilon', 1e-5))])]);
  const total = perChannel(builder, arriving);
  const dScale = builder.emit('Div', [perChannel(builder, builder.emit('Mul', [arriving, centred])), root]);
  const dX = () => {
    const count = timesSmaller(builder, flat, total);
    const along = builder.emit('Div', [builder.emit('Div', [dScale, count]), root]);
    const lost = builder.emit('Mul', [centred, perPlace(builder, along)]);
    const left = builder.emit('Sub', [centredBy(builder, arriving, builder.emit('Div', [total, count])), lost]);
    const factor = perPlace(builder, builder.emit('Div', [scale, root]));
    return builder.emit('Reshape', [builder.emit('Mul', [left, factor]), builder.shape(x)]);
  };
  return [needs(0) ? dX() : undefined, needs(1) ? dScale : undefined, needs(2) ? total : undefined];
}

/** A value as [samples, channels, places]. */
export function flattened(builder: GraphBuilder, value: string): string {
  return builder.emit('Reshape', [value, builder.ints([0, 0, -1])]);
}

/** A value [samples, channels, places] less a number for each channel. */
export function centredBy(builder: GraphBuilder, flat: string, mean: string): string {
  return builder.emit('Sub', [flat, perPlace(builder, mean)]);
}

function perPlace(builder: GraphBuilder, numbers: string): string {
  return builder.emit('Unsqueeze', [numbers, builder.ints([1])]);
}

/** Sums over everything but axis 1; the spatial axes, however many, are first made one. */
export function perChannel(builder: GraphBuilder, value: string): string {
  return builder.emit('ReduceSum', [flattened(builder, value), builder.ints([0, 2])], [int('keepdims', 0)]);
}
