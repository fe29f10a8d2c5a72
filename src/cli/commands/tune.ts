import { rmSync } from 'node:fs';
import type { Command } from 'commander';
import { RANDOM } from '../../data/open.js';
import { FxqError } from '../../errors.js';
import { formatLoss } from '../../evaluate/loss-words.js';
import { formatShare } from '../../inspect/format.js';
import { writeOnnx } from '../../onnx/write.js';
import { runStages } from '../../pipeline/pipeline.js';
import type { Augmentation } from '../../tune/augment.js';
import { isCheckpoint } from '../../tune/checkpoint.js';
import { type Epoch, TRAINED, TUNE } from '../../tune/options.js';
import { tune } from '../../tune/tune.js';
import { addAugmentation } from '../augment.js';
import { readCheckpoint } from '../checkpoint.js';
import { addData, type DataFlags, openData } from '../data.js';
import { asUsage, StoppedEarly, UsageError } from '../errors.js';
import { addOptions, optionsFrom } from '../flags.js';
import { aboutFile, inspectFile, type OpenedModel, openEither, openModel, unclaimedWarnings } from '../input.js';
import { interruptible } from '../interrupt.js';
import { addMetric, type MetricFlags, metricOf } from '../metric.js';
import {
  addCommon,
  addEditing,
  addExamples,
  addOutput,
  addSelection,
  addTable,
  type ModelFlags,
  type SelectionFlags,
} from '../options.js';
import { planModel } from '../output/model.js';
import { planOutput } from '../output/plan.js';
import { writePieces, writeWhole } from '../output/write.js';
import { readTargets } from '../settings.js';
import { onnxSummary, reportSummary, type SummaryFlags } from '../summary.js';
import type { Terminal } from '../terminal.js';

type TuneFlags = SummaryFlags &
  ModelFlags &
  DataFlags &
  MetricFlags &
  SelectionFlags & {
    readonly output: string;
    readonly data: string;
    readonly teacher?: string;
    readonly augment?: Augmentation;
    readonly resume?: boolean;
  };

export function addTuneCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('tune')
    .summary('retrain the weights that are left (onnx → onnx)')
    .description(
      `Trains a model's weights further and writes it as ONNX again. Zeros stay zero, weights that share a value move together, weights that quantize has rounded stay of their number format, and --weights trains into one. With --density it prunes while it trains. Needs the package onnxruntime-node.

DATA is what evaluate takes. Its labels are learned from; without labels, or with --teacher, the original model is. The best epoch is kept, judged by samples held out. Ctrl-C keeps the best so far; --resume goes on.`,
    )
    .argument('<file>', 'the ONNX file')
    .requiredOption('--data <data>', 'inputs to train on, with labels or without');
  addOutput(command, 'the tuned ONNX file');
  command.option('--teacher <file>', 'the original model, to learn from (onnx or fxq)');
  addOptions(command, TUNE);
  addAugmentation(command);
  command.option('--resume', 'go on from where the same command was stopped');
  addData(command);
  addMetric(command);
  addSelection(command, TRAINED.join(' '));
  addEditing(command);
  addTable(command);
  addCommon(command);
  addExamples(
    command,
    'tune pruned.onnx -o tuned.onnx --data images.npz --teacher original.onnx',
    'tune original.onnx -o pruned.onnx --data images.npz --density 0.05',
    'tune original.onnx -o ternary.onnx --data images.npz --weights ternary',
  );
  command.action((file: string, flags: TuneFlags) => aboutFile(file, () => tuneFile(file, flags, terminal)));
}

