import fc from 'fast-check';
import { kmeans as mlKmeans } from 'ml-kmeans';
import { describe, expect, it } from 'vitest';
import {
  assignNearest,
  INITIALISATIONS,
  initialCentroids,
  kmeans1d,
  lloyd,
  sortFloats,
} from '../../src/quantize/kmeans/index.js';
import { createRandom } from '../../src/random.js';

function gaussian(n: number, seed: number): Float32Array {
  const random = createRandom(seed);
  return Float32Array.from({ length: n }, () => {
    const radius = Math.sqrt(-2 * Math.log(1 - random.float()));
    return radius * Math.cos(2 * Math.PI * random.float());
  });
}

/** Lloyd as the textbook has it: every value looks at every midpoint, every mean is summed from its members. */
function textbookLloyd(values: Float32Array, initial: Float64Array): { centroids: number[]; assignments: number[] } {
  let centroids = [...initial];
  let assignments: number[] = [];
  for (;;) {
    const next = [...values].map((value) => {
      let best = 0;
      for (let i = 1; i < centroids.length; i++) {
        if (centroids[i] !== centroids[best] && value > (centroids[best] + centroids[i]) / 2) best = i;
      }
      return best;
    });
    if (next.every((cluster, i) => cluster === assignments[i])) return { centroids, assignments };
    assignments = next;
    centroids = centroids.map((old, cluster) => {
      const members = [...values].filter((_, i) => assignments[i] === cluster);
      return members.length === 0 ? old : members.reduce((a, b) => a + b, 0) / members.length;
    });
  }
}

function toAssignments(boundaries: Uint32Array): number[] {
  return [...boundaries.slice(1)].flatMap((end, cluster) => new Array<number>(end - boundaries[cluster]).fill(cluster));
}

/** Squared distances of all values to the nearest of the centroids. */
function distortionOf(values: Float32Array, centroids: Float64Array): number {
  return values.reduce((total, value) => total + Math.min(...centroids.map((c) => (c - value) ** 2)), 0);
}

const finite = fc.float32Array({ noNaN: true, noDefaultInfinity: true, minLength: 1, maxLength: 200 });
/** Few different values, so that ties and repeated values are common. */
const coarse = fc
  .array(fc.integer({ min: -20, max: 20 }), { minLength: 1, maxLength: 120 })
  .map((values) => Float32Array.from(values));
const clusterCount = fc.integer({ min: 1, max: 20 });
const initialisation = fc.constantFrom(...INITIALISATIONS);

describe('createRandom', () => {
  it('repeats its stream for a seed and changes it with the seed', () => {
    const stream = (seed: number) => Array.from({ length: 8 }, createRandom(seed).float);
    expect(stream(5)).toEqual(stream(5));
    const firsts = [0, 1, -1, 2 ** 32, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER].map((seed) => stream(seed)[0]);
    expect(new Set(firsts).size).toBe(firsts.length);
  });

  it('is uniform and stays within its range', () => {
    const { below } = createRandom(1);
    const counts = new Array<number>(10).fill(0);
    for (let i = 0; i < 100_000; i++) counts[below(10)]++;
    expect(counts).toHaveLength(10);
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
  });

  it('refuses a seed that is not a safe integer', () => {
    for (const seed of [0.5, Number.NaN, 2 ** 53]) expect(() => createRandom(seed)).toThrow(RangeError);
  });
});

describe('sortFloats', () => {
  it.each([0, 1, 4095, 4096, 20_000])('sorts %i values as the native sort does', (n) => {
    const values = gaussian(n, 3).map((value, i) => (i % 7 === 0 ? value * 3e38 : i % 5 === 0 ? value * 1e-44 : value));
    values.set([-0, 0, 0, -0, Infinity, -Infinity].slice(0, n));
    const before = values.slice();
    expect(sortFloats(values)).toEqual(values.slice().sort());
    expect(values).toEqual(before);
  });

  it('reads a view into a larger buffer', () => {
    const values = gaussian(5001, 4).subarray(1);
    expect(sortFloats(values)).toEqual(values.slice().sort());
  });
});

