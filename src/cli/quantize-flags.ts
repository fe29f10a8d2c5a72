import { givenOf } from '../options/check.js';
import { dashed } from '../options/text.js';
import { CLUSTER } from '../stages/cluster.js';
import { UsageError } from './errors.js';

/** Options that are about shared values, or about how they are searched for. */
const OTHERS = [...CLUSTER.perLayer, 'centroids', 'maxLoss', 'targetSize', 'lambda', 'synthetic', 'data'] as const;

/** @throws UsageError for options that make no sense where weights are rounded to number formats */
export function checkQuantizeFlags(flags: object): void {
  const stray = givenOf(OTHERS, flags)[0];
  if (stray !== undefined) {
    throw new UsageError(`--${dashed(stray)} does not go with number formats (--weights); leave one of them out`);
  }
}