async function tuneFile(input: string, flags: TuneFlags, terminal: Terminal): Promise<void> {
  const { output, data, augment, resume } = flags;
  if (data === RANDOM && flags.teacher === undefined) {
    throw new UsageError(
      '--data random has no labels to learn from; give --teacher with the original model, or other data',
    );
  }
  const targets = readTargets(flags);
  const options = { ...optionsFrom(TUNE, flags), ...targets.options, augmentation: augment };
  const ignore = async function* () {};
  asUsage(() => tune({ ...options, dataset: ignore }));
  const { model, paths, close } = openModel(input, flags, terminal.warn);
  let teacher: OpenedModel | undefined;
  try {
    for (const warning of [...unclaimedWarnings(model), ...targets.warnings(model)]) terminal.warn(warning);
    if (flags.teacher !== undefined) teacher = await openEither(flags.teacher);
    const dataset = await openData(data, flags, { model, files: [input, flags.teacher] }, terminal);
    const metric = await metricOf(flags);
    const plan = planModel(output, model, flags.force);
    const checkpoint = planOutput(`${output}.tune`);
    const [checkpointPath] = checkpoint.paths;
    const before = readCheckpoint(checkpointPath, isCheckpoint, resume, terminal);
    const epochs: Epoch[] = [];
    let stoppedBy: string | undefined;
    const run = await interruptible(async (signal) => {
      const stage = tune({
        ...options,
        dataset,
        metric,
        teacher: teacher?.model,
        onEpoch: (epoch) => {
          epochs.push(epoch);
          terminal.note(epochLine(epoch));
        },
        onCheckpoint: (bytes) => writeWhole(checkpoint, bytes),
        resume: before,
      });
      const context = { onProgress: terminal.progress('tune'), onNote: terminal.warn };
      let isWhole = false;
      try {
        const run = await runStages(model, [stage], { signal, context });
        isWhole = !signal.aborted;
        return run;
      } catch (error) {
        throw stoppedWhilePruning(error, epochs.at(-1), options.density);
      } finally {
        if (signal.aborted) stoppedBy = String(signal.reason);
        if (!isWhole && (epochs.length > 0 || (resume && signal.aborted)))
          terminal.note(`${checkpointPath}: kept, so that --resume goes on from there`);
      }
    });
    await writePieces(plan, ({ signal }) => writeOnnx(run.model, { signal }));
    if (stoppedBy === undefined) rmSync(checkpointPath, { force: true });
    const edited = { input, read: paths, written: plan.paths, stages: run.times() };
    const summary = { ...onnxSummary(edited), epochs };
    await reportSummary(terminal, flags, { summary, report: () => inspectFile(output) });
    if (stoppedBy !== undefined)
      throw new StoppedEarly(
        stoppedBy,
        `${output} is the best epoch so far, and the same command with --resume goes on`,
      );
  } finally {
    teacher?.close();
    close();
  }
}

/** Before the density is reached no epoch is worth keeping: what there is of training, and how it goes on. */
function stoppedWhilePruning(error: unknown, last: Epoch | undefined, density: number | undefined): unknown {
  const isStopped = error instanceof FxqError && error.code === 'ABORTED';
  if (!isStopped || last === undefined || last.density >= 1) return error;
  const goal = density === undefined ? 'the density' : `the density of ${formatShare(density)}`;
  const kept = `${formatShare(last.density)} of the weights are left after epoch ${last.epoch} of ${last.epochs}`;
  const advice = 'no file was written, and the same command with --resume goes on';
  return new StoppedEarly(String(error.cause), `${goal} is not reached yet, ${kept}; ${advice}`);
}

function epochLine(told: Epoch): string {
  const { epoch, epochs, loss, heldOutLoss, accuracy, accuracyInterval, judgement, density, isBest } = told;
  const [low, high] = (accuracyInterval ?? []).map((end) => (100 * end).toFixed(2));
  const decided = accuracy === null ? '' : `${(100 * accuracy).toFixed(2)}% right (95 %: ${low} to ${high}), `;
  const lost = judgement === null ? '' : `${formatLoss(judgement)}, `;
  const width = String(epochs).length;
  const parts = [
    `epoch ${String(epoch).padStart(width)}/${epochs}`,
    `loss ${loss.toFixed(4)}`,
    `held out ${decided}${lost}loss ${heldOutLoss.toFixed(4)}`,
    ...(density < 1 ? [`kept ${(100 * density).toFixed(2)}%`] : []),
  ];
  return `${parts.join('  ')}${isBest ? '  best' : ''}`;
}