describe('initialCentroids', () => {
  it('spaces linear centroids equally, both ends included', () => {
    expect([...initialCentroids(Float32Array.of(-1, 0, 0, 0, 3), 5, 'linear', 0)]).toEqual([-1, 0, 1, 2, 3]);
    expect([...initialCentroids(Float32Array.of(-3e38, 3e38), 3, 'linear', 0)][1]).toBe(0);
  });

  it('gives density centroids equal mass', () => {
    const sorted = Float32Array.from({ length: 100 }, (_, i) => i ** 2);
    expect([...initialCentroids(sorted, 4, 'density', 0)]).toEqual([12 ** 2, 37 ** 2, 62 ** 2, 87 ** 2]);
  });

  it('keeps centroids distinct where nearly all values are equal', () => {
    const sorted = new Float32Array(1000).fill(5);
    sorted.set([1, 2, 3]);
    sorted[999] = 6;
    for (const init of ['density', 'random', 'kmeans++'] as const) {
      expect([...initialCentroids(sorted, 5, init, 1)], init).toEqual([1, 2, 3, 5, 6]);
    }
  });

  it('draws k-means++ centroids from far apart groups', () => {
    const sorted = sortFloats(gaussian(9000, 2).map((value, i) => value * 0.01 + (i % 3) * 100));
    for (let seed = 0; seed < 20; seed++) {
      const groups = [...initialCentroids(sorted, 3, 'kmeans++', seed)].map((c) => Math.abs(Math.round(c / 100)));
      expect(groups).toEqual([0, 1, 2]);
    }
  });

  it('ascends, has k centroids within the values, and repeats only when it must', () => {
    fc.assert(
      fc.property(fc.oneof(finite, coarse), clusterCount, initialisation, fc.integer(), (values, k, init, seed) => {
        const sorted = sortFloats(values);
        const centroids = initialCentroids(sorted, k, init, seed);
        expect(centroids).toHaveLength(k);
        expect(centroids).toEqual(centroids.slice().sort());
        expect(centroids[0]).toBeGreaterThanOrEqual(sorted[0]);
        expect(centroids[k - 1]).toBeLessThanOrEqual(sorted[sorted.length - 1]);
        const distinct = new Set(sorted).size;
        if (init !== 'linear') expect(new Set(centroids).size).toBe(Math.min(k, distinct));
        else if (distinct > 1) expect(new Set(centroids).size).toBe(k);
        expect(initialCentroids(sorted, k, init, seed)).toEqual(centroids);
      }),
    );
  });

  it('refuses what it cannot work with', () => {
    const sorted = Float32Array.of(1, 2);
    expect(() => initialCentroids(new Float32Array(), 2, 'linear', 0)).toThrow(RangeError);
    expect(() => initialCentroids(sorted, 0, 'linear', 0)).toThrow('positive integer, got 0');
    expect(() => initialCentroids(sorted, 1.5, 'density', 0)).toThrow(RangeError);
    expect(() => initialCentroids(sorted, 2, 'forgy' as 'random', 0)).toThrow('kmeans++, got forgy');
  });
});

