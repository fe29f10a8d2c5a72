import type { Batch } from '../../data/dataset.js';
import type { Split } from '../../data/split.js';
import { loadRuntime } from '../../runtime/runtime.js';
import { openNetwork } from '../network.js';
import type { Candidates } from './candidates.js';
import type { WidthOptions } from './options.js';
import { exchanges, type Widths as Setting } from './path.js';

/** Exchanges that are tried, by layer. */
const TRIES = 3;

/** Gives a setting of as many bits at most, whose answers are nearer to the original's. */
export type Exchange = (start: Setting, limit: number) => Promise<Setting>;

/**
 * Exchanges bits between layers as long as the model's answers, all layers rounded, come nearer to the original's: what a layer's
 * noise does depends on that of the others.
 */
export async function exchanger(
  { model, subjects, rounded }: Candidates,
  split: Split,
  options: WidthOptions,
): Promise<Exchange> {
  const { threads, signal, onProgress } = options;
  const runtime = options.runtime ?? (await loadRuntime());
  const batches: Batch[] = [];
  for await (const batch of split.calibration()) batches.push(batch);
  const network = await openNetwork(options.original ?? model, batches, { runtime, threads, signal });
  return async (start, limit) => {
    let best = start;
    let least = await network.divergence(rounded(best));
    const tried = new Set<string>();
    const tries = TRIES * subjects.length;
    for (let i = 0; i < tries; i++) {
      const next = exchanges(subjects, best, limit).find((each) => !tried.has(each.join()));
      if (!next) break;
      tried.add(next.join());
      const divergence = await network.divergence(rounded(next), least);
      if (divergence < least) [best, least] = [next, divergence];
      onProgress?.((i + 1) / tries);
    }
    return best;
  };
}
