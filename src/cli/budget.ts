import { type Command, Option } from 'commander';
import type { Dataset } from '../data/dataset.js';
import { formatBytes, formatCount } from '../inspect/format.js';
import { givenOf } from '../options/check.js';
import { dashed } from '../options/text.js';
import { type Budget, type BudgetOptions, checkBudgetOptions } from '../search/allocation/options.js';
import { searchBudget } from '../search/allocation/search.js';
import type { BudgetTrial } from '../search/allocation/trials.js';
import { CLUSTER } from '../stages/cluster.js';
import type { Stage } from '../stages/stage.js';
import { LOSSLESS_LEFT, noteJudges } from './answers.js';
import { pointLine } from './budget-words.js';
import { CONFIG_ENDING } from './chosen-config.js';
import { type DataFlags, type DataSubject, openData } from './data.js';
import { asUsage, UsageError } from './errors.js';
import type { GoalFlags } from './goal.js';
import { metricOf } from './metric.js';
import type { ClusterFlags } from './options.js';
import { openSearchLog, type SearchLog } from './search-log.js';
import type { StageOptions } from './settings.js';
import type { Terminal } from './terminal.js';

/** Options of a search without calibration. */
export interface BudgetFlags extends GoalFlags {
  readonly data?: string;
  readonly saveConfig?: string;
  readonly calibrate?: string;
  readonly calibrateSamples?: number;
  readonly fast?: boolean;
  readonly threads?: number;
  readonly seed?: number;
  readonly equivalentBits?: number | undefined;
}

export function addBudget(command: Command): Command {
  return command
    .option(
      '--data <data>',
      'search density and clusters, or widths of formats, of each layer by such inputs (as --data of evaluate)',
    )
    .addOption(
      new Option(
        '--save-config <file>',
        `with --data: where to write what was chosen (default: the output's name with ${CONFIG_ENDING} behind it)`,
      ),
    );
}

/** A search, once it is known what for. */
export interface BudgetSearch {
  readonly dataset: Dataset;
}

/**
 * What `--data` asks for; `undefined` without.
 *
 * @throws UsageError for options that do not go together; FxqError `DATASET`, `IO`
 */
export async function budgetOf(
  flags: BudgetFlags & ClusterFlags & DataFlags,
  subject: DataSubject,
  terminal: Terminal,
): Promise<BudgetSearch | undefined> {
  const { data, saveConfig, calibrate } = flags;
  if (data === undefined) {
    // Widths of number formats are chosen without data, too.
    if (saveConfig !== undefined && flags.equivalentBits === undefined) {
      throw new UsageError('--save-config needs --data: it is for what a search chooses');
    }
    return undefined;
  }
  if (calibrate !== undefined) {
    throw new UsageError(
      '--data is for a search without calibration; leave it out with --calibrate, which has its inputs',
    );
  }
  if (flags.lambda !== undefined)
    throw new UsageError('--lambda is a price for --calibrate; give --max-loss or --target-size');
  if (flags.snr !== undefined)
    throw new UsageError('--snr is a goal of its own; with --data give --max-loss or --target-size');
  const [name] = givenOf(['fast', 'calibrateSamples', 'perClass'], flags).map(dashed);
  if (name !== undefined) throw new UsageError(`--${name} needs --calibrate; a search with --data does without`);
  const dataset = await openData(data, flags, subject, terminal);
  terminal.note(`searching on ${data}`);
  return { dataset };
}

/** The stage that searches; what it found is known once it has run. */
export interface BudgetStage extends Stage {
  found(): Budget | undefined;
  /** Called once the result is written. */
  done(): void;
}

/** @throws UsageError for options that leave nothing to search for */
export function budgetStage(
  { dataset }: BudgetSearch,
  flags: BudgetFlags & DataFlags & { readonly output: string },
  { prune, cluster, include, exclude }: StageOptions,
  terminal: Terminal,
): BudgetStage {
  const { maxLoss, maxError, targetSize, time, seed, threads } = flags;
  const goal = { maxLoss, maxError, targetSize, time };
  const common: BudgetOptions = { dataset, ...goal, seed, threads, prune, cluster, include, exclude };
  asUsage(() => checkBudgetOptions(common));
  let found: Budget | undefined;
  let log: SearchLog<BudgetTrial> | undefined;
  return {
    name: 'search',
    found: () => found,
    done: () => log?.end(),
    async run(model, { signal, onNote } = {}) {
      const onProgress = terminal.progress('search');
      const onPoint = (point: Budget['chosen']) => terminal.note(`  ${pointLine(point)}`);
      const metric = await metricOf(flags);
      const onStart = (text: string) => terminal.note(`  ${text}`);
      if (flags.resume) {
        const { data, preprocess, labels, scale, dim, metric } = flags;
        const asked = { maxLoss, maxError, targetSize, metric, seed, prune, cluster, include, exclude };
        const options = JSON.stringify({ ...asked, data, preprocess, labels, scale, dim });
        log = openSearchLog<BudgetTrial>(`${flags.output}.search`, { model, options });
        if (log.known.length > 0) terminal.note(`  going on behind ${formatCount(log.known.length)} measurements`);
      }
      const onTrial = (trial: BudgetTrial) => log?.add(trial, trial.point !== undefined);
      const told = { onProgress, onStart, onPoint, onNote, onTrial, known: log?.known };
      found = await searchBudget(model, { ...common, ...told, metric, signal });
      const isFixed =
        prune !== undefined || cluster === false || givenOf(CLUSTER.alternatives, cluster ?? {}).length > 0;
      noteBudget(found, isFixed, terminal, onNote);
      return found.model;
    },
  };
}

function noteBudget(
  { heldOut, isReached, isLossless, points, skipped, chosen }: Budget,
  isFixed: boolean,
  terminal: Terminal,
  onNote: ((text: string) => void) | undefined,
): void {
  noteJudges(heldOut, terminal);
  if (points.length > 1) terminal.note(`  chosen: ${formatBytes(chosen.bytes)}`);
  if (isLossless) onNote?.(LOSSLESS_LEFT);
  if (!isReached) {
    const text =
      isFixed && points.length === 1
        ? 'the goal is not reached, and the options left one setting to try; fix less'
        : 'no setting reached the goal; this is the nearest';
    onNote?.(text);
  }
  for (const { name, reason } of skipped) terminal.note(`  ${name}: not searched for, ${reason}`);
}
