import { describe, expect, it } from 'vitest';
import { gridStep, roundToGrid } from '../../src/quantize/grid.js';
import { sortNonZeros } from '../../src/quantize/kmeans/index.js';
import { createRandom, normal } from '../../src/random.js';

const energy = (values: Float32Array) => values.reduce((sum, value) => sum + value * value, 0);

/** Decibels that weights keep on the grid of this step. */
function snrOn(weights: Float32Array, step: number): number {
  const rounded = roundToGrid(weights.slice(), step);
  return 10 * Math.log10(energy(weights) / energy(weights.map((weight, i) => weight - rounded[i])));
}

const bell = (count: number, seed = 1) => {
  const random = createRandom(seed);
  return Float32Array.from({ length: count }, () => 0.05 * normal(random));
};

describe('the step of a grid', () => {
  it.each([
    ['a bell', bell(5000)],
    ['a bell of more weights than are looked at', bell(200_000)],
    ['a long tail', bell(5000).map((value) => value ** 3)],
    ['one side', bell(5000).map(Math.abs)],
    ['a few', bell(7)],
    ['many zeros', bell(5000).map((value, i) => (i % 9 ? 0 : value))],
  ])('is the largest that keeps 40 dB of %s', (_, weights) => {
    const step = gridStep(sortNonZeros(weights), 1e-4);
    expect(snrOn(weights, step)).toBeGreaterThanOrEqual(40);
    if (weights.length > 1000) expect(snrOn(weights, 1.05 * step)).toBeLessThan(40);
  });

  it('is not led astray by weights far away, which are rounded to it as all others', () => {
    const weights = bell(5000);
    const alone = gridStep(sortNonZeros(weights), 1e-4);
    weights[77] = 1000;
    const step = gridStep(sortNonZeros(weights), 1e-4);
    expect(step / alone).toBeCloseTo(1, 1);
    expect(Math.abs(roundToGrid(weights.slice(), step)[77] - 1000)).toBeLessThanOrEqual(step);
  });

  it('is none of no weights, and gives no weight of one value away', () => {
    expect(gridStep(new Float32Array(), 1e-4)).toBe(0);
    const same = new Float32Array(100).fill(0.3);
    expect(snrOn(same, gridStep(same, 1e-4))).toBeGreaterThanOrEqual(40);
    // However much noise is allowed, the largest weight is no zero.
    expect(gridStep(sortNonZeros(bell(100)), 1e9)).toBeLessThanOrEqual(0.3);
  });

  it('has few bits, and leaves zeros without a sign', () => {
    const weights = bell(1000);
    const step = gridStep(sortNonZeros(weights), 1e-2);
    expect((step * 2 ** 10) / 2 ** Math.floor(Math.log2(step))).toBe(
      Math.round((step * 2 ** 10) / 2 ** Math.floor(Math.log2(step))),
    );
    expect(roundToGrid(weights, step).some((value) => Object.is(value, -0))).toBe(false);
  });
});
