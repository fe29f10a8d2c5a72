import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Coupling, coupleRows } from '../../../src/calibrate/coupling.js';
import { FIXED } from '../../../src/kernels/calibrate/memory.js';
import { referenceKernels as reference } from '../../../src/kernels/calibrate/reference/kernels.js';
import { compileCalibrationKernels } from '../../../src/kernels/calibrate/wasm.js';
import { gridLevels } from '../../../src/quantize/levels.js';
import { Random } from '../../support/random.js';

/** Rows and inputs: below, at and above blocks of 64 and 128, and no multiples of four. */
const SHAPES = [
  [1, 1],
  [3, 1],
  [1, 9],
  [7, 16],
  [5, 27],
  [6, 63],
  [4, 64],
  [9, 65],
  [17, 130],
  [66, 257],
];

/** Second moments of inputs that resemble their neighbours, as those of a convolution do; some never vary. */
function momentsOf(random: Random, size: number, dead: readonly number[] = []): Float64Array {
  const moments = new Float64Array(size * size);
  const count = 2 * size + 5;
  for (let n = 0; n < count; n++) {
    let last = 0;
    const column = Float64Array.from({ length: size }, (_, j) => {
      last = 0.8 * last + random.normal();
      return dead.includes(j) ? 0 : Math.max(0, last);
    });
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) moments[i * size + j] += (column[i] * column[j]) / count;
    }
  }
  return moments;
}

function damped(moments: Float64Array, size: number, damping = 0.02): Float64Array {
  return moments.map((value, at) => (at % (size + 1) === 0 ? value + damping : value));
}

function couplingOf(random: Random, rows: number): Coupling {
  return coupleRows(momentsOf(random, rows, rows > 8 ? [2] : []), rows, reference);
}

/** The same numbers, bit for bit, but for the signs of zeros. */
function expectSame(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++)
    if (actual[i] !== expected[i]) expect([i, actual[i]]).toEqual([i, expected[i]]);
}

