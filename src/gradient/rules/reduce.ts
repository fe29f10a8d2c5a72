import { readInt, readInts } from '../../graph/attributes.js';
import type { GraphBuilder } from '../../graph/builder.js';
import { reduceTo } from '../broadcast.js';
import { sizeOf } from '../loss.js';
import type { GradientRule, RuleContext } from './rule.js';

/** Y = the sum over some axes: each element gets the gradient of its sum. */
export const reduceSum: GradientRule = {
  differentiable: [0],
  backward(context) {
    const { builder, inputs, gradient } = context;
    return [builder.emit('Expand', [inReducedAxes(context, gradient), builder.shape(inputs[0])])];
  },
};

/** Y = the mean over some axes: each element gets its share of the gradient. */
export const reduceMean: GradientRule = {
  differentiable: [0],
  backward(context) {
    const { builder, inputs, output, gradient } = context;
    const share = builder.emit('Div', [gradient, timesSmaller(builder, inputs[0], output)]);
    return reduceSum.backward({ ...context, gradient: share });
  },
};

/** Y = √(Σ X²) over some axes; dX = dY · X / Y. */
export const reduceL2: GradientRule = {
  differentiable: [0],
  backward(context) {
    const { builder, inputs, output, gradient } = context;
    const rate = builder.emit('Div', [gradient, output]);
    return [builder.emit('Mul', [inReducedAxes(context, rate), inputs[0]])];
  },
};

/** Y = the largest, or smallest, of some axes: those that are it share the gradient. */
export const reduceExtreme: GradientRule = {
  differentiable: [0],
  backward(context) {
    const { builder, inputs, output, gradient } = context;
    return [toExtremes(builder, inputs[0], inReducedAxes(context, output), inReducedAxes(context, gradient))];
  },
};

/** Y = the largest of all spatial axes, kept as axes of size 1. */
export const globalMaxPool: GradientRule = {
  differentiable: [0],
  backward: ({ builder, inputs: [x], output, gradient }) => [toExtremes(builder, x, output, gradient)],
};

/** Y = the mean over all spatial axes, kept as axes of size 1. */
export const globalAveragePool: GradientRule = {
  differentiable: [0],
  backward({ builder, inputs: [x], output, gradient }) {
    const share = builder.emit('Div', [gradient, timesSmaller(builder, x, output)]);
    return [builder.emit('Expand', [share, builder.shape(x)])];
  },
};

/** How many elements of `x` there are to one of `reduced`, as a float. */
export function timesSmaller(builder: GraphBuilder, x: string, reduced: string): string {
  return builder.emit('Div', [sizeOf(builder, x), sizeOf(builder, reduced)]);
}

/** A value of the output's shape with the reduced axes back in place, as axes of size 1. */
function inReducedAxes({ node, builder, inputs: [, given] }: RuleContext, value: string): string {
  const listed = readInts(node, 'axes');
  // Axes are an attribute, or an input in later operator sets.
  const axes = given || (listed && builder.ints(listed));
  // Without axes everything was reduced, and a single value spreads whatever its rank.
  return axes && readInt(node, 'keepdims', 1) === 0 ? builder.emit('Unsqueeze', [value, axes]) : value;
}

function toExtremes(builder: GraphBuilder, x: string, extreme: string, gradient: string): string {
  const isIt = builder.emit('CastLike', [builder.emit('Equal', [x, extreme]), x]);
  const share = builder.emit('Div', [gradient, reduceTo(builder, isIt, extreme)]);
  return builder.emit('Mul', [isIt, share]);
}
