import { fitIntegers, isInteger, type Sign, type ValueRounding, valueFormat } from '../../quantize/values.js';
import { interpolatedKlThreshold, klThreshold } from './kl.js';
import type { ValueStatistics } from './statistics.js';
import { mseThreshold, percentileThreshold } from './thresholds.js';

/**
 * How the range of a value is found: the largest magnitude; the moving average of those of batches; a percentile; the least
 * divergence, as TensorRT or as Quantization.MXNet has it; the least squared error; or anew by the graph for each batch.
 */
export const VALUE_RANGES = ['max', 'ema', 'percentile', 'kl', 'kl-mxnet', 'mse', 'online'] as const;
/** How the range of values is found. */
export type ValueRange = (typeof VALUE_RANGES)[number];

/** From so many bits on ranges matter little, and below the large numbers are worth less than the steps of the small ones. */
const WIDE = 6;

/** How ranges of a format of so many bits are found if nothing is said. */
function defaultRange(bits: number): ValueRange {
  return bits >= WIDE ? 'percentile' : 'mse';
}

/** The range that a format can have: its graph takes that of each batch of integers only, and of others there is the average. */
export function rangeFor<Kind extends ValueRange | undefined>(format: string, range: Kind): Kind | 'ema' {
  return range === 'online' && !isInteger(format) ? 'ema' : range;
}

/** What is wanted of a value. */
export interface FitValueOptions {
  readonly format: string;
  /** Default: by the format's width. */
  readonly range?: ValueRange | undefined;
  readonly percentile: number;
  readonly sign: Sign;
}

/** The parameters of a value's format, from what was seen of it. */
export function fitValue(statistics: ValueStatistics, options: FitValueOptions): ValueRounding {
  const { histogram } = statistics;
  const { low, high, most } = histogram;
  const format = valueFormat(options.format);
  const { percentile, sign } = options;
  const range = rangeFor(format.name, options.range ?? defaultRange(format.bits));
  const isOnline = range === 'online';
  if (!isInteger(format.name)) {
    const threshold = range === 'mse' ? most : thresholdOf(statistics, range, 2 ** (format.bits - 1), percentile);
    const fitted = format.fit(statistics.sample(threshold), {
      range: range === 'mse' ? 'mse' : 'max',
      percentile: 100,
      scaling: 'float32',
    });
    return { format: format.name, fitted, range, isOnline: false };
  }
  const make = (threshold: number) =>
    fitIntegers({ bits: format.bits, sign, low, high, threshold: threshold > 0 ? threshold : 1 });
  const isSigned = low < 0 && sign !== 'unsigned';
  const levels = 2 ** (isSigned || sign === 'signed' ? format.bits - 1 : format.bits);
  const threshold =
    range === 'mse'
      ? mseThreshold(histogram, (at) => make(at).fitted)
      : thresholdOf(statistics, range, levels, percentile);
  return { ...make(threshold), range, isOnline };
}

function thresholdOf(statistics: ValueStatistics, range: ValueRange, levels: number, percentile: number): number {
  const { histogram, average } = statistics;
  switch (range) {
    case 'ema':
    case 'online':
      return average;
    case 'percentile':
      return percentileThreshold(histogram.read(), histogram.zeros, percentile);
    case 'kl':
      return klThreshold(histogram.read(), levels);
    case 'kl-mxnet':
      return interpolatedKlThreshold(histogram.read(), levels);
    default:
      return histogram.most;
  }
}
