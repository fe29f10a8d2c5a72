import type { Command } from 'commander';
import { CALIBRATE, type CalibrationOptions, checkCalibrateOptions } from '../calibrate/options.js';
import { formatLoss } from '../evaluate/loss-words.js';
import { formatBytes, formatCount } from '../inspect/format.js';
import type { Model } from '../model/model.js';
import type { Selection } from '../model/selectors.js';
import { givenOf } from '../options/check.js';
import { dashed } from '../options/text.js';
import { type Found, type Point, searchCalibration } from '../search/calibration.js';
import { checkGoal, GOAL } from '../search/goal.js';
import { CLUSTER } from '../stages/cluster.js';
import type { Stage } from '../stages/stage.js';
import { LOSSLESS_LEFT, noteJudges } from './answers.js';
import type { CalibrationFlags } from './calibration.js';
import { threadPool } from './calibration-pool.js';
import { asUsage, UsageError } from './errors.js';
import { addOptions } from './flags.js';
import { asWaves, bytesOf, leftOut } from './left-alone.js';
import { addMetric, type MetricFlags, metricOf } from './metric.js';
import type { ClusterFlags } from './options.js';
import { openSearchLog, type SearchLog } from './search-log.js';
import type { Terminal } from './terminal.js';

/** Options that say what a calibrated model has to be like. */
export interface GoalFlags extends MetricFlags {
  readonly maxLoss?: number;
  readonly maxError?: number;
  readonly time?: number;
  readonly targetSize?: number;
  readonly lambda?: number;
  readonly resume?: boolean;
}

const GOALS = ['maxLoss', 'maxError', 'targetSize', 'lambda'] as const;
/** What needs a search. */
const SEARCHING = [...GOALS, 'time', 'metric', 'resume'] as const;

export function addGoal(command: Command): Command {
  const price = { ...CALIBRATE.lambda, text: 'what a bit is worth, such as 5e-8', otherwise: 'searched for' };
  const { time, ...goals } = GOAL;
  const prefix = 'with --calibrate, --data or --train: ';
  addOptions(command, goals, { alternatives: GOALS, prefix });
  addOptions(command, { time }, { prefix });
  addOptions(command, { lambda: price }, { alternatives: GOALS, prefix: 'with --calibrate: ' });
  command.option(
    '--resume',
    'with --calibrate, --data or --train: keep what is tried beside the output until it is done, and go on from there',
  );
  return addMetric(command);
}

/** A stage that searches; its summary is known once it has run. */
export interface SearchStage extends Stage {
  found(): Found | undefined;
  /** For `--json`. */
  summary(): CalibrationSummary | undefined;
  /** Called once the result is written. */
  done(): void;
}

/** A search as JSON. */
interface CalibrationSummary
  extends Pick<Found, 'chosen' | 'points' | 'samples' | 'heldOut' | 'metric' | 'isReached' | 'isLossless'> {
  /** Decides which inputs judge. */
  readonly seed: number;
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
}

/**
 * The stage that calibrates for a goal; `undefined` without calibration.
 *
 * @param originalOf - the model that losses are held against, where stages before this one change it
 * @throws UsageError for options that do not go together
 */
