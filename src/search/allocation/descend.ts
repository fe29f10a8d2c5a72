import type { Clock } from '../goal.js';
import type { Candidate } from './candidates.js';
import type { Expectation } from './expectation.js';
import type { Priced, Setting } from './frontier.js';
import type { Subject } from './subject.js';

/** Candidates of a layer that are tried on either side: with fewer bytes, and with more. */
export const TRIES = 4;

/** Where the search stands. */
export interface Standing {
  readonly setting: Setting;
  readonly divergence: number;
}

/** A setting that is locally the best, and what was learnt of each layer on the way there, all others compressed. */
export interface Descent extends Standing {
  /** Candidates of each layer with their share of the whole model's divergence. */
  readonly priced: readonly (readonly Priced[])[];
}

/**
 * Goes through the layers once: of each, the most promising candidates are tried where the layer stands, and the best of
 * them is kept. What counts is the divergence at equal size, that is, `ln divergence + steepness · ln bytes`. This finds what no expectation
 * tells: which roundings happen to make up for each other.
 *
 * @param steepness - by how many per cent the divergence falls along the frontier for one per cent more bytes
 */
export async function descend(
  { layers, divergence: measure }: Subject,
  expectations: readonly Expectation[],
  start: Standing,
  steepness: number,
  onTry: () => void,
  clock: Clock,
): Promise<Descent> {
  const setting = [...start.setting];
  let { divergence } = start;
  const tried: { candidate: Candidate; ratio: number }[][] = [];
  const scale = divergence / sum(setting.map((candidate, i) => expectations[i].divergence(candidate)));
  for (const [i, { candidates }] of layers.entries()) {
    const before = { candidate: setting[i], divergence };
    const total = sum(setting.map(({ bytes }) => bytes));
    const price = (steepness * divergence) / total;
    const costs = (candidate: Candidate) => scale * expectations[i].divergence(candidate) + price * candidate.bytes;
    const worth = (bytes: number, value: number) =>
      Math.log(value) + steepness * Math.log(total + bytes - before.candidate.bytes);
    const ranked = candidates.filter((each) => each !== before.candidate).sort((a, b) => costs(a) - costs(b));
    const smaller = ranked.filter(({ bytes }) => bytes < before.candidate.bytes).slice(0, TRIES);
    const larger = ranked.filter(({ bytes }) => bytes >= before.candidate.bytes).slice(0, TRIES);
    const here = [{ candidate: before.candidate, ratio: 1 }];
    let best = worth(before.candidate.bytes, divergence);
    for (const candidate of [...smaller, ...larger]) {
      if (clock.isOver()) break;
      const limit = Math.exp(best - worth(candidate.bytes, 1));
      const tries = setting.map((each, other) => (other === i ? candidate : each));
      const value = await measure(tries, limit);
      onTry();
      here.push({ candidate, ratio: value / before.divergence });
      if (worth(candidate.bytes, value) >= best) continue;
      best = worth(candidate.bytes, value);
      // Later candidates are put in its place, not beside it.
      setting[i] = candidate;
      divergence = value;
    }
    tried.push(here);
  }
  const priced = tried.map((here, i) =>
    priceAround(
      here,
      setting[i],
      divergence,
      layers[i].candidates,
      (candidate) => scale * expectations[i].divergence(candidate),
    ),
  );
  return { setting, divergence, priced };
}

/** What was measured of a layer, related to what it has in the end, and of all other candidates what is expected. */
function priceAround(
  measured: readonly { candidate: Candidate; ratio: number }[],
  chosen: Candidate,
  divergence: number,
  candidates: readonly Candidate[],
  expected: (candidate: Candidate) => number,
): Priced[] {
  const own = measured.find(({ candidate }) => candidate === chosen)?.ratio ?? 1;
  // The layer's share of the divergence, and how the whole changes with it.
  const known = new Map(
    measured.map(({ candidate, ratio }) => [candidate, expected(chosen) + divergence * (ratio / own - 1)]),
  );
  // The one chosen was lucky: others will be worse than they look from here, by what luck makes out.
  const misses = [...known].map(([candidate, value]) => Math.abs(value - expected(candidate)));
  const luck = misses.length > 1 ? sum(misses) / (misses.length - 1) : 0;
  return candidates.map((candidate) => ({ candidate, divergence: known.get(candidate) ?? expected(candidate) + luck }));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
