/** A squared error, as a share of the weights' energy, and the divergence that was measured for it. */
export interface Measured {
  readonly error: number;
  readonly divergence: number;
}

/** Expected divergence for a squared error: 0 for 0, never falling. */
export type Curve = (error: number) => number;

/** A smaller divergence could not be distinguished from chance. */
const LEAST = 1e-12;

/** How steeply the divergence may rise beyond what was measured: at least as the error does, at most with its square. */
const STEEPNESS = [1, 2] as const;

/**
 * A curve through what was measured: straight lines on logarithmic scales. Small errors cause a divergence in proportion to their
 * squares, and so it goes on below the first point.
 */
export function curveThrough(measured: readonly Measured[]): Curve {
  const points: { x: number; y: number }[] = [];
  for (const { error, divergence } of [...measured].sort((a, b) => a.error - b.error)) {
    if (!(error > 0)) continue;
    const before = points.at(-1);
    const y = Math.log(Math.min(Math.max(divergence, LEAST), Number.MAX_VALUE));
    if (before && Math.log(error) === before.x) continue;
    // What falls by chance does not fall.
    points.push({ x: Math.log(error), y: Math.max(y, before?.y ?? y) });
  }
  if (points.length === 0) return (error) => error;
  const slopeAfter = points.length > 1 ? slope(points[points.length - 2], points[points.length - 1]) : STEEPNESS[0];
  const beyond = Math.min(STEEPNESS[1], Math.max(STEEPNESS[0], slopeAfter));
  return (error) => {
    if (!(error > 0)) return 0;
    const x = Math.log(error);
    const next = points.findIndex((point) => point.x >= x);
    if (next === 0) return Math.exp(points[0].y + (x - points[0].x));
    const before = points[(next < 0 ? points.length : next) - 1];
    const rise = next < 0 ? beyond : slope(before, points[next]);
    return Math.exp(before.y + rise * (x - before.x));
  };
}

function slope(from: { x: number; y: number }, to: { x: number; y: number }): number {
  return (to.y - from.y) / (to.x - from.x);
}
