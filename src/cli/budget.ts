import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { type Command, Option } from 'commander';
import { stringify } from 'yaml';
import type { Dataset } from '../data/dataset.js';
import { FxqError } from '../errors.js';
import { formatAmount, formatLoss } from '../evaluate/loss-words.js';
import { formatBytes, formatCount } from '../inspect/format.js';
import { givenOf } from '../options/check.js';
import { dashed } from '../options/text.js';
import { printableJson } from '../printable.js';
import {
  type Budget,
  type BudgetOptions,
  checkBudgetOptions,
  type LayerSetting,
} from '../search/allocation/options.js';
import { searchBudget } from '../search/allocation/search.js';
import type { BudgetTrial } from '../search/allocation/trials.js';
import { CLUSTER } from '../stages/cluster.js';
import { PRUNE } from '../stages/prune.js';
import type { Stage } from '../stages/stage.js';
import type { Config, LayerConfig } from './config.js';
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

/** What the file with the chosen setting is called: as the output, with this behind it. */
const CONFIG_ENDING = '.yaml';

/** How it begins: a file that begins so may be replaced by the next one. */
const MARK = '# Chosen by fxq-compress';

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

/**
 * Where what a search chooses is written.
 *
 * @throws FxqError `IO` where a file of somebody else's has that name
 */
export function configPathOf(saveConfig: string | undefined, output: string): string {
  const path = saveConfig ?? output + CONFIG_ENDING;
  if (saveConfig === undefined && existsSync(path) && !readFileSync(path, 'utf8').startsWith(MARK)) {
    const message = `${path}: exists already, and no search has written it; name a file with --save-config`;
    throw new FxqError('IO', message, { file: path });
  }
  return path;
}

/**
 * What a search chose, as a config file that a later one may replace.
 *
 * @param again - what a command with this file makes again
 */
export function configText(
  model: string,
  what: string,
  config: Config,
  command: string,
  again = 'makes the same again',
): string {
  const head = [
    `${MARK} for ${printableJson(basename(model))}: ${what}.`,
    `# ${command} --config with this file ${again}.`,
  ];
  return `${head.join('\n')}\n${stringify(config)}`;
}

/** A search as JSON. */
export interface BudgetSummary extends Omit<Budget, 'model' | 'layers'> {
  /** Decides which inputs judge. */
  readonly seed: number;
  readonly layers: readonly Omit<LayerSetting, 'match'>[];
  /** The file that has them; `null` where none was written. */
  readonly config: string | null;
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

function pointLine({ bytes, judgement }: Budget['chosen']): string {
  return `${formatBytes(bytes)}, ${formatLoss(judgement)}`;
}

function noteBudget(
  { heldOut, isReached, points, skipped }: Budget,
  isFixed: boolean,
  terminal: Terminal,
  onNote: ((text: string) => void) | undefined,
): void {
  const by = heldOut > 0 ? `${formatCount(heldOut)} inputs kept apart` : 'the inputs measured on, for want of others';
  terminal.note(`  judged by ${by}`);
  if (!isReached) {
    const text =
      isFixed && points.length === 1
        ? 'the goal is not reached, and the options left one setting to try; fix less'
        : 'no setting reached the goal; this is the nearest';
    onNote?.(text);
  }
  for (const { name, reason } of skipped) terminal.note(`  ${name}: not searched for, ${reason}`);
}

export function budgetSummary({ model: _, layers, ...found }: Budget, config: string | null, seed = 0): BudgetSummary {
  return { ...found, seed, layers: layers.map(({ match: _, ...layer }) => layer), config };
}

/** The setting as a config file, beside what was fixed before. */
export function budgetConfig(model: string, found: Budget, base: Config, seed = 0): string {
  const { layers, chosen, metric, samples, heldOut } = found;
  const rules: LayerConfig[] = layers
    .filter(({ density, clusters }) => density !== undefined || clusters !== undefined)
    .map(({ match, density, clusters }) => ({
      match,
      ...(density !== undefined && { prune: { density } }),
      ...(clusters !== undefined && { cluster: { clusters } }),
    }));
  const all = [...(base.layers ?? []), ...rules];
  // A scope without a target means something only where a layer is pruned.
  const isPruned = givenOf(PRUNE.alternatives, base.prune ?? {}).length > 0 || all.some(({ prune }) => prune);
  const { prune, ...rest } = base;
  const config: Config = { ...rest, ...(prune && isPruned && { prune }), layers: all };
  const by = `judged by ${metric} on ${heldOut} inputs kept apart, measured on ${samples} others, seed ${seed}`;
  return configText(model, `${pointLine(chosen)}; ${by}`, config, 'compress');
}

/** What was tried, the smallest first, with a mark on what was chosen. */
export function budgetTable({ points, chosen }: Budget): string {
  const rows = [...points].sort((a, b) => a.bytes - b.bytes || a.loss - b.loss);
  const cells = rows.map((point) => [
    formatCount(point.bytes),
    formatAmount(point.loss, point.judgement.unit),
    `${formatAmount(point.judgement.low, point.judgement.unit)} to ${formatAmount(point.judgement.high, point.judgement.unit)}`,
    point.divergence.toPrecision(3),
    point === chosen ? '← chosen' : '',
  ]);
  const lost = chosen.judgement.unit === 'points' ? 'points lost' : 'off';
  const head = ['bytes', lost, '95 %', 'divergence', ''];
  const widths = head.map((title, i) => Math.max(title.length, ...cells.map((row) => row[i].length)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => (i < 4 ? cell.padStart(widths[i]) : cell))
      .join('  ')
      .trimEnd();
  return [line(head), '─'.repeat(widths[0] + widths[1] + widths[2] + widths[3] + 6), ...cells.map(line)].join('\n');
}
