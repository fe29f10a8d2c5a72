import type { Batch } from '../data/dataset.js';
import { findNaN } from '../data/look.js';
import type { MetricArray } from './metrics.js';

/** Watches for batches in which the output that decides is no number, and whether the data is the cause. */
export function numberMeter(output: string) {
  let batches = 0;
  let empty = 0;
  let first: string | undefined;
  return {
    add(array: MetricArray | undefined, batch: Batch, before: number): void {
      batches++;
      const at = array?.data.findIndex(Number.isNaN) ?? -1;
      if (!array || at < 0) return;
      if (array.data.every(Number.isNaN)) empty++;
      const cause = findNaN(batch, before);
      first ??= `output '${output}' holds NaN, first among the samples from ${before} on${cause === undefined ? '' : `; the data has ${cause}`}`;
    },
    isAll: () => empty > 0 && empty === batches,
    doubt: () => first,
  };
}
