import { describe, expect, it } from 'vitest';
import type { Candidate } from '../../../src/search/allocation/candidates.js';
import { fill } from '../../../src/search/allocation/fill.js';
import { frontierOf, lowerHull, type Priced } from '../../../src/search/allocation/frontier.js';
import { Random } from '../../support/random.js';

function priced(bytes: number, divergence: number): Priced {
  const candidate: Candidate = { density: 1, clusters: bytes, bytes, pruned: 0, clustered: divergence };
  return { candidate, divergence };
}

/** Layers of random candidates. */
function randomLayers(random: Random, layers = 3, candidates = 6): Priced[][] {
  return Array.from({ length: layers }, () =>
    Array.from({ length: candidates }, () => priced(1 + random.below(50), random.below(1000) / 100)),
  );
}

/** One of each: all ways to choose. */
function combinations(layers: readonly (readonly Priced[])[]): Priced[][] {
  return layers.reduce<Priced[][]>(
    (all, layer) => all.flatMap((chosen) => layer.map((each) => [...chosen, each])),
    [[]],
  );
}

const bytesOf = (chosen: readonly Priced[]) => chosen.reduce((sum, { candidate }) => sum + candidate.bytes, 0);
const divergenceOf = (chosen: readonly Priced[]) => chosen.reduce((sum, { divergence }) => sum + divergence, 0);

describe('lowerHull', () => {
  it('has what is the best for some price of a byte, and nothing else', () => {
    const points = [priced(1, 10), priced(2, 9), priced(3, 4), priced(3, 5), priced(5, 3), priced(6, 3), priced(9, 0)];
    expect(lowerHull(points)).toEqual([points[0], points[2], points[6]]);
  });

  it.each([0, 1, 2, 3])('holds the cheapest candidate for every price (seed %i)', (seed) => {
    const random = new Random(seed);
    const [points] = randomLayers(random, 1, 30);
    const hull = lowerHull(points);
    for (const price of [1e-4, 0.01, 0.1, 0.3, 1, 3, 10]) {
      const cost = ({ candidate, divergence }: Priced) => divergence + price * candidate.bytes;
      expect(Math.min(...hull.map(cost))).toBeCloseTo(Math.min(...points.map(cost)), 10);
    }
    for (const [i, { candidate, divergence }] of hull.slice(1).entries()) {
      expect(candidate.bytes).toBeGreaterThan(hull[i].candidate.bytes);
      expect(divergence).toBeLessThan(hull[i].divergence);
    }
  });
});

describe('frontierOf', () => {
  it.each([0, 1, 2, 3, 4])('leaves nothing smaller that does as little, by trying all (seed %i)', (seed) => {
    const layers = randomLayers(new Random(seed));
    const frontier = frontierOf(layers.map(lowerHull));
    const all = combinations(layers);
    expect(frontier.length).toBeGreaterThan(3);
    for (let at = 0; at < frontier.length; at++) {
      const [bytes, divergence] = [frontier.bytes(at), frontier.divergence(at)];
      expect(frontier.setting(at).reduce((sum, candidate) => sum + candidate.bytes, 0)).toBe(bytes);
      const within = all.filter((chosen) => bytesOf(chosen) <= bytes);
      expect(divergence).toBeCloseTo(Math.min(...within.map(divergenceOf)), 10);
    }
  });

  it('goes from the smallest to the least divergence, one layer at a time', () => {
    const layers = randomLayers(new Random(9), 4, 8);
    const frontier = frontierOf(layers.map(lowerHull));
    const all = combinations(layers);
    expect(frontier.bytes(0)).toBe(Math.min(...all.map(bytesOf)));
    expect(frontier.divergence(frontier.length - 1)).toBeCloseTo(Math.min(...all.map(divergenceOf)), 10);
    for (let at = 1; at < frontier.length; at++) {
      const before = frontier.setting(at - 1);
      expect(frontier.setting(at).filter((candidate, i) => candidate !== before[i])).toHaveLength(1);
    }
  });
});

function filled(setting: readonly Priced[], layers: readonly (readonly Priced[])[], room: number) {
  const divergences = new Map(layers.flat().map(({ candidate, divergence }) => [candidate, divergence]));
  return fill(
    setting.map(({ candidate }) => candidate),
    room,
    (layer) => layers[layer].map(({ candidate }) => candidate),
    (_, candidate) => divergences.get(candidate) as number,
  );
}

describe('fill', () => {
  it('spends what fits on what takes the most divergence away', () => {
    const first = [priced(10, 5), priced(12, 1), priced(20, 0)];
    const second = [priced(10, 5), priced(13, 4), priced(11, 4.5)];
    const chosen = filled([first[0], second[0]], [first, second], 4);
    // 2 bytes save 4, then 1 of the 2 that are left saves a half.
    expect(chosen).toEqual([first[1].candidate, second[2].candidate]);
  });

  it('keeps a setting that nothing fits to', () => {
    const layer = [priced(10, 5), priced(12, 1)];
    expect(filled([layer[0]], [layer], 1)).toEqual([layer[0].candidate]);
  });
});
