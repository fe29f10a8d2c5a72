import { describe, expect, it } from 'vitest';
import type { Candidate } from '../../../src/search/allocation/candidates.js';
import { type Frontier, frontierOf } from '../../../src/search/allocation/frontier.js';
import { MOST_TRIED, type Tried, walk } from '../../../src/search/allocation/walk.js';
import { best } from '../../../src/search/best.js';
import { clockOf, type Goal } from '../../../src/search/goal.js';

const OVERHEAD = 50;

/** A frontier of one layer: 1,000 to 3,000 bytes, divergence falling with their square. */
function frontier(): Frontier {
  const candidates = Array.from({ length: 200 }, (_, i): Candidate => {
    const bytes = 1000 + 10 * i;
    return { density: 1, clusters: i, bytes, pruned: 0, clustered: 1e6 / bytes ** 2 };
  });
  return frontierOf([candidates.map((candidate) => ({ candidate, divergence: candidate.clustered }))]);
}

async function walked(goal: Goal, near?: number): Promise<Tried[]> {
  const tried: Tried[] = [];
  await walk(
    frontier(),
    goal,
    async (setting) => {
      const [{ bytes, clustered }] = setting;
      tried.push({ ...point(bytes + OVERHEAD, 4 * clustered, clustered), setting });
      return tried[tried.length - 1];
    },
    clockOf({}),
    near,
  );
  return tried;
}

const LOSS = { metric: 'accuracy', unit: 'points', by: 'count', samples: 100 } as const;

const point = (bytes: number, loss: number, divergence: number): Tried => ({
  setting: [],
  point: { bytes, loss, judgement: { ...LOSS, value: loss, low: 0, high: loss }, divergence },
});

describe('walk', () => {
  it.each([undefined, 1000, 1900, 2990])('finds where the loss is, from %s', async (near) => {
    const tried = await walked({ limit: 1 }, near);
    expect(tried.length).toBeLessThanOrEqual(MOST_TRIED);
    // 4 · 10⁶ / bytes² is 1 at 2,000.
    const { bytes, loss } = best(tried, { limit: 1 }).point;
    expect(loss).toBeLessThanOrEqual(1);
    expect(bytes - OVERHEAD).toBeLessThanOrEqual(2100);
  });

  it('finds the largest of a size, and learns what else the file holds', async () => {
    const tried = await walked({ targetSize: 2203 });
    expect(best(tried, { targetSize: 2203 }).point.bytes).toBe(2200);
    expect(tried.length).toBeLessThanOrEqual(4);
  });

  it('ends at either end of the frontier', async () => {
    expect(best(await walked({ limit: 100 }), { limit: 100 }).point.bytes).toBeLessThan(1100);
    const none = await walked({ limit: 0.01 });
    expect(best(none, { limit: 0.01 }).point.bytes).toBeGreaterThan(2900);
  });
});
