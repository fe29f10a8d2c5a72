import { existsSync, rmSync } from 'node:fs';
import type { Command } from 'commander';
import { CALIBRATION } from '../calibrate/options.js';
import { CODING, type CodingOptions } from '../container/write/coding.js';
import { formatLoss } from '../evaluate/loss-words.js';
import { formatBytes, formatCount } from '../inspect/format.js';
import { givenOf } from '../options/check.js';
import { dashed } from '../options/text.js';
import { compressTo } from '../pipeline/compress.js';
import { isJournal, type Step } from '../search/training/journal.js';
import { checkTrainingOptions, TRAINING } from '../search/training/options.js';
import { searchTraining, type Trained } from '../search/training/search.js';
import { WIDTHS } from '../search/widths/options.js';
import { CLUSTER } from '../stages/cluster.js';
import { PRUNE } from '../stages/prune.js';
import { QUANTIZE } from '../stages/quantize.js';
import type { Augmentation } from '../tune/augment.js';
import { judgedAnswers, sameAnswers } from './answers.js';
import { addAugmentation } from './augment.js';
import { readCheckpoint } from './checkpoint.js';
import { type DataFlags, openData } from './data.js';
import { asUsage, StoppedEarly, UsageError } from './errors.js';
import { addOptions, givenFlags, optionsFrom } from './flags.js';
import type { GoalFlags } from './goal.js';
import { inspectFile, openModel, sizeOf, unclaimedWarnings } from './input.js';
import { interruptible } from './interrupt.js';
import { metricOf } from './metric.js';
import type { ModelFlags, ThreadFlags } from './options.js';
import { planOutput } from './output/plan.js';
import { targetIn, withOutput, writeWhole } from './output/write.js';
import type { Result, SummaryFlags } from './summary.js';
import type { SyntheticFlags } from './synthetic.js';
import type { Terminal } from './terminal.js';

/** Options of `compress --train`. */
export interface TrainingFlags {
  readonly train?: string;
  readonly augment?: Augmentation;
  readonly resume?: boolean;
}

type AllFlags = TrainingFlags & GoalFlags & DataFlags & SummaryFlags & ModelFlags & ThreadFlags & CodingOptions;

/** A model's file, by its names for the user and where it is and goes. */
interface TrainedFile {
  readonly input: string;
  readonly output: string;
  readonly path: string;
  readonly written: string;
  /** Nothing stays beside what is written, so that there is no checkpoint to go on from. */
  readonly isTemporary: boolean;
}

const PREFIX = 'with --train: ';
/** Its own options; a seed and threads serve it as they do others. */
const { seed: _, threads: __, ...OWN } = TRAINING;
/** Options of what is searched for there, or of other ways to the same. */
const OTHERS = [PRUNE.options, CLUSTER.options, QUANTIZE.options, WIDTHS, CALIBRATION];
const OTHERS_BY_HAND = [
  'calibrate',
  'perClass',
  'data',
  'saveConfig',
  'lambda',
  'config',
  'fold',
  'include',
  'exclude',
];

/** Adds `--train` and what goes with it. */
export function addTraining(command: Command): Command {
  command.option(
    '--train <data>',
    'remove weights and retrain, in turns, on inputs like these (as --data of evaluate)',
  );
  addOptions(command, OWN, { prefix: PREFIX });
  return addAugmentation(command, PREFIX);
}

/** @throws UsageError for options that need `--train`, and for those that have no effect with it */
export function checkTrainingFlags(flags: TrainingFlags & SyntheticFlags): void {
  const isTrained = flags.train !== undefined;
  const [stray] = [...givenFlags(OWN, flags), ...(flags.augment ? ['augment'] : [])];
  if (!isTrained && stray) throw new UsageError(`--${stray} needs --train with inputs to train on`);
  const shared = Object.keys(TRAINING).map(dashed);
  const others = [
    ...OTHERS.flatMap((options) => givenFlags(options, flags)).filter((flag) => !shared.includes(flag)),
    ...givenOf(OTHERS_BY_HAND, flags).map(dashed),
    ...(flags.cluster === false ? ['no-cluster'] : []),
    ...(flags.synthetic === false ? ['no-synthetic'] : []),
  ];
  if (isTrained && others.length > 0)
    throw new UsageError(`--${others[0]} does not go with --train, which finds all that out; leave it out`);
}