describe('lloyd', () => {
  it.each(INITIALISATIONS)('ends where ml-kmeans ends, started %s', (init) => {
    for (const k of [1, 2, 5, 16]) {
      const sorted = sortFloats(gaussian(1500, k));
      const initial = initialCentroids(sorted, k, init, 9);
      const ours = lloyd(sorted, initial);
      const points = Array.from(sorted, (value) => [value]);
      const start = Array.from(initial, (value) => [value]);
      const theirs = mlKmeans(points, k, { initialization: start, maxIterations: 100_000, tolerance: 0 });
      expect(ours.converged).toBe(true);
      expect(toAssignments(ours.boundaries)).toEqual(theirs.clusters);
      for (let i = 0; i < k; i++) expect(ours.centroids[i]).toBeCloseTo(theirs.centroids[i][0], 12);
    }
  });

  it('ends where the textbook ends, with ties and empty clusters', () => {
    fc.assert(
      fc.property(
        coarse,
        fc.uniqueArray(fc.integer({ min: -30, max: 30 }), { minLength: 1, maxLength: 8 }),
        (values, start) => {
          const sorted = sortFloats(values);
          const initial = Float64Array.from(start).sort();
          const ours = lloyd(sorted, initial);
          const expected = textbookLloyd(sorted, initial);
          expect(toAssignments(ours.boundaries)).toEqual(expected.assignments);
          expect([...ours.centroids]).toEqual(expected.centroids);
        },
      ),
    );
  });

  it('keeps repeated centroids in order', () => {
    fc.assert(
      fc.property(
        coarse,
        fc.array(fc.integer({ min: -4, max: 4 }), { minLength: 2, maxLength: 8 }),
        (values, start) => {
          const { centroids, boundaries, converged } = lloyd(sortFloats(values), Float64Array.from(start).sort());
          expect(centroids).toEqual(centroids.slice().sort());
          expect(boundaries).toEqual(boundaries.slice().sort());
          expect(converged).toBe(true);
        },
      ),
    );
  });

  it('gives a tie to the lower centroid and lets an empty cluster keep its own', () => {
    const result = lloyd(Float32Array.of(0, 2, 4), Float64Array.of(0, 4, 100));
    expect([...result.boundaries]).toEqual([0, 2, 3, 3]);
    expect([...result.centroids]).toEqual([1, 4, 100]);
  });

  it('stops at maxIterations and says so', () => {
    const sorted = sortFloats(gaussian(5000, 1));
    const initial = initialCentroids(sorted, 16, 'linear', 0);
    expect(lloyd(sorted, initial, { maxIterations: 3 })).toMatchObject({ iterations: 3, converged: false });
  });

  it('does not lose small values beside huge ones', () => {
    const small = Array.from({ length: 500 }, (_, i) => i / 500 - 0.5);
    const sorted = Float32Array.from([
      ...new Array<number>(100).fill(-3e38),
      ...small,
      ...new Array<number>(100).fill(3e38),
    ]);
    const result = lloyd(sorted, Float64Array.of(-3e38, -0.4, 0.4, 3e38));
    const means = textbookLloyd(sorted, Float64Array.of(-3e38, -0.4, 0.4, 3e38)).centroids;
    expect(result.centroids[1]).toBeCloseTo(means[1], 10);
    expect(result.centroids[2]).toBeCloseTo(means[2], 10);
    expect(result.centroids[3]).toBe(Math.fround(3e38));
  });

  it('refuses a start it cannot use', () => {
    const sorted = Float32Array.of(1, 2);
    expect(() => lloyd(sorted, new Float64Array())).toThrow(RangeError);
    expect(() => lloyd(sorted, Float64Array.of(2, 1))).toThrow('must ascend, got 2 before 1');
    expect(() => lloyd(sorted, Float64Array.of(Number.NaN, 1))).toThrow(RangeError);
    expect(() => lloyd(sorted, Float64Array.of(1), { maxIterations: 0 })).toThrow(RangeError);
  });
});

