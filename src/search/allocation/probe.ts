import type { Clock } from '../goal.js';
import type { Candidate } from './candidates.js';
import { type Expectation, expectation } from './expectation.js';
import type { Subject } from './subject.js';

/** Where a layer is probed: its share of kept weights, with their own values, and values shared by all. */
const DENSITIES = [0.6, 0.3];
const CLUSTERS = [5, 16];
export const PROBES = DENSITIES.length + CLUSTERS.length;

/**
 * Measures each layer for itself, all others as they are in the original. Where the time is over, what is left of them is
 * taken to be as the one before.
 */
export async function probeLayers(
  { layers, divergence }: Subject,
  onProbe: () => void,
  clock: Clock,
): Promise<Expectation[]> {
  const found: Expectation[] = [];
  for (const [i, { candidates, choices }] of layers.entries()) {
    const before = found.at(-1);
    if (before && clock.isOver()) {
      found.push(before);
      continue;
    }
    const measure = async (candidate: Candidate) => {
      const result = await divergence(layers.map((_, other) => (other === i ? candidate : undefined)));
      onProbe();
      return result;
    };
    const pruning = [];
    for (const density of DENSITIES) {
      const candidate = nearest(candidates, (each) => Math.abs(Math.log(each.density / density)));
      if (!candidate || candidate.pruned === 0) continue;
      pruning.push({ error: candidate.pruned, divergence: await measure({ ...candidate, clusters: undefined }) });
    }
    const clustering = [];
    for (const clusters of choices.clusters ? CLUSTERS : []) {
      const dense = candidates.filter(({ density }) => density === candidates[0].density);
      const candidate = nearest(dense, (each) => Math.abs(Math.log((each.clusters ?? 1) / clusters)));
      if (candidate && candidate.clustered > 0) {
        clustering.push({ error: candidate.clustered, divergence: await measure(candidate) });
      }
    }
    found.push(expectation(pruning, clustering));
  }
  return found;
}

function nearest(candidates: readonly Candidate[], distance: (candidate: Candidate) => number): Candidate | undefined {
  return candidates.reduce<Candidate | undefined>(
    (best, each) => (best === undefined || distance(each) < distance(best) ? each : best),
    undefined,
  );
}
