import type { Random } from '../random.js';
import { type Fitted, valueAt } from './formats/format.js';

/** Rounds weights to a fitted format, in place: to the nearest value, or by chance to one of the two next to it. */
export function roundWeights(weights: Float32Array, fitted: Fitted, random?: Random): void {
  const { set, scale, offset } = fitted;
  for (let i = 0; i < weights.length; i++) {
    const x = (weights[i] - offset) / scale;
    weights[i] = valueAt(fitted, random ? byChance(x) : set.nearest(x));
  }

  /** The nearer a value, the likelier, so that the mean is the weight itself. */
  function byChance(x: number): number {
    const below = set.below(x);
    const above = set.above(x);
    if (above <= below) return below;
    return (x - below) / (above - below) > (random?.float() ?? 0) ? above : below;
  }
}
