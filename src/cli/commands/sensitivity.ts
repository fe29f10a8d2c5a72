import type { Command } from 'commander';
import { INPUTS } from '../../calibrate/ranges/options.js';
import { givenOf } from '../../options/check.js';
import { choice } from '../../options/option.js';
import { dashed } from '../../options/text.js';
import { printableJson } from '../../printable.js';
import { RANGES } from '../../quantize/formats/format.js';
import { formatOption } from '../../quantize/formats/option.js';
import type { SensitivityProgress } from '../../sensitivity/options.js';
import { sensitivity } from '../../sensitivity/sensitivity.js';
import { formatSensitivity } from '../../sensitivity/table.js';
import { QUANTIZE, quantize } from '../../stages/quantize.js';
import { addData, type DataFlags, expectedSamples, openData } from '../data.js';
import { asUsage, UsageError } from '../errors.js';
import { addOptions, optionsFrom, type ValuesOf } from '../flags.js';
import { type OpenedModel, openEither } from '../input.js';
import { interruptible } from '../interrupt.js';
import { addMetric, type MetricFlags, metricOf } from '../metric.js';
import { addCommon, addExamples, addRun, type CommonFlags, type RunFlags } from '../options.js';
import type { Terminal } from '../terminal.js';

/** How layers are rounded that are to be looked at. */
const { weights, by, range } = QUANTIZE.options;
// Ranges by the model's answers are searched for, layer after layer; each layer alone has none.
const { text, value, otherwise } = range;
const FORMAT = { weights, by, range: choice({ text, value, otherwise, of: RANGES }) };
/** How values are. */
const { inputRange, sign } = INPUTS;
const VALUES = {
  inputs: formatOption('the same for what layers take in, one value at a time, such as uint8'),
  inputRange,
  sign,
};

type SensitivityFlags = CommonFlags &
  DataFlags &
  RunFlags &
  MetricFlags &
  ValuesOf<typeof FORMAT> &
  ValuesOf<typeof VALUES> & { readonly data: string };

export function addSensitivityCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('sensitivity')
    .summary('show which layers cost accuracy (onnx or fxq)')
    .description(
      `Runs a model with one layer compressed at a time, and then with the layers added up, from the smallest divergence to the largest. Needs the package onnxruntime-node.

Layers are the tensors that differ between the two files; with --weights and no second file, those that are rounded to that number format. With --inputs, what layers take in is looked at, too: each value rounded to that format alone, and all of them in the sum. Divergence is that of Kullback and Leibler (KL, in nats), of the decisions from the original's; where a model decides on nothing, noise by signal of its outputs. Labels are needed for accuracy only. In JSON, null is "does not apply", and a ratio without noise.`,
    )
    .argument('<original>', 'the model before compression: an ONNX file or a .fxq container')
    .argument('[compressed]', 'the same after it')
    .requiredOption('--data <data>', 'the data set, as `evaluate` takes it');
  addOptions(command, FORMAT);
  addOptions(command, VALUES);
  addData(command);
  addRun(command);
  addMetric(command);
  addCommon(command);
  addExamples(
    command,
    'sensitivity model.onnx model.fxq --data data.npz --limit 1000',
    'sensitivity model.onnx --weights int4 --by channel --data data.npz',
    'sensitivity model.onnx --weights int4 --inputs uint4 --data data.npz',
  );
  command.action((original: string, compressed: string | undefined, flags: SensitivityFlags) =>
    interruptible((signal) => compareFiles(original, compressed, flags, signal, terminal)),
  );
}

async function compareFiles(
  original: string,
  compressed: string | undefined,
  flags: SensitivityFlags,
  signal: AbortSignal,
  terminal: Terminal,
): Promise<void> {
  const { data, limit, batchSize, output, threads, json } = flags;
  const format = optionsFrom(FORMAT, flags);
  const isRounded = format.weights !== undefined;
  const values = optionsFrom(VALUES, flags);
  const hasInputs = values.inputs !== undefined;
  if (isRounded ? compressed !== undefined : compressed === undefined && !hasInputs) {
    throw new UsageError(
      'expected a second file, or --weights or --inputs with the number format that layers are rounded to',
    );
  }
  const stray = givenOf(['inputRange', 'sign'], values)[0];
  if (stray !== undefined && !hasInputs) throw new UsageError(`--${dashed(stray)} needs --inputs with a number format`);
  if (!isRounded && Object.keys(format).length > 0) throw new UsageError('--by and --range need --weights');
  const opened: OpenedModel[] = [];
  try {
    const paths = [original, ...(compressed === undefined ? [] : [compressed])];
    for (const path of paths) opened.push(await openEither(path, signal));
    const [{ model }] = opened;
    const other = isRounded ? await asUsage(() => quantize(format)).run(model, { signal }) : opened.at(-1)?.model;
    const dataset = await openData(data, flags, { model, files: paths }, terminal);
    const onProgress = shareOf(terminal.progress('sensitivity'), expectedSamples(dataset, limit));
    const metric = await metricOf(flags);
    const options = {
      ...values,
      metric,
      dataset,
      limit,
      batchSize,
      output,
      threads,
      signal,
      onProgress,
      onNote: terminal.warn,
    };
    const result = await sensitivity(model, other ?? model, options);
    const files = { original, ...(isRounded ? format : compressed && { compressed }), ...values, data };
    terminal.print(
      json
        ? printableJson({ files, ...result, warnings: terminal.warnings }, 2)
        : formatSensitivity(result, terminal.width),
    );
  } finally {
    for (const { close } of opened) close();
  }
}

/** How many samples there are is known once the first pass is through, if not before. */
export function shareOf(
  draw: (share: number) => void,
  total: number | undefined,
): (progress: SensitivityProgress) => void {
  let first = 0;
  return ({ pass, samples }) => {
    if (pass === 1) first = samples;
    if (pass === 2) draw((1 + samples / first) / 2);
    else if (total !== undefined) draw(Math.min(samples / total, 1) / 2);
  };
}
