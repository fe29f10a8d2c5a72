import type { Command } from 'commander';
import { Option } from 'commander';
import { shapesOf } from '../data/random.js';
import type { Selection } from '../model/selectors.js';
import { readInterface } from '../onnx/interface.js';
import { givenOf } from '../options/check.js';
import { type SyntheticStage as Searching, syntheticStage as searching } from '../search/compress.js';
import type { SyntheticFound } from '../search/synthetic.js';
import { CLUSTER } from '../stages/cluster.js';
import { PRUNE } from '../stages/prune.js';
import { QUANTIZE } from '../stages/quantize.js';
import { threadPool } from './calibration-pool.js';
import { asUsage } from './errors.js';
import type { Terminal } from './terminal.js';

/** The option not to compress by answers to inputs that are made for the model. */
export interface SyntheticFlags {
  readonly synthetic?: boolean;
  readonly cluster?: boolean;
  readonly config?: string | undefined;
  readonly threads?: number;
  readonly dim?: Readonly<Record<string, number>>;
}

/** What says that weights are to be others, or how many values they are to share. */
const CHANGES = [
  ...Object.keys(PRUNE.options),
  ...CLUSTER.alternatives,
  ...Object.keys(QUANTIZE.options),
  'equivalentBits',
];

/** What says by itself how weights are chosen, besides a config file and `--no-cluster`. */
const OTHERS = [...CHANGES, ...Object.keys(CLUSTER.options), 'calibrate', 'data', 'maxLoss', 'targetSize', 'lambda'];

export function addSynthetic(command: Command): Command {
  const text =
    'choose weights by their own noise, not by answers to inputs made for the model: the same bytes anywhere';
  return command.addOption(new Option('--no-synthetic', text));
}

/** Whether nothing asks for other weights, however they are to be chosen: then a file may be kept as it is. */
export function isUnasked(flags: SyntheticFlags): boolean {
  return flags.cluster !== false && flags.config === undefined && givenOf(CHANGES, flags).length === 0;
}

/** Whether nothing says how weights are to be chosen, so that made inputs do. */
export function isSynthetic(flags: SyntheticFlags): boolean {
  return flags.synthetic !== false && isUnasked(flags) && givenOf(OTHERS, flags).length === 0;
}

/** A stage that searches by synthetic inputs; its summary is known once it has run. */
export interface SyntheticStage extends Searching {
  /** For `--json`. */
  summary(): SyntheticSummary | undefined;
}

/** What came of it, as JSON. */
type SyntheticSummary =
  | (Pick<SyntheticFound, 'kind' | 'samples' | 'guessed' | 'snr' | 'divergence' | 'isReached' | 'lambda'> & {
      readonly exact: readonly string[];
      readonly skipped: readonly { readonly name: string; readonly reason: string }[];
    })
  | { readonly reason: string };

/** The stage; where synthetic inputs do not serve it clusters, and says why. */
export function syntheticStage(
  { threads, dim }: SyntheticFlags,
  { include, exclude }: Selection<never>,
  terminal: Terminal,
): SyntheticStage {
  let run: Searching | undefined;
  return {
    name: 'calibrate',
    found: () => run?.found(),
    summary() {
      const found = run?.found();
      if (typeof found === 'string') return { reason: found };
      if (!found) return undefined;
      const { kind, samples, guessed, snr, divergence, isReached, lambda, exact, skipped } = found;
      return {
        ...{ kind, samples, guessed, snr, divergence, isReached, lambda },
        exact: exact.map(({ tensor }) => tensor.name),
        skipped: skipped.map(({ tensor: { name }, reason }) => ({ name, reason })),
      };
    },
    async run(model, context = {}) {
      if (dim) asUsage(() => shapesOf(readInterface(model).inputs, dim));
      const pool = threadPool(threads);
      try {
        run = searching({ include, exclude, dims: dim, pool, threads, onProgress: terminal.progress('calibrate') });
        const result = await run.run(model, context);
        noteFound(run.found(), terminal, context.onNote);
        return result;
      } finally {
        await pool.close();
      }
    },
  };
}

function noteFound(
  found: SyntheticFound | string | undefined,
  terminal: Terminal,
  onNote: ((text: string) => void) | undefined,
): void {
  if (typeof found === 'string') {
    terminal.note(`  weights are clustered, by their own noise and not by answers to made inputs: ${found}`);
    return;
  }
  if (!found) return;
  const { kind, samples, guessed, snr, divergence, isReached, exact, skipped } = found;
  const decided = divergence === null ? '' : `, and decisions are off by ${divergence.toPrecision(2)} nats`;
  terminal.note(
    `  calibrated on ${samples} made ${kind}; on others answers stand ${snr.toFixed(1)} dB out of what has changed${decided}`,
  );
  if (guessed.length > 0) {
    onNote?.(`the model leaves the size of its pictures open, and it was guessed; --dim ${guessed[0]}=SIZE tells it`);
  }
  if (!isReached) onNote?.('the answers do not get as clear as wanted, whatever a bit costs; look at them');
  for (const { tensor, basis } of exact) {
    const reason =
      basis === 'shared' ? 'its weights share few values already' : `a basis of ${basis} that nobody learned`;
    terminal.note(`  ${tensor.name}: kept exact, ${reason}`);
  }
  for (const { tensor, reason } of skipped) {
    terminal.note(`  ${tensor.name}: not calibrated but clustered, ${reason}`);
  }
}
