import { decisionMeter } from './decision-loss.js';
import { errorMeter, ownMeter } from './error-loss.js';
import type { LossMeter, Measured } from './loss.js';

/**
 * The one way in which losses are measured, whoever asks.
 *
 * @throws FxqError `DATASET` where labels are no classes of the model, or a metric of one's own gives no numbers
 */
export function lossMeter(measured: Measured): LossMeter {
  const { metric } = measured;
  if (typeof metric === 'function') return ownMeter(metric);
  return metric === 'snr' || metric === 'cosine' ? errorMeter(measured, metric) : decisionMeter(measured, metric);
}
