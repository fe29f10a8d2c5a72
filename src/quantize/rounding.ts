import type { Random } from '../random.js';
import { type Fitted, valueAt } from './formats/format.js';

/** Rounds weights to a fitted format, in place: to the nearest value, or by chance to one of the two next to it. */
export function roundWeights(weights: Float32Array, fitted: Fitted, random?: Random): void {
  const { set, scale, offset } = fitted;
  if (random) {
    for (let i = 0; i < weights.length; i++)
      weights[i] = valueAt(fitted, byChance(fitted, (weights[i] - offset) / scale, random));
    return;
  }
  for (let i = 0; i < weights.length; i++)
    weights[i] = Math.fround(offset + scale * set.nearest((weights[i] - offset) / scale)) + 0;
}

/** The nearer a value, the likelier, so that the mean is the weight itself. */
function byChance({ set }: Fitted, x: number, random: Random): number {
  const below = set.below(x);
  const above = set.above(x);
  if (above <= below) return below;
  return (x - below) / (above - below) > random.float() ? above : below;
}
