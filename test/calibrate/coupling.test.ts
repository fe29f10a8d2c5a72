import { describe, expect, it } from 'vitest';
import { compensate } from '../../src/calibrate/compensate.js';
import type { LayerJob } from '../../src/calibrate/job.js';
import { referenceKernels as kernels } from '../../src/kernels/calibrate/reference/kernels.js';
import { Random } from '../support/random.js';

const [ROWS, INPUTS] = [12, 20];

/** A positive definite matrix of numbers that go together. */
function momentsOf(random: Random, size: number): Float64Array {
  const moments = new Float64Array(size * size);
  for (let n = 0; n < 3 * size; n++) {
    const shared = 0.7 * random.normal();
    const column = Float64Array.from({ length: size }, () => shared + random.normal());
    for (let at = 0; at < moments.length; at++) {
      moments[at] += (column[Math.floor(at / size)] * column[at % size]) / (3 * size);
    }
  }
  return moments;
}

/** The second moments of columns with a mean of zero, as a capture brings them. */
function bordered(moments: Float64Array, size: number): Float64Array {
  const own = new Float64Array((size + 1) ** 2);
  for (let i = 0; i < size; i++) own.set(moments.subarray(i * size, (i + 1) * size), i * (size + 1));
  own[own.length - 1] = 1;
  return own;
}

/** tr(G E H Eᵀ) for the errors of a layer's weights. */
function costOf(errors: Float64Array, rowMoments: Float64Array, moments: Float64Array): number {
  const seen = kernels.product(errors, moments, INPUTS);
  let cost = 0;
  for (let r = 0; r < ROWS; r++) {
    for (let q = 0; q < ROWS; q++) {
      for (let j = 0; j < INPUTS; j++) cost += rowMoments[r * ROWS + q] * errors[q * INPUTS + j] * seen[r * INPUTS + j];
    }
  }
  return cost;
}

describe('rows that make up for each other', () => {
  for (const groups of [1, 3]) {
    it(`cost less than rows by themselves, in ${groups} groups`, () => {
      const random = new Random(groups);
      const size = ROWS * INPUTS;
      const each = Array.from({ length: groups }, () => ({
        inputs: momentsOf(random, INPUTS),
        rows: momentsOf(random, ROWS),
      }));
      const all = (parts: readonly Float64Array[]) => Float64Array.from(parts.flatMap((part) => [...part]));
      const products = all(each.map(({ rows }) => rows));
      const squares = all(each.map(({ rows }) => rows.filter((_, at) => at % (ROWS + 1) === 0)));
      const weights = random.floats(groups * size, 1);
      const costs = [undefined, products].map((given) =>
        [0, 3].map((sweeps) => {
          const job: LayerJob = {
            ...{ groups, rows: ROWS, inputs: INPUTS, weights, bias: undefined },
            moments: {
              ...{ groups, inputs: INPUTS, cross: undefined },
              own: all(each.map(({ inputs }) => bordered(inputs, INPUTS))),
            },
            ...{ damping: 0.01, targetDamping: 0.07, lambda: 1, isPriced: false, clusters: 7, reach: 127, sweeps },
            rowCosts: { squares, products: given },
          };
          const found = compensate(job, kernels).weights;
          const errors = Float64Array.from(weights, (weight, i) => weight - found[i]);
          return each.reduce((sum, { inputs, rows }, group) => {
            return sum + costOf(errors.subarray(group * size, (group + 1) * size), rows, inputs);
          }, 0);
        }),
      );
      const [[alone, aloneSwept], [together, swept]] = costs;
      expect(together).toBeLessThan(0.8 * alone);
      expect(swept).toBeLessThan(together);
      expect(swept).toBeLessThan(0.8 * aloneSwept);
    });
  }
});
