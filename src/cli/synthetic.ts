import type { Command } from 'commander';
import { Option } from 'commander';
import type { Selection } from '../model/selectors.js';
import { type SyntheticFound, searchSynthetic } from '../search/synthetic.js';
import { CLUSTER, cluster, clusteringOf } from '../stages/cluster.js';
import { PRUNE } from '../stages/prune.js';
import type { Stage } from '../stages/stage.js';
import { threadPool } from './calibration-pool.js';
import type { Terminal } from './terminal.js';

/** The option to compress by answers to inputs that are made for the model. */
export interface SyntheticFlags {
  readonly synthetic?: boolean;
}

const EXCLUDED = [
  ...PRUNE.alternatives,
  ...CLUSTER.perLayer,
  'seed',
  'centroids',
  'calibrate',
  'data',
  'maxLoss',
  'targetSize',
  'lambda',
];

export function addSynthetic(command: Command): Command {
  const text = 'without data: choose weights by the answers to pictures or sounds made for the model';
  return command.addOption(new Option('--synthetic', text).conflicts([...EXCLUDED, 'config']));
}

/** A stage that searches by synthetic inputs; its summary is known once it has run. */
export interface SyntheticStage extends Stage {
  /** For `--json`. */
  summary(): SyntheticSummary | undefined;
}

/** What came of it, as JSON. */
type SyntheticSummary =
  | (Pick<SyntheticFound, 'kind' | 'samples' | 'snr' | 'isReached' | 'lambda'> & {
      readonly exact: readonly string[];
      readonly skipped: readonly { readonly name: string; readonly reason: string }[];
    })
  | { readonly reason: string };

/** The stage; where synthetic inputs do not serve it clusters, and says why. */
export function syntheticStage(
  threads: number | undefined,
  { include, exclude }: Selection<never>,
  terminal: Terminal,
): SyntheticStage {
  let found: SyntheticFound | string | undefined;
  return {
    name: 'calibrate',
    summary() {
      if (typeof found === 'string') return { reason: found };
      if (!found) return undefined;
      const { kind, samples, snr, isReached, lambda, exact, skipped } = found;
      return {
        ...{ kind, samples, snr, isReached, lambda },
        exact: exact.map(({ tensor }) => tensor.name),
        skipped: skipped.map(({ tensor: { name }, reason }) => ({ name, reason })),
      };
    },
    async run(model, context = {}) {
      const { signal, onNote } = context;
      const pool = threadPool(threads);
      try {
        const onProgress = terminal.progress('calibrate');
        found = await searchSynthetic(model, { include, exclude, pool, threads, signal, onProgress });
      } finally {
        await pool.close();
      }
      if (typeof found === 'string') {
        onNote?.(`synthetic inputs do not serve this model: ${found}; its weights are clustered`);
        return cluster(clusteringOf({ include, exclude })).run(model, context);
      }
      const { kind, samples, snr, isReached, exact, skipped } = found;
      terminal.note(
        `  calibrated on ${samples} made ${kind}; on others answers stand ${snr.toFixed(1)} dB out of what has changed`,
      );
      if (!isReached) onNote?.('the answers do not get as clear as wanted, whatever a bit costs; look at them');
      for (const { tensor, basis } of exact)
        terminal.note(
          `  ${tensor.name}: kept exact, ${basis === 'shared' ? 'its weights share few values already' : `a basis of ${basis} that nobody learned`}`,
        );
      for (const { tensor, reason } of skipped)
        terminal.note(`  ${tensor.name}: not calibrated but clustered, ${reason}`);
      return found.model;
    },
  };
}
