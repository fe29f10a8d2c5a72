import type { Candidate } from './candidates.js';
import { type Curve, curveThrough, type Measured } from './curve.js';

/** What the candidates of a layer are expected to do to the outputs. */
export interface Expectation {
  divergence(candidate: Candidate): number;
  /** The same, with the divergence of pruning and of clustering multiplied by these. */
  scaled(pruning: number, clustering: number): Expectation;
}

/** The divergence caused by pruning and that by clustering add up, since their errors are independent. */
export function expectation(pruning: readonly Measured[], clustering: readonly Measured[]): Expectation {
  return of(curveThrough(pruning), curveThrough(clustering), 1, 1);
}

function of(pruning: Curve, clustering: Curve, byPruning: number, byClustering: number): Expectation {
  return {
    divergence: ({ pruned, clustered }) => byPruning * pruning(pruned) + byClustering * clustering(clustered),
    scaled: (p, c) => of(pruning, clustering, byPruning * p, byClustering * c),
  };
}
