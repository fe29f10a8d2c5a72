import { resolve } from 'node:path';
import { configPathOf } from '../chosen-config.js';
import { UsageError } from '../errors.js';
import { PIPE } from '../find-models.js';
import { type OutputPlan, planOutput } from './plan.js';

/**
 * Checks where files would go, and plans where they go.
 *
 * @param isSearched - what is chosen is kept in a config file, too
 */
export function planContainer(
  { output, written }: { readonly output: string; readonly written: string },
  { saveConfig, dryRun }: { readonly saveConfig?: string; readonly dryRun?: boolean },
  isSearched: boolean,
): { plan: OutputPlan; config: OutputPlan | undefined } {
  if (output !== PIPE) planOutput(output, { kind: 'container' });
  const plan = planOutput(written, { kind: 'container' });
  if (!isSearched) return { plan, config: undefined };
  const path = output === PIPE ? saveConfig : configPathOf(saveConfig, output);
  if (path === undefined) return { plan, config: undefined };
  if (resolve(path) === resolve(output)) {
    throw new UsageError(`${output}: this is the container itself; name another file with --save-config`);
  }
  const config = planOutput(path, { option: '--save-config' });
  return { plan, config: dryRun ? undefined : config };
}
