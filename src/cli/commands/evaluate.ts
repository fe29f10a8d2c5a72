import { rmSync } from 'node:fs';
import type { Command } from 'commander';
import { RANDOM } from '../../data/open.js';
import { type Evaluation, evaluate } from '../../evaluate/evaluate.js';
import type { Interval } from '../../evaluate/interval.js';
import type { Loss } from '../../evaluate/loss.js';
import { formatAmount } from '../../evaluate/loss-words.js';
import type { OutputLoss } from '../../evaluate/outputs.js';
import { formatCount } from '../../inspect/format.js';
import { printableJson } from '../../printable.js';
import { addData, DATA_HELP, type DataFlags, expectedSamples, openData } from '../data.js';
import { UsageError } from '../errors.js';
import { aboutFile } from '../input.js';
import { interruptible } from '../interrupt.js';
import { addMetric, type MetricFlags, metricOf } from '../metric.js';
import { addCommon, addExamples, addRun, type CommonFlags, type RunFlags } from '../options.js';
import { runnable } from '../runnable.js';
import type { Terminal } from '../terminal.js';

type EvaluateFlags = CommonFlags &
  DataFlags &
  RunFlags &
  MetricFlags & { readonly data: string; readonly reference?: string };

export function addEvaluateCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('evaluate')
    .summary('measure accuracy in ONNX Runtime (onnx or fxq)')
    .description(
      `Runs a model over a data set in ONNX Runtime and measures its accuracy; a container is decoded for that, so the accuracy is that of the bytes that ship. Needs the package onnxruntime-node.

${DATA_HELP} Without labels a model can still be held against a reference.`,
    )
    .argument('<file>', 'an ONNX file or a .fxq container')
    .requiredOption('--data <data>', 'the data set')
    .option('--reference <file>', 'the model to compare with, usually the original');
  addData(command);
  addRun(command);
  addMetric(command);
  addCommon(command);
  addExamples(
    command,
    'evaluate model.fxq --data photos/ --reference model.onnx',
    'evaluate model.fxq --data random --reference model.onnx',
    'evaluate model.onnx --data imagenet.mjs --limit 5000 --json',
  );
  command.action((file: string, flags: EvaluateFlags) =>
    interruptible((signal) => evaluateFile(file, flags, signal, terminal)),
  );
}

async function evaluateFile(
  file: string,
  flags: EvaluateFlags,
  signal: AbortSignal,
  terminal: Terminal,
): Promise<void> {
  const { data, reference, limit, batchSize, output, threads, json } = flags;
  if (data === RANDOM && reference === undefined) {
    throw new UsageError('--data random has no labels to be right about; give --reference with the original model');
  }
  const metric = await metricOf(flags);
  // A function may judge by labels alone.
  if (typeof metric === 'string' && metric !== 'accuracy' && reference === undefined) {
    throw new UsageError(`--metric ${metric} compares with another model; give --reference with the original model`);
  }
  const folders: string[] = [];
  try {
    const model = await aboutFile(file, () => runnable(file, folders, signal));
    const other =
      reference === undefined ? undefined : await aboutFile(reference, () => runnable(reference, folders, signal));
    const dataset = await openData(data, flags, { model: model.model, files: [file, reference] }, terminal);
    const total = expectedSamples(dataset, limit);
    const draw = total === undefined ? undefined : terminal.progress('evaluate');
    const onProgress = draw && ((samples: number) => draw(samples / (total ?? samples)));
    const { keepsOrder } = model;
    const options = { dataset, limit, batchSize, output, metric, keepsOrder, threads, signal, onProgress };
    const result = await evaluate({ model: model.source, reference: other?.source, ...options });
    for (const warning of result.warnings) terminal.warn(warning);
    if (result.top1 === null && result.score === null && !other) {
      terminal.warn('no labels that the model could be right about; give --reference with the original model');
    }
    terminal.print(
      json
        ? printableJson(
            { file, data, ...(reference === undefined ? {} : { reference }), ...result, warnings: terminal.warnings },
            2,
          )
        : formatEvaluation(result),
    );
  } finally {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  }
}

/** The figures as lines; those that do not apply are left out. Of several outputs each has its own below. */
function formatEvaluation(result: Evaluation): string {
  const { samples, top1, top5, agreement, loss, score, output, kind, outputs } = result;
  const { maxAbsDiff, meanAbsDiff, shapeMismatches } = result;
  const share = (value: number) => `${(100 * value).toFixed(2)}%`;
  const isOne = outputs.length < 2;
  const lines: [string, string | undefined][] = [
    ['samples', formatCount(samples)],
    ['top-1 accuracy', top1 === null ? undefined : share(top1)],
    ['top-5 accuracy', top5 === null ? undefined : share(top5)],
    ['agreement with reference', agreement === null ? undefined : share(agreement)],
    [`output '${output}'`, isOne && kind !== null ? kind : undefined],
    [isOne ? 'lost' : `lost, by '${loss?.output ?? output}'`, loss === null ? undefined : lossLine(loss)],
    ['judged by', loss === null ? undefined : basisOf(loss)],
    ['metric of your own', score === null ? undefined : scoreLine(score)],
    ['largest difference', maxAbsDiff === null ? undefined : difference(maxAbsDiff)],
    ['mean difference', meanAbsDiff === null ? undefined : difference(meanAbsDiff)],
    ['outputs of other shapes', shapeMismatches ? formatCount(shapeMismatches) : undefined],
  ];
  const shown = lines.filter((line): line is [string, string] => line[1] !== undefined);
  const left = Math.max(...shown.map(([name]) => name.length));
  const right = Math.max(...shown.map(([, value]) => value.length));
  const table = shown.map(([name, value]) => `${name.padEnd(left)}  ${value.padStart(right)}`);
  return [...table, ...(isOne ? [] : outputs.flatMap(outputLines))].join('\n');
}

/** What one of several outputs holds, and what it has lost. */
function outputLines({ name, kind, loss, maxAbsDiff, meanAbsDiff }: OutputLoss): string[] {
  const off =
    maxAbsDiff === null || meanAbsDiff === null
      ? []
      : [`differs by ${difference(meanAbsDiff)} on average, ${difference(maxAbsDiff)} at most`];
  const lost = loss === null ? 'nothing to compare' : `lost ${lossLine(loss)}`;
  return [`output '${name}': ${kind}`, ...[lost, ...off].map((line) => `  ${line}`)];
}

function difference(value: number): string {
  return value === 0 ? '0' : value >= 1000 ? formatCount(Math.round(value)) : value.toPrecision(3);
}

function scoreLine({ value, low, high }: Interval): string {
  const [amount, from, to] = [value, low, high].map((each) => formatAmount(each, 'own'));
  return `${amount} (95 %: ${from} to ${to})`;
}

function lossLine({ value, low, high, unit, metric }: Loss): string {
  const [amount, from, to] = [value, low, high].map((each) => formatAmount(each, unit));
  const of =
    unit === 'points'
      ? ' points'
      : metric === 'snr'
        ? ' of its energy'
        : metric === 'cosine'
          ? ' of a cosine of one'
          : '';
  return `${amount}${of} (95 %: ${from} to ${to})`;
}

/** Where turned decisions are too few to be counted, what is told is what is to be expected of other inputs. */
function basisOf({ metric, by }: Loss): string {
  return by === 'divergence' ? `${metric}, expected by how far scores have moved` : metric;
}
