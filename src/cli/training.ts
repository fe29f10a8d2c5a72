import { existsSync, rmSync } from 'node:fs';
import type { Command } from 'commander';
import { CODING, type CodingOptions } from '../container/write/coding.js';
import { FxqError } from '../errors.js';
import { formatLoss } from '../evaluate/loss-words.js';
import { formatBytes } from '../inspect/format.js';
import { readWhole } from '../onnx/files.js';
import { compressTo, type Target } from '../pipeline/compress.js';
import { isJournal, type Step } from '../search/training/journal.js';
import { checkTrainingOptions, TRAINING } from '../search/training/options.js';
import { searchTraining, type Trained } from '../search/training/search.js';
import type { Augmentation } from '../tune/augment.js';
import { judgedAnswers, unknownAnswers } from './answers.js';
import { addAugmentation } from './augment.js';
import { type DataFlags, openData } from './data.js';
import { asUsage, StoppedEarly, UsageError } from './errors.js';
import { addOptions, optionsFrom } from './flags.js';
import type { GoalFlags } from './goal.js';
import { inspectFile, openModel, sizeOf, unclaimedWarnings } from './input.js';
import { withoutInputs } from './inputs.js';
import { interruptible } from './interrupt.js';
import { metricOf } from './metric.js';
import type { ModelFlags, ThreadFlags } from './options.js';
import { planOutput } from './output/plan.js';
import { withOutput, writeWhole } from './output/write.js';
import { type Result, reportSummary, type SummaryFlags } from './summary.js';
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
}

const PREFIX = 'with --train: ';
/** What is searched for there, or is another way to the same. */
const OTHERS = [
  'calibrate',
  'data',
  'density',
  'threshold',
  'quality',
  'bits',
  'clusters',
  'snr',
  'weights',
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
  const { seed: _, threads: __, ...options } = TRAINING;
  addOptions(command, options, { prefix: PREFIX });
  return addAugmentation(command, PREFIX);
}

/** @throws UsageError for options that need `--train` */
export function checkTrainingFlags(flags: object): void {
  const given = new Map(Object.entries(flags).filter(([, value]) => value !== undefined));
  const { seed: _, threads: __, ...options } = TRAINING;
  const own = [...Object.keys(options), 'augment'];
  const stray = own.find((name) => given.has(name));
  if (!given.has('train') && stray)
    throw new UsageError(`--${dashedFlag(stray)} needs --train with inputs to train on`);
  const other = OTHERS.find((name) => given.has(name));
  if (given.has('train') && other)
    throw new UsageError(`--${dashedFlag(other)} does not go with --train, which finds all that out; leave it out`);
}

function dashedFlag(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** Finds the smallest file by training, and writes it: the best so far after Ctrl-C. */
export async function trainFile(
  { input, output, path, written }: TrainedFile,
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
    const checkpoint = planOutput(`${written}.train`);
    const [checkpointPath] = checkpoint.paths;
    if (!resume) refuseOthers(checkpointPath);
    let stoppedBy: string | undefined;
    const trained = await interruptible(async (signal) => {
      const found = await searchTraining(model, {
        ...options,
        ...{ dataset, metric, signal, onNote: terminal.warn },
        onPlan: (text) => terminal.note(text),
        onStep: (step) => terminal.note(`  ${stepLine(step)}`),
        onCheckpoint: (bytes) => writeWhole(checkpoint, bytes),
        resume: resume ? readCheckpoint(checkpointPath) : undefined,
      });
      if (signal.aborted) stoppedBy = String(signal.reason);
      return found;
    });
    const stages = await withOutput(plan, async (output, signal) => {
      const target: Target = {
        sections: () => output.scratch(),
        write: (bytes) => output.write(0, bytes),
        written: () => output.written(0),
      };
      return (await compressTo(target, trained.model, [], { ...optionsFrom(CODING, flags), signal })).stages;
    });
    if (stoppedBy === undefined) rmSync(checkpointPath, { force: true });
    terminal.note(`  ended: ${trained.ended}; ${trained.judgedBy}`);
    if (!trained.isReached) terminal.warn('nothing reached the goal; this is the nearest');
    const [inputBytes, outputBytes] = [sizeOf(paths), sizeOf(plan.paths)];
    const files = { input, output, inputBytes, outputBytes, ratio: inputBytes / outputBytes };
    const { judgement } = trained.chosen;
    const answers = judgement ? judgedAnswers(judgement, judgement.samples) : unknownAnswers(input, output);
    const summary = { ...files, stages, answers, training: summaryOf(trained) };
    const result = { summary, report: async () => ({ ...(await inspectFile(written)), file: output }) };
    if (stoppedBy === undefined) return result;
    await reportSummary(terminal, flags, result);
    throw new StoppedEarly(stoppedBy, `${output} is the best so far, and the same command with --resume goes on`);
  } finally {
    close();
  }
}

function summaryOf({ model: _, ...rest }: Trained): object {
  return rest;
}

function stepLine({ what, density, lambda, judged, ms }: Step): string {
  const parts = [
    what === 'retrain' ? `removed and retrained, kept ${(100 * density).toFixed(1)}%` : what,
    ...(lambda === null ? [] : [`λ ${lambda.toExponential(1)}`]),
    ...(judged === null ? [] : [formatBytes(judged.bytes)]),
    ...(judged?.judgement ? [formatLoss(judged.judgement)] : []),
  ];
  return `${parts.join('  ')}  (${(ms / 1000).toFixed(1)} s)`;
}

function readCheckpoint(path: string): Uint8Array {
  if (existsSync(path)) return withoutInputs(() => readWhole(path));
  throw new FxqError('IO', `${path}: nothing to resume from; leave out --resume to start anew`, { file: path });
}

/** What is called as a checkpoint would be, and is none, is somebody's file. */
function refuseOthers(path: string): void {
  if (!existsSync(path) || isJournal(withoutInputs(() => readWhole(path)))) return;
  const message = `${path}: exists already and is no checkpoint, which is where training would keep one; choose another name with -o`;
  throw new FxqError('IO', message, { file: path });
}
