import { describe, expect, it } from 'vitest';
import { fitValue } from '../../../src/calibrate/ranges/fit.js';
import { GrowingHistogram } from '../../../src/calibrate/ranges/histogram.js';
import { divergenceOf, interpolatedKlThreshold, klThreshold } from '../../../src/calibrate/ranges/kl.js';
import { ValueStatistics } from '../../../src/calibrate/ranges/statistics.js';
import { percentileThreshold } from '../../../src/calibrate/ranges/thresholds.js';
import { endsOfRounding } from '../../../src/quantize/values.js';
import { Random } from '../../support/random.js';

/** Eight bins of width 1. */
const histogram = (...bins: number[]) => ({ bins: Float64Array.from(bins), limit: bins.length });

describe('Kullback-Leibler thresholds', () => {
  it('are those worked out by hand', () => {
    // Two levels. Five bins: P = 8 4 2 1 (0+1), Q from 8 4 2 | 1 0: 14/3 ×3, 1, 0 under P's last 1: impossible.
    // Four bins: P = 8 4 2 2, Q = 6 6 1.5 1.5: 8/16 ln((8/16)/(6/15)) + 4/16 ln((4/16)/(6/15)) + 2·2/16 ln((2/16)/(1.5/15)).
    const four = 0.5 * Math.log(0.5 / 0.4) + 0.25 * Math.log(0.25 / 0.4) + 0.25 * Math.log(0.125 / 0.1);
    expect(divergenceOf(Float64Array.of(8, 4, 2, 2), Float64Array.of(6, 6, 1.5, 1.5))).toBeCloseTo(four, 12);
    // Two bins are two levels, with the tail of 4 in the second: 8 8 beside 8 4.
    const two = 0.5 * Math.log(0.5 / (8 / 12)) + 0.5 * Math.log(0.5 / (4 / 12));
    expect(two).toBeCloseTo(0.0589, 4);
    expect(four).toBeCloseTo(0.0499, 4);
    // Three bins, 8 4 | 2 with a tail of 2: 8 4 4 beside 6 6 2 of 14.
    const three = 0.5 * Math.log(0.5 / (6 / 14)) + 0.25 * Math.log(0.25 / (6 / 14)) + 0.25 * Math.log(0.25 / (2 / 14));
    expect(three).toBeCloseTo(0.0822, 4);
    // Six bins, 8 4 2 | 1 0 1: 14/3 thrice, 1, 0, 1, of 16.
    const third = 14 / 48;
    const six = 0.5 * Math.log(0.5 / third) + 0.25 * Math.log(0.25 / third) + 0.125 * Math.log(0.125 / third);
    expect(six).toBeCloseTo(0.125, 4);
    expect(klThreshold(histogram(8, 4, 2, 1, 0, 1), 2)).toBe(4.5);
  });

  it('of Quantization.MXNet interpolate between levels', () => {
    // Four bins of 4 make two levels of 8, and 8 everywhere between them: nothing is lost. With fewer bins the tail is piled
    // up, and with five the levels are 12 and 4.
    expect(interpolatedKlThreshold(histogram(4, 4, 4, 4, 0, 0), 2)).toBe(4.5);
  });
});

describe('statistics', () => {
  it('take the histogram over the maximum of all batches, whatever the first was', () => {
    const random = new Random(5);
    const batches = [0.01, 1, 0.3, 4].map((scale) => random.floats(5000).map((value) => scale * value));
    const growing = new GrowingHistogram();
    for (const batch of batches) growing.add(batch);
    const all = batches.flatMap((batch) => [...batch]);
    const { bins, limit } = growing.read();
    expect(limit).toBe(Math.max(...all.map(Math.abs)));
    expect(bins.reduce((sum, count) => sum + count, 0)).toBe(all.length);
    for (const at of [20, 200, 1000, 1900]) {
      const below = all.filter((value) => Math.abs(value) < (limit * at) / bins.length).length;
      expect(Math.abs(bins.subarray(0, at).reduce((sum, count) => sum + count, 0) - below)).toBeLessThan(30);
    }
    expect([growing.low, growing.high]).toEqual([Math.min(...all), Math.max(...all)]);
  });

  it('give percentiles and moving averages', () => {
    expect(percentileThreshold(histogram(50, 25, 15, 10), 0, 75)).toBe(2);
    expect(percentileThreshold(histogram(0, 0, 0, 100), 100, 75)).toBe(3.5);
    const statistics = new ValueStatistics();
    statistics.add(Float32Array.of(1, 2, -4, 3), 2);
    expect(statistics.average).toBe(3);
    statistics.add(Float32Array.of(0, 13, 0, 0), 1);
    expect(statistics.average).toBe(4);
  });
});

describe('a value', () => {
  const seen = (values: Float32Array) => {
    const statistics = new ValueStatistics();
    statistics.add(values, 1);
    return statistics;
  };
  const positive = seen(new Random(1).floats(4000).map(Math.abs));
  const both = seen(new Random(2).floats(4000));
  const fitted = (statistics: ValueStatistics, format: string, rest = {}) =>
    fitValue(statistics, { format, percentile: 99.99, sign: 'value', ...rest });

  it('is unsigned where nothing is negative, and signed elsewhere, whatever is asked for', () => {
    expect(['uint8', 'int8'].map((format) => fitted(positive, format).format)).toEqual(['uint8', 'uint8']);
    expect(['uint8', 'int8'].map((format) => fitted(both, format).format)).toEqual(['int8', 'int8']);
    expect(endsOfRounding(fitted(both, 'uint4', { sign: 'unsigned', range: 'max' })).low).toBe(0);
    const { low, high } = endsOfRounding(fitted(both, 'uint8', { sign: 'zero-point', range: 'max' }));
    expect(low).toBeCloseTo(both.histogram.low, 1);
    expect(high).toBeCloseTo(both.histogram.high, 1);
  });

  it('has ranges by width: percentiles of wide formats, least squared error of narrow ones', () => {
    expect(['uint8', 'uint6', 'uint5', 'uint3'].map((format) => fitted(both, format).range)).toEqual([
      ...['percentile', 'percentile', 'mse', 'mse'],
    ]);
    const most = fitted(both, 'uint3', { range: 'max' });
    const least = fitted(both, 'uint3');
    expect(least.fitted.scale).toBeLessThan(most.fitted.scale);
    const error = ({ fitted: { set, scale } }: typeof most) =>
      new Random(2).floats(4000).reduce((sum, x) => sum + (x - scale * set.nearest(x / scale)) ** 2, 0);
    expect(error(least)).toBeLessThan(0.95 * error(most));
  });

  it.each(['fixed8', 'e4m3', 'pow4', 'ternary', 'minmax4'])('can be of %s', (format) => {
    const { fitted: found } = fitted(both, format);
    expect(found.scale).toBeGreaterThan(0);
    expect(endsOfRounding(fitted(both, format)).high).toBeGreaterThan(0.3 * both.histogram.high);
  });
});
