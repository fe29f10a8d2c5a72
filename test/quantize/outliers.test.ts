import { describe, expect, it } from 'vitest';
import { centroidFinder, fewestCentroids, MAX_CLUSTERS, shareValues } from '../../src/quantize/codebook.js';
import { type Initialisation, kmeansOfSorted, sortNonZeros } from '../../src/quantize/kmeans/index.js';
import { partOutliers } from '../../src/quantize/outliers.js';
import { Random } from '../support/random.js';

const exact = (value: number) => value;
const normal = (count: number, seed: number, deviation = 0.05) => {
  const random = new Random(seed);
  return Float32Array.from({ length: count }, () => deviation * random.normal());
};
const laplace = (count: number, seed: number) => {
  const random = new Random(seed);
  return Float32Array.from({ length: count }, () => Math.sign(random.float() - 0.5) * -Math.log(1 - random.float()));
};
const withValues = (values: Float32Array, ...others: number[]) => {
  const changed = values.slice();
  for (const [i, other] of others.entries()) changed[i * 7] = other;
  return changed;
};
const squares = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + (value - b[i]) ** 2, 0);
const signal = (values: Float32Array) => values.reduce((sum, value) => sum + value ** 2, 0);

/** Decibels that are left of all but the outliers. */
function quality(values: Float32Array, codebook: Float32Array): number {
  const shared = shareValues(values.slice(), codebook);
  const isCore = values.map((value) => (Math.abs(value) < 0.5 ? 1 : 0));
  const core = values.map((value, i) => value * isCore[i]);
  return (
    10 *
    Math.log10(
      signal(core) /
        squares(
          core,
          shared.map((value, i) => value * isCore[i]),
        ),
    )
  );
}

const CASES: Record<string, number[]> = {
  'one of a thousand': [1000],
  'one of ten': [10],
  'one below': [-37],
  'two, one a side': [250, -8000],
  'several of different sizes': [5, 50, 500, -5, -50],
  'twenty of one value': Array.from({ length: 20 }, () => 64),
  'a row of them': Array.from({ length: 100 }, (_, i) => 900 + i),
  'the largest there are': [3e38],
};

describe('outliers', () => {
  for (const [name, others] of Object.entries(CASES)) {
    const plain = normal(16_384, 3);
    const values = withValues(plain, ...others);
    const sorted = sortNonZeros(values);

    it(`${name}: apart`, () => {
      const { core, below, above } = partOutliers(sorted);
      expect(core.length + below.length + above.length).toBe(values.length);
      expect([...below, ...above]).toEqual([...Float32Array.from(others)].sort((a, b) => a - b));
    });

    it(`${name}: the others are as good as without them`, () => {
      for (const init of ['linear', 'density', 'kmeans++'] as Initialisation[]) {
        const codebook = centroidFinder(sorted, init, 0, exact)(64);
        const alone = centroidFinder(sortNonZeros(plain), init, 0, exact)(64);
        expect(codebook.length).toBeLessThanOrEqual(64);
        expect(quality(values, codebook)).toBeGreaterThan(quality(plain, alone) - 1.5);
      }
      const of = (each: Float32Array) => fewestCentroids(each, centroidFinder(each, 'linear', 0, exact), 1e-4);
      expect(quality(values, of(sorted))).toBeGreaterThan(39.5);
      expect(of(sorted).length).toBeLessThan(of(sortNonZeros(plain)).length + 20);
    });

    it(`${name}: each keeps its value, where there is room`, () => {
      const codebook = centroidFinder(sorted, 'linear', 0, exact)(MAX_CLUSTERS);
      const shared = shareValues(values.slice(), codebook);
      if (new Set(others).size <= 60) for (let i = 0; i < others.length; i++) expect(shared[i * 7]).toBe(values[i * 7]);
    });
  }

  it('are found in no ordinary layer: the clusters are those of k-means, to the bit', () => {
    const layers = [
      normal(65_536, 1),
      laplace(65_536, 2),
      new Random(3).floats(4096, 1),
      Float32Array.from({ length: 5000 }, (_, i) => (i - 2500) ** 3),
      // Pruned: nothing near zero.
      normal(20_000, 4).filter((value) => Math.abs(value) > 0.06),
      Float32Array.of(1, 2, 3, 1000),
      new Float32Array(500).fill(2),
      // Two kinds of weights, one of them no rare exception.
      withValues(normal(2000, 5), ...Array.from({ length: 200 }, () => 4)),
    ];
    for (const layer of layers) {
      const sorted = sortNonZeros(layer);
      expect(partOutliers(sorted).core).toHaveLength(sorted.length);
      for (const k of [1, 2, 16, 64]) {
        const { centroids } = kmeansOfSorted(sorted, { k });
        expect(centroidFinder(sorted, 'linear', 0, exact)(k)).toEqual(Float32Array.from(centroids));
      }
    }
  });

  it('are not parted where there are too few clusters for that', () => {
    const values = withValues(normal(4096, 6), 100, -100);
    for (const k of [1, 2, 3, 4, 5])
      expect(centroidFinder(sortNonZeros(values), 'linear', 0, exact)(k).length).toBeLessThanOrEqual(k);
  });
});