describe('kmeans1d', () => {
  it.each(INITIALISATIONS)('takes values as they are when k is enough for all of them, started %s', (init) => {
    const values = Float32Array.of(7, -2, 7, 0.5, -2);
    for (const k of [3, 4, 256]) {
      const result = kmeans1d(values, { k, init });
      expect([...result.centroids]).toEqual([-2, 0.5, 7]);
      expect([...result.sizes]).toEqual([2, 1, 2]);
      expect(result.distortion).toBe(0);
    }
  });

  it('handles one value, equal values, and none', () => {
    expect([...kmeans1d(Float32Array.of(3), { k: 4 }).centroids]).toEqual([3]);
    expect([...kmeans1d(new Float32Array(50).fill(-1), { k: 2 }).centroids]).toEqual([-1]);
    expect(kmeans1d(new Float32Array(), { k: 2 })).toMatchObject({ distortion: 0, converged: true });
  });

  it('handles denormals and the largest magnitudes', () => {
    const tiny = 2 ** -149;
    const denormals = kmeans1d(Float32Array.of(tiny, 3 * tiny, 101 * tiny, 103 * tiny), { k: 2 });
    expect([...denormals.centroids]).toEqual([2 * tiny, 102 * tiny]);
    const huge = kmeans1d(
      Float32Array.from({ length: 9000 }, (_, i) => (i % 2 ? 3e38 : 3.4e38) * (i % 3 ? 1 : -1)),
      { k: 2 },
    );
    expect(huge.centroids[0]).toBeCloseTo(-3.2e38, -32);
    expect(huge.distortion).toBeGreaterThan(0);
    expect(huge.distortion).toBeLessThan(Infinity);
  });

  it('never ends with more distortion than it started with, and reports it', () => {
    fc.assert(
      fc.property(fc.oneof(finite, coarse), clusterCount, initialisation, fc.integer(), (values, k, init, seed) => {
        const result = kmeans1d(values, { k, init, seed });
        const start = distortionOf(values, initialCentroids(sortFloats(values), k, init, seed));
        expect(result.distortion).toBeLessThanOrEqual(start * (1 + 1e-9));
        const own = distortionOf(values, result.centroids);
        expect(result.distortion).toBeGreaterThanOrEqual(own * (1 - 1e-9));
        expect(result.distortion).toBeLessThanOrEqual(own * (1 + 1e-9));
        expect(result.sizes.reduce((a, b) => a + b, 0)).toBe(values.length);
        expect(result.sizes.every((size) => size > 0)).toBe(true);
        expect(result.converged).toBe(true);
      }),
    );
  });

  it('repeats itself under one seed and leaves its input alone', () => {
    const values = gaussian(10_000, 8);
    const before = values.slice();
    const run = (seed: number) => kmeans1d(values, { k: 32, init: 'random', seed });
    expect(run(4)).toEqual(run(4));
    expect(run(5).centroids).not.toEqual(run(4).centroids);
    expect(values).toEqual(before);
  });

  it('refuses wrong options and values that are not finite', () => {
    const values = gaussian(10, 1);
    for (const k of [0, -1, 1.5, 65537, Number.NaN]) expect(() => kmeans1d(values, { k })).toThrow(RangeError);
    expect(() => kmeans1d(values, { k: 2, seed: 0.5 })).toThrow('seed');
    expect(() => kmeans1d(values, { k: 2, maxIterations: 0 })).toThrow('maxIterations');
    expect(() => kmeans1d(values, { k: 2, init: 'lin' as 'linear' })).toThrow('init');
    for (const n of [3, 5000]) {
      for (const bad of [Number.NaN, Infinity, -Infinity]) {
        const poisoned = gaussian(n, 1);
        poisoned[1] = bad;
        expect(() => kmeans1d(poisoned, { k: 2 })).toThrow('finite');
      }
    }
  });
});

describe('assignNearest', () => {
  it('gives ties to the lower centroid and repeated centroids to the first', () => {
    const assigned = assignNearest(Float32Array.of(-1, 0, -0, 1, 2, 3, 4, 9), Float32Array.of(-1, 1, 3, 3, 3));
    expect([...assigned]).toEqual([0, 0, 0, 1, 1, 2, 2, 2]);
  });

  it('finds the first nearest centroid of integers exactly', () => {
    fc.assert(
      fc.property(coarse, coarse, (values, some) => {
        const centroids = sortFloats(some);
        const expected = Array.from(values, (value) => {
          const distances = Array.from(centroids, (c) => Math.abs(c - value));
          return distances.indexOf(Math.min(...distances));
        });
        expect([...assignNearest(values, centroids)]).toEqual(expected);
      }),
    );
  });

  it('finds a nearest centroid of any floats', () => {
    fc.assert(
      fc.property(finite, finite, (values, some) => {
        const centroids = sortFloats(some);
        assignNearest(values, centroids).forEach((index, i) => {
          const least = Math.min(...Array.from(centroids, (c) => Math.abs(c - values[i])));
          expect(Math.abs(centroids[index] - values[i])).toBeLessThanOrEqual(least * (1 + 1e-12));
        });
      }),
    );
  });

  it('tells 65,536 centroids apart, crowded ones too', () => {
    const centroids = Float32Array.from({ length: 65536 }, (_, i) => 1 + i * 2 ** -20);
    expect(assignNearest(centroids, centroids)).toEqual(Uint16Array.from(centroids, (_, i) => i));
  });

  it('refuses no, too many, or unordered centroids', () => {
    const values = Float32Array.of(1);
    expect(() => assignNearest(values, new Float32Array())).toThrow(RangeError);
    expect(() => assignNearest(values, new Float32Array(65537))).toThrow(RangeError);
    expect(() => assignNearest(values, Float32Array.of(2, 1))).toThrow('must ascend, got 2 before 1');
  });
});
