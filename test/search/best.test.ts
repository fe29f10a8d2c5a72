import { describe, expect, it } from 'vitest';
import { best } from '../../src/search/best.js';

const LOSS = { metric: 'accuracy', unit: 'points', by: 'count', samples: 100 } as const;

const point = (bytes: number, loss: number, divergence: number) => ({
  point: { bytes, loss, judgement: { ...LOSS, value: loss, low: 0, high: loss }, divergence },
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
    expect(best(all, { limit: 0.5 })).toBe(all[3]);
    expect(best([all[0], all[3]], { limit: 0.5 })).toBe(all[0]);
  });

  it('takes what counts as within the loss where divergence tells nothing', () => {
    const all = [point(90, 0.4, 0.04), point(95, 1.1, 0.035)];
    expect(best(all, { limit: 0.5 })).toBe(all[0]);
  });

  it('is the one of the least divergence of those that fill a size', () => {
    const all = [point(97, 1, 0.01), point(99, 1, 0.03), point(100, 1, 0.02), point(101, 1, 0.001)];
    expect(best(all, { targetSize: 100 })).toBe(all[2]);
    expect(best(all.slice(0, 1), { targetSize: 100 })).toBe(all[0]);
  });

  it('is the nearest where nothing reaches the goal', () => {
    const all = [point(90, 2, 0.04), point(95, 1, 0.02)];
    expect(best(all, { limit: 0.5 })).toBe(all[1]);
    expect(best(all, { targetSize: 10 })).toBe(all[0]);
  });
});