export function searchStage(
  flags: GoalFlags & ClusterFlags & CalibrationFlags & { readonly output: string },
  { include, exclude }: Selection<never>,
  calibration: CalibrationOptions | undefined,
  terminal: Terminal,
  originalOf: () => Model | undefined = () => undefined,
): SearchStage | undefined {
  if (!calibration) {
    const stray = SEARCHING.find((goal) => flags[goal] !== undefined);
    if (stray === 'lambda') throw new UsageError('--lambda needs --calibrate with inputs to look at');
    if (stray) throw new UsageError(`--${dashed(stray)} needs --calibrate, --data or --train with inputs to judge by`);
    return undefined;
  }
  if (flags.snr !== undefined) throw new UsageError('--snr does not go with --calibrate; give --max-loss or --bits');
  const stray = givenOf(Object.keys(CLUSTER.options), flags).find((key) => !(key in CALIBRATE));
  if (stray) throw new UsageError(`--${stray} is for clustering without --calibrate; leave it out`);
  const { maxLoss, maxError, targetSize, time, lambda, bits, clusters } = flags;
  const goal = { maxLoss, maxError, targetSize, time };
  const hasCodebook = bits !== undefined || clusters !== undefined;
  if (hasCodebook && GOALS.some((goal) => flags[goal] !== undefined)) {
    throw new UsageError('--bits and --clusters fix the size; leave out --max-loss, --target-size and --lambda');
  }
  // Nothing is judged where the size is fixed.
  const [fixed] = givenOf(['bits', 'clusters', 'lambda'], flags);
  const [idle] = fixed === undefined ? [] : givenOf(['metric', 'time'], flags);
  if (idle) throw new UsageError(`--${idle} is for a search, and has no effect with --${fixed}; leave it out`);
  asUsage(() => {
    checkCalibrateOptions({ ...calibration, lambda, bits, clusters });
    checkGoal(goal);
  });
  let found: Found | undefined;
  let log: SearchLog<Point> | undefined;
  return {
    name: 'calibrate',
    found: () => found,
    done: () => log?.end(),
    summary() {
      if (!found) return undefined;
      const { chosen, points, samples, heldOut, metric, isReached, isLossless } = found;
      const skipped = found.skipped.map(({ tensor: { name }, reason }) => ({ name, reason }));
      const seed = calibration.seed ?? 0;
      return { chosen, points, samples, heldOut, metric, seed, isReached, isLossless, skipped };
    },
    async run(model, { signal, onNote } = {}) {
      if (flags.resume)
        log = openSearchLog<Point>(`${flags.output}.search`, {
          model,
          options: askedOf(flags, { include, exclude }, calibration),
        });
      if (log && log.known.length > 0) terminal.note(`  going on behind ${formatCount(log.known.length)} settings`);
      const pool = threadPool(calibration.threads);
      try {
        found = await searchCalibration(model, {
          ...calibration,
          ...{ ...goal, lambda, bits, clusters, include, exclude, pool, signal, onNote },
          metric: await metricOf(flags),
          original: originalOf(),
          onStart: (text) => terminal.note(`  ${text}`),
          onProgress: terminal.progress('calibrate'),
          known: log?.known,
          onPoint(point) {
            log?.add(point);
            terminal.note(`  ${pointLine(point)}`);
          },
        });
      } finally {
        await pool.close();
      }
      const weights = model.tensors.filter(({ role }) => role === 'weight');
      noteFound(found, bytesOf(weights), terminal, onNote);
      return found.model;
    },
  };
}

/** What tells a search from others of the same model: its inputs, how they are prepared, and what is looked for; not how long. */
export function askedOf(
  flags: GoalFlags & ClusterFlags & CalibrationFlags,
  { include, exclude }: Selection<never>,
  { dataset: _, threads: __, ...settled }: CalibrationOptions,
): string {
  const { calibrate, perClass, preprocess, labels, scale, dim } = flags;
  const { maxLoss, maxError, targetSize, metric, bits, clusters } = flags;
  const inputs = { data: calibrate, perClass, preprocess, labels, scale, dim };
  return JSON.stringify({
    ...settled,
    ...inputs,
    maxLoss,
    maxError,
    targetSize,
    metric,
    bits,
    clusters,
    include,
    exclude,
  });
}

function pointLine(point: Point): string {
  const { judgement, divergence } = point;
  const lost = judgement === null ? '' : `, ${formatLoss(judgement)}`;
  return `${sizeLine(point)}${lost}${divergence === null ? '' : `, divergence ${divergence.toPrecision(2)}`}`;
}

function sizeLine({ lambda, bytes }: Point): string {
  return `${lambda === null ? '' : `λ ${lambda.toExponential(1)}  `}${formatBytes(bytes)}`;
}

function noteFound(
  { heldOut, skipped, waves, isReached, isLossless, chosen, points }: Found,
  weightBytes: number,
  terminal: Terminal,
  onNote: ((text: string) => void) | undefined,
): void {
  if (chosen.loss !== null) noteJudges(heldOut, terminal);
  if (points.length > 1) terminal.note(`  chosen: ${sizeLine(chosen)}`);
  if (isLossless) onNote?.(LOSSLESS_LEFT);
  if (!isReached) onNote?.('no setting reached the goal; this is the nearest');
  for (const line of [asWaves(waves), leftOut(skipped, weightBytes)])
    if (line !== undefined) terminal.note(`  ${line}`);
}