describe('WebAssembly and reference agree in every bit', () => {
  const wasm = compileCalibrationKernels();

  it.each(SHAPES)('%i rows of %i inputs', (rows, size) => {
    const random = new Random(rows * 1000 + size);
    const dead = size > 20 ? [0, 3, size - 2] : [];
    const moments = momentsOf(random, size, dead);
    const factor = damped(moments, size);
    const other = factor.slice();
    expect(reference.inverseFactor(factor, size)).toBe(true);
    expect(wasm.inverseFactor(other, size)).toBe(true);
    expectSame(other, factor);

    const targets = Float64Array.from(random.floats(rows * size, 0.3));
    const product = reference.product(targets, moments, size);
    expectSame(wasm.product(targets, moments, size), product);
    const [solved, solvedToo] = [product.slice(), product.slice()];
    reference.timesInverse(solved, factor, size);
    wasm.timesInverse(solvedToo, factor, size);
    expectSame(solvedToo, solved);

    for (const reach of [0, 1, 7, 127]) {
      const levels = gridLevels(Math.fround(reach === 127 ? 0.004 : 0.21), reach);
      const bits = Float32Array.from(levels, () => 20 * random.float());
      const penalty = Float64Array.from({ length: rows }, (_, row) => (row % 3) * 0.003 * random.float());
      const [symbols, symbolsToo] = [new Uint16Array(rows * size), new Uint16Array(rows * size)];
      const shape = { rows, inputs: size };
      reference.quantise(shape, targets, factor, levels, bits, penalty, symbols);
      wasm.quantise(shape, targets, factor, levels, bits, penalty, symbolsToo);
      expectSame(symbolsToo, symbols);
      reference.descend(shape, targets, moments, levels, bits, penalty, symbols, 3);
      wasm.descend(shape, targets, moments, levels, bits, penalty, symbolsToo, 3);
      expectSame(symbolsToo, symbols);
      const coupling = couplingOf(random, rows);
      reference.quantise(shape, targets, factor, levels, bits, penalty, symbols, coupling.forward);
      wasm.quantise(shape, targets, factor, levels, bits, penalty, symbolsToo, coupling.forward);
      expectSame(symbolsToo, symbols);
      reference.descend(shape, targets, moments, levels, bits, penalty, symbols, 3, coupling.mutual);
      wasm.descend(shape, targets, moments, levels, bits, penalty, symbolsToo, 3, coupling.mutual);
      expectSame(symbolsToo, symbols);
    }
  });

  it('weights that have their level already keep it', () => {
    const random = new Random(6);
    const [rows, size] = [9, 130];
    const moments = momentsOf(random, size);
    const factor = damped(moments, size);
    reference.inverseFactor(factor, size);
    const targets = Float64Array.from(random.floats(rows * size, 0.3));
    // Not evenly spaced, as those of k-means are.
    const levels = Float32Array.of(-0.4, -0.13, -0.05, 0, 0.02, 0.2, 0.75);
    const bits = new Float32Array(levels.length);
    const penalty = new Float64Array(rows);
    const given = Uint16Array.from(targets, (_, i) => (i % 3 === 1 ? FIXED | 3 : 0));
    const results = [reference, wasm].map((kernels) => {
      const symbols = given.slice();
      kernels.quantise({ rows, inputs: size }, targets, factor, levels, bits, penalty, symbols);
      const first = symbols.slice();
      kernels.descend({ rows, inputs: size }, targets, moments, levels, bits, penalty, symbols, 3);
      return [first, symbols];
    });
    expectSame(results[1][0], results[0][0]);
    expectSame(results[1][1], results[0][1]);
    for (const symbols of results[0]) {
      for (let i = 0; i < symbols.length; i++) {
        if (i % 3 === 1) expect(symbols[i]).toBe(FIXED | 3);
        else expect(symbols[i]).toBeLessThan(levels.length);
      }
    }
  });

  it('rows by themselves and together', () => {
    const random = new Random(5);
    const [rows, size] = [11, 100];
    const factor = damped(momentsOf(random, size), size);
    wasm.inverseFactor(factor, size);
    const targets = Float64Array.from(random.floats(rows * size, 0.3));
    const levels = gridLevels(Math.fround(0.1), 20);
    const bits = new Float32Array(levels.length).fill(3);
    const run = (first: number, end: number) => {
      const symbols = new Uint16Array((end - first) * size);
      const part = targets.slice(first * size, end * size);
      const penalty = new Float64Array(end - first).fill(0.001);
      wasm.quantise({ rows: end - first, inputs: size }, part, factor, levels, bits, penalty, symbols);
      return symbols;
    };
    expect(run(0, rows)).toEqual(Uint16Array.of(...run(0, 5), ...run(5, rows)));
  });

  it('a matrix that is not positive definite is refused', () => {
    for (const size of [1, 5, 64, 150]) {
      for (const at of new Set([0, size - 1, size >> 1])) {
        for (const value of [-1, 0, Number.NaN]) {
          const matrix = damped(momentsOf(new Random(size), size), size);
          matrix[at * size + at] = value;
          expect(reference.inverseFactor(matrix.slice(), size)).toBe(false);
          expect(wasm.inverseFactor(matrix, size)).toBe(false);
        }
      }
    }
  });

  it('the factor is that of the inverse', () => {
    const size = 150;
    const matrix = damped(momentsOf(new Random(8), size), size);
    const factor = matrix.slice();
    wasm.inverseFactor(factor, size);
    const rows = matrix.slice();
    wasm.timesInverse(rows, factor, size);
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) expect(rows[i * size + j]).toBeCloseTo(i === j ? 1 : 0, 9);
    }
  });
});

describe('without WebAssembly', () => {
  afterEach(() => vi.unstubAllGlobals());

  it('the reference is used', async () => {
    vi.resetModules();
    vi.stubGlobal('WebAssembly', undefined);
    const { calibrationKernels } = await import('../../../src/kernels/calibrate/index.js');
    const { referenceKernels } = await import('../../../src/kernels/calibrate/reference/kernels.js');
    expect(calibrationKernels()).toBe(referenceKernels);
  });
});
