import { CLUSTER } from './cluster.js';
import { PRUNE } from './prune.js';
import { QUANTIZE } from './quantize.js';
import type { StageDefinition } from './stage.js';

/** The stages that work on a model without data, in the order in which they run: a new one is added here. */
export const STAGES: readonly StageDefinition[] = [PRUNE, CLUSTER, QUANTIZE];

/** @throws Error for a name that no stage has */
export function stageNamed(name: string): StageDefinition {
  const stage = STAGES.find((each) => each.name === name);
  if (!stage)
    throw new Error(`expected the name of a stage (${STAGES.map((each) => each.name).join(', ')}), got ${name}`);
  return stage;
}
