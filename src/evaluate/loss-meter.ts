import { decisionMeter } from './decision-loss.js';
import { errorMeter, ownMeter } from './error-loss.js';
import type { Loss, LossMeter, Measured } from './loss.js';

/**
 * The one way in which losses are measured, whoever asks.
 *
 * @throws FxqError `DATASET` where labels are no classes of the model, or a metric of one's own gives no numbers
 */
export function lossMeter(measured: Measured): LossMeter {
  const { heads = [] } = measured;
  if (heads.length === 0) return headMeter(measured);
  const meters = [measured, ...heads].map((head) => ({ output: head.output, meter: headMeter(head) }));
  return {
    async add(reference, outputs, isFitted) {
      for (const { meter } of meters) await meter.add(reference, outputs, isFitted);
    },
    // What a model may lose, none of its answers may: the one that may have lost most stands for all.
    result() {
      const losses = meters.flatMap(({ output, meter }) => {
        const loss = meter.result();
        return loss ? [{ ...loss, output }] : [];
      });
      return losses.reduce<Loss | undefined>(
        (worst, loss) => (worst && worst.high >= loss.high ? worst : loss),
        undefined,
      );
    },
  };
}

function headMeter(measured: Measured): LossMeter {
  const { metric } = measured;
  if (typeof metric === 'function') return ownMeter(metric);
  return metric === 'snr' || metric === 'cosine' ? errorMeter(measured, metric) : decisionMeter(measured, metric);
}
