import type { Loss } from './loss.js';
import type { LossUnit } from './metric.js';

/**
 * A loss in words: `lost 0.30 points, 95 %: −0.40 to 1.10, counted on 64 inputs`, or `expected of 256` where turned decisions were
 * too few to be counted.
 *
 * @example
 * const { loss } = await evaluate({ model: 'small.onnx', reference: 'original.onnx', dataset });
 * if (loss) console.log(formatLoss(loss));
 */
export function formatLoss({ value, low, high, unit, by, samples }: Loss): string {
  const ends = `${formatAmount(low, unit)} to ${formatAmount(high, unit)}`;
  const of = unit === 'points' ? ' points' : unit === 'share' ? ' off' : '';
  // Only decisions are counted, or expected to turn; what is measured of each input has one way.
  const how = unit !== 'points' ? '' : by === 'divergence' ? 'expected of ' : 'counted on ';
  return `${unit === 'share' ? '' : 'lost '}${formatAmount(value, unit)}${of}, 95 %: ${ends}, ${how}${samples.toLocaleString('en-US')} inputs`;
}

/** An amount in its unit: points as they are, shares in per cent. */
export function formatAmount(amount: number, unit: LossUnit): string {
  const size = Math.abs(amount);
  if (!Number.isFinite(amount)) return amount < 0 ? '−∞' : '∞';
  const text =
    unit === 'points' ? size.toFixed(2) : unit === 'share' ? `${significant(100 * size)} %` : significant(size);
  return amount < 0 && Number.parseFloat(text) !== 0 ? `−${text}` : text;
}

function significant(value: number): string {
  return value === 0 ? '0' : value < 1e-3 || value >= 1e4 ? value.toExponential(1) : `${Number(value.toPrecision(3))}`;
}
