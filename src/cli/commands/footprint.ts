import type { Command } from 'commander';
import { RANDOM } from '../../data/open.js';
import { FOOTPRINT, footprintOf, peakOf } from '../../footprint/footprint.js';
import { footprintRows } from '../../footprint/rows.js';
import { surveyValues } from '../../footprint/survey.js';
import { formatFootprint } from '../../footprint/table.js';
import { checkOptions } from '../../options/check.js';
import { printableJson } from '../../printable.js';
import { FLOAT32 } from '../../quantize/formats/parse.js';
import { addData, type DataFlags, expectedSamples, openData } from '../data.js';
import { asUsage, UsageError } from '../errors.js';
import { addOptions, optionsFrom, type ValuesOf } from '../flags.js';
import { type OpenedModel, openEither } from '../input.js';
import { interruptible } from '../interrupt.js';
import { addCommon, addExamples, addRun, type CommonFlags, type RunFlags } from '../options.js';
import type { Terminal } from '../terminal.js';

type FootprintFlags = CommonFlags &
  DataFlags &
  RunFlags &
  ValuesOf<typeof FOOTPRINT> & { readonly data?: string; readonly calibrate?: string };

/** What nnabla's table has where no format is given. */
const USUAL = 'fixed8';

export function addFootprintCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('footprint')
    .summary('show the memory that a model needs while it runs (onnx or fxq)')
    .description(
      `Plans the memory of a model's activations: which values are alive at each node, where they lie best, and what that takes, beside other ways of placing them. Below, size (parameters), footprint (parameters and activations) and accuracy, in float, with weights rounded and with values rounded, too: to the formats given, or ${USUAL}. Needs the package onnxruntime-node.

Sizes that the model leaves open are those of --dim, or of the first sample of --data. Accuracy is measured with --data only; ranges of values are those of other inputs: of --calibrate, or of a few of --data that are kept apart.`,
    )
    .argument('<file>', 'an ONNX file or a .fxq container');
  addOptions(command, FOOTPRINT);
  command.option('--data <data>', 'the data set for accuracy, as `evaluate` takes it');
  command.option('--calibrate <data>', 'other inputs, that ranges of values are taken of (default: a few of --data)');
  addData(command);
  addRun(command);
  addCommon(command);
  addExamples(
    command,
    'footprint model.onnx',
    'footprint model.onnx --dim N=1 --values fixed8 --in-place',
    'footprint model.onnx --weights fixed8 --values fixed8 --data test.npz --calibrate inputs.npz',
  );
  command.action((file: string, flags: FootprintFlags) =>
    interruptible((signal) => planFile(file, flags, signal, terminal)),
  );
}

async function planFile(file: string, flags: FootprintFlags, signal: AbortSignal, terminal: Terminal): Promise<void> {
  const { dim: dims, threads, json } = flags;
  const options = optionsFrom(FOOTPRINT, flags);
  asUsage(() => checkOptions('footprint', FOOTPRINT, options));
  const opened = await openEither(file, signal);
  try {
    const { model } = opened;
    const answers = await answersOf(opened, file, flags, signal, terminal);
    // Sizes that are given are taken, else those of the data.
    const sizes = dims === undefined ? { dataset: answers?.dataset } : { dims };
    const surveyed = await asSizes(() => surveyValues(model, { ...sizes, threads, signal }));
    const plan = footprintOf(model, surveyed, options);
    const weights = orUsual(plan.weights);
    const [float, rounded] = [FLOAT32, orUsual(plan.values)].map((values) => ({
      ...{ weights, values },
      peak: values === plan.values ? plan.peak : peakOf(surveyed, { ...options, values }),
    }));
    const rows = await footprintRows(model, [float, rounded], answers);
    terminal.print(
      json
        ? printableJson({ file, ...plan, table: rows, warnings: terminal.warnings }, 2)
        : formatFootprint(plan, rows, { width: terminal.width }),
    );
  } finally {
    opened.close();
  }
}

function orUsual(format: string): string {
  return format === FLOAT32 ? USUAL : format;
}

/** @throws UsageError for sizes of dimensions that the model does not have, or of which there are none */
async function asSizes<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(error.message);
    throw error;
  }
}

/** The data, and how models are run on it. */
async function answersOf(
  { model }: OpenedModel,
  file: string,
  flags: FootprintFlags,
  signal: AbortSignal,
  terminal: Terminal,
) {
  const { data, calibrate, dim, ...others } = flags;
  if (data === undefined) {
    if (calibrate !== undefined) throw new UsageError('--calibrate needs --data with inputs to measure accuracy on');
    return undefined;
  }
  const { limit, batchSize, output, threads } = others;
  // Sizes are for the plan; data has its own, unless it is made.
  const sized = data === RANDOM && dim ? { ...others, dim } : others;
  const subject = { model, files: [file] };
  const dataset = await openData(data, sized, subject, terminal);
  const ranges = calibrate === undefined ? undefined : await openData(calibrate, sized, subject, terminal);
  const total = expectedSamples(dataset, limit);
  const draw = total === undefined ? undefined : terminal.progress('evaluate');
  const onProgress = draw && ((samples: number) => draw(samples / (total ?? samples)));
  return { dataset, ranges, limit, batchSize, output, threads, signal, onProgress, onNote: terminal.note };
}
