import type { Candidate } from './candidates.js';

/** A candidate with the divergence that is expected of it. */
export interface Priced {
  readonly candidate: Candidate;
  readonly divergence: number;
}

/** One candidate a layer. */
export type Setting = readonly Candidate[];

/**
 * The lower convex hull of a layer's candidates, from the fewest bytes to the least divergence: those that are the best for
 * some price of a byte. Along it each further byte saves less.
 */
export function lowerHull(priced: readonly Priced[]): Priced[] {
  const byBytes = [...priced].sort((a, b) => a.candidate.bytes - b.candidate.bytes || a.divergence - b.divergence);
  const hull: Priced[] = [];
  for (const point of byBytes) {
    const last = hull.at(-1);
    if (last && point.divergence >= last.divergence) continue;
    while (
      hull.length >= 2 &&
      savings(hull[hull.length - 2], hull[hull.length - 1]) <= savings(hull[hull.length - 2], point)
    ) {
      hull.pop();
    }
    hull.push(point);
  }
  return hull;
}

/** By how much the divergence falls for each further byte between two candidates. */
function savings(from: Priced, to: Priced): number {
  return (from.divergence - to.divergence) / (to.candidate.bytes - from.candidate.bytes);
}

/** Settings of the whole model that are the best for some price of a byte, from the smallest to the largest. */
export interface Frontier {
  readonly length: number;
  /** Bytes of all layers together there, and the divergence expected. */
  bytes(at: number): number;
  divergence(at: number): number;
  setting(at: number): Setting;
}

/**
 * The frontier of the whole model from the hulls of its layers. At equal slope in all layers no byte is better spent
 * elsewhere: so the steps of all hulls, taken in the order of what a byte saves, are the settings that a price of a byte
 * would choose, all of them. Each differs from the one before in one layer.
 *
 * Source: Shoham, Gersho, "Efficient bit allocation for an arbitrary set of quantizers", 1988.
 */
export function frontierOf(hulls: readonly (readonly Priced[])[]): Frontier {
  const steps = hulls.flatMap((hull, layer) =>
    hull.slice(1).map((to, i) => ({
      layer,
      to,
      saves: savings(hull[i], to),
      bytes: to.candidate.bytes - hull[i].candidate.bytes,
      divergence: to.divergence - hull[i].divergence,
    })),
  );
  // Within a hull slopes fall, so its steps stay in order.
  steps.sort((a, b) => b.saves - a.saves || a.layer - b.layer);
  const bytes = [hulls.reduce((sum, [first]) => sum + first.candidate.bytes, 0)];
  const divergence = [hulls.reduce((sum, [first]) => sum + first.divergence, 0)];
  for (const step of steps) {
    bytes.push(bytes[bytes.length - 1] + step.bytes);
    divergence.push(divergence[divergence.length - 1] + step.divergence);
  }
  return {
    length: steps.length + 1,
    bytes: (at) => bytes[at],
    divergence: (at) => divergence[at],
    setting(at) {
      const chosen = hulls.map(([first]) => first.candidate);
      for (const { layer, to } of steps.slice(0, at)) chosen[layer] = to.candidate;
      return chosen;
    },
  };
}
