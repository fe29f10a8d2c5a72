import { describe, expect, it } from 'vitest';
import type { Candidate } from '../../../src/search/allocation/candidates.js';
import { type Frontier, frontierOf } from '../../../src/search/allocation/frontier.js';
import { best, MOST_TRIED, type Tried, walk } from '../../../src/search/allocation/walk.js';
import type { Goal } from '../../../src/search/goal.js';

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
      tried.push({ setting, point: { bytes: bytes + OVERHEAD, loss: 4 * clustered, divergence: clustered } });
      return tried[tried.length - 1];
    },
    near,
  );
  return tried;
}

const point = (bytes: number, loss: number, divergence: number): Tried => ({
  setting: [],
  point: { bytes, loss, divergence },
});

describe('walk', () => {
  it.each([undefined, 1000, 1900, 2990])('finds where the loss is, from %s', async (near) => {
    const tried = await walked({ maxLoss: 1 }, near);
    expect(tried.length).toBeLessThanOrEqual(MOST_TRIED);
    // 4 · 10⁶ / bytes² is 1 at 2,000.
    const { bytes, loss } = best(tried, { maxLoss: 1 }).point;
    expect(loss).toBeLessThanOrEqual(1);
    expect(bytes - OVERHEAD).toBeLessThanOrEqual(2100);
  });

  it('finds the largest of a size, and learns what else the file holds', async () => {
    const tried = await walked({ targetSize: 2203 });
    expect(best(tried, { targetSize: 2203 }).point.bytes).toBe(2200);
    expect(tried.length).toBeLessThanOrEqual(4);
  });

  it('ends at either end of the frontier', async () => {
    expect(best(await walked({ maxLoss: 100 }), { maxLoss: 100 }).point.bytes).toBeLessThan(1100);
    const none = await walked({ maxLoss: 0.01 });
    expect(best(none, { maxLoss: 0.01 }).point.bytes).toBeGreaterThan(2900);
  });
});

describe('best', () => {
  it('is the smallest within a loss, but not one that was only lucky', () => {
    const all = [
      point(90, 0.4, 0.04),
      point(95, 1.1, 0.035),
      point(96, 0.9, 0.03),
      point(100, 0.4, 0.01),
      point(110, 0.1, 0.004),
    ];
    expect(best(all, { maxLoss: 0.5 })).toBe(all[3]);
    expect(best([all[0], all[3]], { maxLoss: 0.5 })).toBe(all[0]);
  });

  it('takes what counts as within the loss where divergence tells nothing', () => {
    const all = [point(90, 0.4, 0.04), point(95, 1.1, 0.035)];
    expect(best(all, { maxLoss: 0.5 })).toBe(all[0]);
  });

  it('is the one of the least divergence of those that fill a size', () => {
    const all = [point(97, 1, 0.01), point(99, 1, 0.03), point(100, 1, 0.02), point(101, 1, 0.001)];
    expect(best(all, { targetSize: 100 })).toBe(all[2]);
    expect(best(all.slice(0, 1), { targetSize: 100 })).toBe(all[0]);
  });

  it('is the nearest where nothing reaches the goal', () => {
    const all = [point(90, 2, 0.04), point(95, 1, 0.02)];
    expect(best(all, { maxLoss: 0.5 })).toBe(all[1]);
    expect(best(all, { targetSize: 10 })).toBe(all[0]);
  });
});
