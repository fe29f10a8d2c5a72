import { describe, expect, it } from 'vitest';
import { fromDomain, toDomain } from '../../src/quantize/winograd.js';
import { Random } from '../support/random.js';

/** Points of the tiles of 2×2 and of 4×4 outputs, beside infinity. */
const POINTS = { 'winograd-f23': [0, 1, -1], 'winograd-f43': [0, 1, -1, 2, -2] } as const;

describe("Winograd's domain", () => {
  it.each(['spatial', 'winograd-f23', 'winograd-f43', 'winograd-f63'] as const)('%s gives kernels back', (domain) => {
    const kernels = new Random(3).floats(4 * 9);
    const back = fromDomain(toDomain(kernels, domain), domain);
    expect(Math.max(...back.map((value, i) => Math.abs(value - kernels[i])))).toBeLessThan(1e-6);
  });

  it.each(['winograd-f23', 'winograd-f43'] as const)(
    '%s has the values of kernels at points, each up to a factor',
    (domain) => {
      const points = POINTS[domain];
      const size = points.length + 1;
      // A kernel is a polynomial of two variables; the last row and column are its highest coefficients.
      const kernel = new Random(7).floats(9);
      const tile = toDomain(kernel, domain);
      const ones = toDomain(Float32Array.of(1, 0, 0, 0, 0, 0, 0, 0, 0), domain);
      for (const [i, x] of points.entries()) {
        for (const [j, y] of points.entries()) {
          let value = 0;
          for (let k = 0; k < 9; k++) value += kernel[k] * x ** Math.floor(k / 3) * y ** (k % 3);
          // Of the kernel 1 every value is one: what is there is the factor.
          expect(tile[i * size + j]).toBeCloseTo(value * ones[i * size + j], 6);
        }
      }
      expect(tile.at(-1)).toBe(kernel[8]);
    },
  );

  it('of F(6, 3) has values at a half and at two', () => {
    const kernel = Float32Array.of(1, 0, 0, 1, 0, 0, 1, 0, 0);
    const column = [0, 1, 2, 3, 4, 5, 6, 7].map((i) => toDomain(kernel, 'winograd-f63')[8 * i]);
    const factors = [1, -2 / 9, -2 / 9, 1 / 90, 1 / 90, 32 / 45, 32 / 45, 1];
    const values = [1, 3, 1, 7, 3, 1.75, 0.75, 1];
    for (const [i, value] of values.entries()) expect(column[i]).toBeCloseTo(factors[i] * value, 6);
  });
});