/** Finds the smallest file by training, and writes it: the best so far after Ctrl-C, which the result then tells. */
export async function trainFile(
  { input, output, path, written, isTemporary }: TrainedFile,
  train: string,
  flags: AllFlags,
  terminal: Terminal,
): Promise<Result> {
  const { resume, augment } = flags;
  const { maxLoss, maxError, targetSize, time } = flags;
  const options = { ...optionsFrom(TRAINING, flags), maxLoss, maxError, targetSize, time, augmentation: augment };
  const ignore = async function* () {};
  asUsage(() => checkTrainingOptions({ ...options, dataset: ignore }));
  const { model, paths, close } = openModel(path, flags, terminal.warn);
  try {
    for (const warning of unclaimedWarnings(model)) terminal.warn(warning);
    const dataset = await openData(train, flags, { model, files: [path] }, terminal);
    const metric = await metricOf(flags);
    const plan = planOutput(written, { kind: 'container' });
    const checkpoint = isTemporary ? undefined : planOutput(`${written}.train`);
    const checkpointPath = checkpoint?.paths[0];
    const before =
      checkpointPath === undefined ? undefined : readCheckpoint(checkpointPath, isJournal, resume, terminal);
    let stoppedBy: string | undefined;
    const start = performance.now();
    const trained = await interruptible(async (signal) => {
      const found = await searchTraining(model, {
        ...options,
        ...{ dataset, metric, signal, onNote: terminal.warn },
        onPlan: (text) => terminal.note(text),
        onStep: (step) => terminal.note(`  ${stepLine(step)}`),
        onCheckpoint: checkpoint && ((bytes) => writeWhole(checkpoint, bytes)),
        resume: before,
      });
      if (signal.aborted) stoppedBy = String(signal.reason);
      return found;
    });
    const ms = performance.now() - start;
    const coding = await withOutput(plan, async (output, signal) => {
      return (await compressTo(targetIn(output), trained.model, [], { ...optionsFrom(CODING, flags), signal })).stages;
    });
    if (!trained.isCutShort && checkpointPath !== undefined) rmSync(checkpointPath, { force: true });
    terminal.note(`  ended: ${trained.ended}; ${triedIn(trained)}, ${trained.judgedBy}`);
    const isKept = checkpointPath !== undefined && existsSync(checkpointPath);
    if (trained.isCutShort && stoppedBy === undefined && isKept) {
      terminal.note('  the same command with --resume goes on for as long again');
    }
    if (!trained.isReached) terminal.warn('nothing reached the goal; this is the nearest');
    const [inputBytes, outputBytes] = [sizeOf(paths), sizeOf(plan.paths)];
    const files = { input, output, inputBytes, outputBytes, ratio: inputBytes / outputBytes };
    const { judgement } = trained.chosen;
    const answers = judgement ? judgedAnswers(judgement, trained.heldOut) : sameAnswers('no weight has changed');
    const stages = [{ name: 'train', ms }, ...coding];
    const summary = { ...files, stages, answers, training: summaryOf(trained) };
    const resumption = isKept ? `, and the same command for ${input} with --resume goes on` : '';
    const stopped =
      stoppedBy === undefined
        ? undefined
        : new StoppedEarly(stoppedBy, `${isTemporary ? 'what was found' : output} is the best so far${resumption}`);
    return { summary, stopped, report: async () => ({ ...(await inspectFile(written)), file: output }) };
  } finally {
    close();
  }
}

function summaryOf({ model: _, ...rest }: Trained): object {
  return rest;
}

function triedIn({ steps }: Trained): string {
  const count = steps.filter(({ judged }) => judged !== null).length;
  return `${formatCount(count)} ${count === 1 ? 'file was' : 'files were'} tried`;
}

function stepLine({ what, why, density, lambda, judged, ms }: Step): string {
  const parts = [
    what === 'remove' ? `${what}: ${why}` : what === 'retrain' ? `${what}, kept ${(100 * density).toFixed(1)}%` : what,
    ...(lambda === null ? [] : [`λ ${lambda.toExponential(1)}`]),
    ...(judged === null ? [] : [formatBytes(judged.bytes)]),
    ...(judged === null ? [] : [judged.judgement ? formatLoss(judged.judgement) : 'loses nothing']),
  ];
  return `${parts.join('  ')}  (${(ms / 1000).toFixed(1)} s)`;
}
