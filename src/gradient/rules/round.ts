import type { GradientRule } from './rule.js';

/**
 * Y = X to the nearest integer. It is flat wherever it has a slope at all, so the gradient goes straight through, as if nothing had
 * been rounded (Bengio, Léonard & Courville 2013). A Clip behind it stops what lies outside a range.
 */
export const round: GradientRule = {
  differentiable: [0],
  backward: ({ gradient }) => [gradient],
};
