import { isFloat } from '../data/cast.js';
import type { Batch } from '../data/dataset.js';
import { decisionIn, layoutOf, type Scale } from './decisions.js';
import type { Kind } from './metric.js';
import type { MetricArray } from './metrics.js';
import { realRows } from './padding.js';

/** Which decisions there are in an output. */
export interface Decided {
  /** What its rows hold. Default: scores, or the classes themselves where they are integers. */
  readonly scale?: Scale | undefined;
  /** The axis of the classes, where it is not the last. */
  readonly axis?: number | undefined;
  /** Which rows take part, where some are padding. Default: all. */
  readonly isReal?: ((row: number) => boolean) | undefined;
}

/** Which decisions there are in an output of this kind: those of padding are left out. */
export function decidedIn({ scale, axis }: Kind, reference: MetricArray, batch: Batch, samples: number): Decided {
  const { rows } = layoutOf(reference, samples, scale, axis);
  return { scale, axis, isReal: realRows(batch, reference.dims, rows) };
}

/**
 * Counts over batches how often two models decide alike: the largest score along the last axis, in every row (all
 * positions of a text line, for example); integers agree where they are equal. Rows in which both have a NaN decide on nothing and are left out.
 * Axes of length 1 at the end are passed over; a single score decides nothing, so that is `null`.
 *
 * @example
 * const agreement = agreementMeter();
 * agreement.add(output, reference, 64); // of a batch of 64 samples
 * agreement.result(); // 0.998
 */
export function agreementMeter(): {
  add(output: MetricArray, reference: MetricArray, samples: number, decided?: Decided): void;
  result(): number | null;
} {
  let rows = 0;
  let equal = 0;
  return {
    add(output, reference, samples, { scale, axis, isReal = () => true } = {}) {
      const held = scale ?? (isFloat(output.type) ? 'logits' : 'classes');
      const [own, other] = [output, reference].map((array) => layoutOf(array, samples, held, axis));
      if (held !== 'classes' && own.classes < 2) return;
      for (let row = 0; row < Math.max(own.rows, other.rows); row++) {
        if (!isReal(row)) continue;
        // A row that only one of the two has is a row they differ in.
        const isInBoth = row < Math.min(own.rows, other.rows) && own.classes === other.classes;
        const choice = isInBoth ? decisionIn(output, own, row) : 0;
        const wanted = isInBoth ? decisionIn(reference, other, row) : 1;
        if (held !== 'classes' && choice < 0 && wanted < 0) continue;
        rows++;
        if (choice === wanted) equal++;
      }
    },
    result: () => (rows > 0 ? equal / rows : null),
  };
}
