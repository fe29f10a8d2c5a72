import type { Model } from '../model/model.js';
import { lookAtValues } from '../search/proposals.js';
import type { ValueSpread } from './comparison.js';
import { reachOf, spreadOfCounts } from './spread.js';

/**
 * How the values of a model are spread over powers of two on some inputs, and the fixed-point format that holds each best.
 *
 * @throws FxqError `DATASET`, `RUNTIME`, `ABORTED`
 */
export async function valueSpreads(model: Model, options: Parameters<typeof lookAtValues>[1]): Promise<ValueSpread[]> {
  const { values } = await lookAtValues(model, options);
  return values.map(({ proposal, histogram }) => ({
    ...proposal,
    spread: spreadOfCounts(histogram.read(), histogram.zeros),
    reach: reachOf(proposal.format),
  }));
}
