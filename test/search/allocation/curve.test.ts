import { describe, expect, it } from 'vitest';
import { curveThrough } from '../../../src/search/allocation/curve.js';

describe('curveThrough', () => {
  it('goes through what was measured, and between on a power', () => {
    const curve = curveThrough([
      { error: 0.01, divergence: 0.1 },
      { error: 0.04, divergence: 1.6 },
    ]);
    expect(curve(0.01)).toBeCloseTo(0.1);
    expect(curve(0.04)).toBeCloseTo(1.6);
    // Four times the error, sixteen times the divergence: twice the error, four times the divergence.
    expect(curve(0.02)).toBeCloseTo(0.4);
  });

  it('is in proportion below, and goes on above', () => {
    const curve = curveThrough([
      { error: 0.01, divergence: 0.1 },
      { error: 0.04, divergence: 1.6 },
    ]);
    expect(curve(0)).toBe(0);
    expect(curve(0.001)).toBeCloseTo(0.01);
    expect(curve(0.08)).toBeCloseTo(6.4);
  });

  it('never falls, whatever chance has measured', () => {
    const curve = curveThrough([
      { error: 0.1, divergence: 0.2 },
      { error: 0.2, divergence: 0.1 },
      { error: 0.3, divergence: 0 },
    ]);
    const values = [0.05, 0.1, 0.15, 0.2, 0.3, 0.5].map(curve);
    expect(values).toEqual([...values].sort((a, b) => a - b));
  });

  it('is the error itself where nothing was measured', () => {
    expect(curveThrough([])(0.25)).toBe(0.25);
  });
});
