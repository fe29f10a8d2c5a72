import { describe, expect, it } from 'vitest';
import { loadPlotter } from '../../src/report/html/plotter.js';
import { drawSpread } from '../../src/report/html/spread.js';
import { rangeOf, reachOf, spreadOf, spreadOfCounts } from '../../src/report/spread.js';

describe('spreadOf', () => {
  it('counts numbers from each power of two to the next, of either sign', () => {
    const numbers = Float32Array.of(0, -0, 0.25, -0.3, 0.499, 0.5, 1, -1.99, Number.NaN, Number.POSITIVE_INFINITY);
    expect(spreadOf(numbers)).toEqual({ from: -2, counts: [3, 1, 2], zeros: 2, below: 0 });
  });

  it('tells twenty powers apart, and how many numbers are smaller', () => {
    const { from, counts, below } = spreadOf(Float32Array.of(1, 2 ** -19, 2 ** -20, 1e-40));
    expect([from, counts.length, counts[0], counts[19], below]).toEqual([-19, 20, 1, 1, 2]);
    expect(spreadOf(new Float32Array(3))).toEqual({ from: 0, counts: [], zeros: 3, below: 0 });
  });

  it('looks at a part of a buffer', () => {
    const part = Float32Array.of(8, 1, 1, 8).subarray(1, 3);
    expect(spreadOf(part)).toEqual({ from: 0, counts: [2], zeros: 0, below: 0 });
  });
});

describe('rangeOf', () => {
  it('has the reach of a format, used or not, where there is one step, and else what occurs', () => {
    const rounded = Float32Array.of(0, 0.25, -0.5);
    expect(rangeOf(rounded, 'fixed8', true)).toEqual({ low: 0.25, high: 31.75 });
    expect(rangeOf(rounded, 'int4', true)).toEqual({ low: 0.25, high: 1.75 });
    expect(rangeOf(rounded, 'int4', false)).toEqual({ low: 0.25, high: 0.5 });
    expect(rangeOf(rounded, 'e4m3', true)).toEqual({ low: 0.25, high: 0.5 });
    expect(rangeOf(new Float32Array(2), 'int4', true)).toBe(null);
  });
});

describe('spreadOfCounts', () => {
  it('puts equal intervals into powers of two, and what is in the first one below them all', () => {
    const bins = Float64Array.of(7, 1, 2, 3, 4, 5, 6, 8);
    // Intervals of .5 up to 4: [.5, 1) is one power, [1, 2) two intervals, [2, 4) four.
    expect(spreadOfCounts({ bins, limit: 4 }, 9)).toEqual({ from: -1, counts: [1, 5, 23], zeros: 9, below: 7 });
    expect(spreadOfCounts({ bins: new Float64Array(4), limit: 0 }, 2)).toMatchObject({ counts: [], zeros: 2 });
  });
});

describe('reachOf', () => {
  it('is known of fixed point with a position', () => {
    expect(reachOf('fixed8.5')).toEqual({ low: 1 / 32, high: 127 / 32 });
    expect(reachOf('fixed8')).toBe(null);
  });
});

describe('drawSpread', () => {
  it('draws a bar for each power that occurs, and the range of the format behind them', async () => {
    const plotter = await loadPlotter();
    const spread = { from: -4, counts: [1, 0, 5], zeros: 0, below: 0 };
    const bars = (text: string) => text.match(/<rect /g)?.length ?? 0;
    const [without, within] = [null, { low: 2 ** -5, high: 2 }].map((range) =>
      drawSpread(plotter, 'Weights of w by powers of two', spread, range).toString(),
    );
    expect([bars(without), bars(within)]).toEqual([2, 3]);
    expect(within).toContain('2⁻⁴');
    expect(within).not.toMatch(/NaN|Infinity|undefined/);
  });
});
