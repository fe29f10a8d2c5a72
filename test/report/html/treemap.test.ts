import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { treemap } from '../../../src/report/html/treemap.js';

describe('a treemap', () => {
  it('fills the whole, without overlaps, with areas as the values', () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 100_000 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(
        sizes,
        fc.integer({ min: 20, max: 900 }),
        fc.integer({ min: 20, max: 300 }),
        (values, width, height) => {
          const total = values.reduce((sum, value) => sum + value, 0);
          const tiles = treemap(values, (value) => value, width, height);
          expect(tiles).toHaveLength(values.filter((value) => value > 0).length);
          for (const { item, x1, x2, y1, y2 } of tiles) {
            expect((x2 - x1) * (y2 - y1)).toBeCloseTo((item / total) * width * height, 4);
            expect(Math.min(x1, y1, width - x2, height - y2)).toBeGreaterThan(-1e-6);
          }
          for (const [i, a] of tiles.entries()) {
            for (const b of tiles.slice(i + 1)) {
              const across = Math.min(a.x2, b.x2) - Math.max(a.x1, b.x1);
              const down = Math.min(a.y2, b.y2) - Math.max(a.y1, b.y1);
              expect(Math.min(across, down)).toBeLessThan(1e-6);
            }
          }
        },
      ),
      { numRuns: 100, seed: 1 },
    );
  });

  it('has rectangles near to squares', () => {
    const tiles = treemap([6, 6, 4, 3, 2, 2, 1], (value) => value, 600, 400);
    for (const { x1, x2, y1, y2 } of tiles) {
      const ratio = (x2 - x1) / (y2 - y1);
      expect(Math.max(ratio, 1 / ratio)).toBeLessThan(3);
    }
  });

  it('is empty without anything', () => {
    expect(treemap([0, 0], (value) => value, 10, 10)).toEqual([]);
  });
});
