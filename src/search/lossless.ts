import { containerSize } from '../container/write/container.js';
import type { Model } from '../model/model.js';
import { type Goal, type Judged, reaches } from './goal.js';
import type { Judge } from './judge.js';

/**
 * What is left where nothing that was tried reaches a loss: the model as it is, which loses nothing. `undefined` where the goal
 * is another, or was reached, or also asks for a size that this does not fit.
 *
 * @param chosen - the best that was tried
 */
export async function losslessFor(
  model: Model,
  { goal, judge, chosen, signal }: { goal: Goal; judge: Judge; chosen: Judged; signal?: AbortSignal | undefined },
): Promise<(Judged & { readonly loss: number; readonly judgement: Judge['nothing'] }) | undefined> {
  if (goal.limit === undefined || reaches(chosen, goal)) return undefined;
  const bytes = await containerSize(model, { signal });
  const point = { bytes, loss: 0, judgement: judge.nothing };
  return reaches(point, goal) ? point : undefined;
}
