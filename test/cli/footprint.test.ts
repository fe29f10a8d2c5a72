import { describe, expect, it } from 'vitest';
import { fxq, LENET, MNIST } from './support.js';

describe('footprint', () => {
  it('gives JSON: the peak with its bound, steps, buffers, and the table', () => {
    const { code, stdout, stderr } = fxq('footprint', LENET, '--data', MNIST, '--limit', '100', '--json');
    const apart = 'ranges of values: 64 inputs of the data, kept apart from those that accuracy is measured on\n';
    expect([code, stderr]).toEqual([0, apart]);
    const { file, peak, bound, parameters, steps, buffers, table } = JSON.parse(stdout);
    // The input's 784 numbers, and the same again as a row.
    expect({ file, peak, bound, parameters }).toEqual({ file: LENET, peak: 6272, bound: 6272, parameters: 1_066_440 });
    expect(steps[0]).toEqual({ node: expect.any(String), op: expect.any(String), live: expect.any(Number) });
    expect(buffers[0]).toMatchObject({ name: 'input', bytes: 3136, first: 0, values: ['input'] });
    expect(table.map((row: { weights: string; values: string }) => [row.weights, row.values])).toEqual([
      ['float32', 'float32'],
      ['fixed8', 'float32'],
      ['fixed8', 'fixed8'],
    ]);
    for (const { top1, samples } of table) expect([top1 > 0.9, samples]).toEqual([true, 100]);
  });

  it('prints tables, of formats and sizes as they are asked for', () => {
    const { code, stdout } = fxq(
      'footprint',
      LENET,
      '--values',
      'FIXED16_12',
      '--weights',
      'int4',
      '--dim',
      'N=2',
      '--in-place',
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(/\nweights int4, values fixed16\.12 /);
    expect(stdout).toMatch(/\nactivations in fixed16\.12, in place:\n4\.34 KB /);
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('refuses formats and dimensions that there are not', () => {
    const format = fxq('footprint', LENET, '--values', 'int99');
    expect([format.code, format.stderr]).toEqual([2, expect.stringContaining('expected values as a number format')]);
    const stray = fxq('footprint', LENET, '--calibrate', MNIST);
    expect([stray.code, stray.stderr]).toEqual([2, expect.stringContaining('--calibrate needs --data')]);
    const dim = fxq('footprint', LENET, '--dim', 'M=2');
    expect([dim.code, dim.stderr]).toEqual([2, expect.stringContaining("dimension 'M'")]);
  });
});
