import type { Rule } from '../../model/selectors.js';
import { type ClusterLayer, cluster, clusteringOf } from '../../stages/cluster.js';
import { type PruneTarget, prune } from '../../stages/prune.js';
import type { Stage } from '../../stages/stage.js';
import type { Setting } from './frontier.js';
import type { BudgetOptions, LayerSetting } from './options.js';
import type { SearchedLayer } from './subject.js';

/** A setting as options of the layers: what was not searched for is left to what fixes it. */
export function layerSettings(layers: readonly SearchedLayer[], setting: Setting): LayerSetting[] {
  return layers.flatMap((layer, i) => {
    const { density, clusters } = setting[i];
    const { twins, isPruned, isClustered } = layer;
    return [layer, ...twins].map(({ tensor: { name }, match }) => ({
      name,
      match,
      ...(isPruned && density < 1 && { density }),
      ...(isClustered && { clusters }),
    }));
  });
}

/** The stages that make a setting, as a config file of the same content would. */
export function stagesOf(settings: readonly LayerSetting[], options: BudgetOptions): Stage[] {
  const { include, exclude, prune: pruning = {}, cluster: clustering = {} } = options;
  const densities = settings.filter(({ density }) => density !== undefined);
  const sizes = settings.filter(({ clusters }) => clusters !== undefined);
  const pruneRules: Rule<PruneTarget>[] = [
    ...(pruning.rules ?? []),
    ...densities.map(({ match, density }) => ({ match, options: { density } })),
  ];
  const { density, threshold, quality } = pruning;
  const stages: Stage[] = [];
  if (pruneRules.length > 0 || (density ?? threshold ?? quality) !== undefined) {
    stages.push(prune({ ...pruning, include, exclude, ...(pruneRules.length > 0 && { rules: pruneRules }) }));
  }
  if (clustering === false) return stages;
  const rules: Rule<ClusterLayer>[] = [
    ...(clustering.rules ?? []),
    ...sizes.map(({ match, clusters }) => ({ match, options: { clusters } })),
  ];
  stages.push(cluster(clusteringOf({ ...clustering, include, exclude, ...(rules.length > 0 && { rules }) })));
  return stages;
}
