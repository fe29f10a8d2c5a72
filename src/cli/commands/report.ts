import { extname } from 'node:path';
import type { Command } from 'commander';
import { formatBytes, formatRatio } from '../../inspect/format.js';
import type { Comparison } from '../../report/comparison.js';
import { renderHtml } from '../../report/html/page.js';
import { renderJson } from '../../report/json.js';
import { renderMarkdown } from '../../report/markdown.js';
import { verdictOf } from '../../report/verdict.js';
import { type CompareFlags, compareFiles } from '../compare-files.js';
import { addData } from '../data.js';
import { UsageError } from '../errors.js';
import { type OpenedModel, openEither } from '../input.js';
import { interruptible } from '../interrupt.js';
import { addMetric } from '../metric.js';
import { addCommon, addExamples, addOutput, addRun, type CommonFlags } from '../options.js';
import { planOutput } from '../output/plan.js';
import { writePieces } from '../output/write.js';
import type { Terminal } from '../terminal.js';

type ReportFlags = CommonFlags & CompareFlags & { readonly output: string };

/** What a report is written as, by the end of its name. */
const FORMS: Record<string, (comparison: Comparison) => string | Promise<string>> = {
  '.html': renderHtml,
  '.md': renderMarkdown,
  '.json': renderJson,
};

export function addReportCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('report')
    .summary('write a page on what became of a model')
    .description(
      `Writes what became of a model: sizes, the per-layer table, where the bytes are, each layer's weights and the values they share, and what gzip, brotli and int8 would have made of it. With --data also accuracy before and after, and which layer costs how much of it; that needs the package onnxruntime-node.

The HTML page is one file: it loads nothing, and reads without script, on phones, in the dark and on paper. In JSON, null is "does not apply" or "not measured", and what is infinite.`,
    )
    .argument('<original>', 'the model before compression: an ONNX file or a .fxq container')
    .argument('<compressed>', 'the same after it');
  addOutput(command, 'the report: .html, .md or .json');
  command.option('--data <data>', 'the data set, as `evaluate` takes it');
  addData(command);
  addRun(command, '--judged-output');
  addMetric(command);
  command
    .option('--frontier <file>', 'JSON of a search, as `compress --json` prints it, for its curve')
    .option('--no-sensitivity', 'leave out which layer costs what: two runs of the model for every layer')
    .option('--no-baselines', 'leave out gzip, brotli and int8: some two seconds a megabyte');
  addCommon(command);
  addExamples(
    command,
    'report model.onnx model.fxq -o report.html',
    'report model.onnx model.fxq --data data.npz --limit 1000 -o report.html',
    'report model.onnx model.fxq --data random -o report.html',
    'report model.onnx model.fxq --frontier search.json -o report.md',
  );
  command.action((original: string, compressed: string, flags: ReportFlags) =>
    writeReport([original, compressed], flags, terminal),
  );
}

async function writeReport(paths: [string, string], flags: ReportFlags, terminal: Terminal): Promise<void> {
  const { output, json, quiet } = flags;
  const render = FORMS[extname(output).toLowerCase()];
  if (!render) throw new UsageError(`${output}: expected a name that ends in ${Object.keys(FORMS).join(', ')}`);
  const opened: OpenedModel[] = [];
  const close = () => {
    for (const model of opened.splice(0)) model.close();
  };
  try {
    await interruptible(async (signal) => {
      for (const path of paths) opened.push(await openEither(path, signal));
    });
    const plan = planOutput(output);
    const comparison = await interruptible((signal) => compareFiles(opened, paths, flags, signal, terminal));
    const bytes = new TextEncoder().encode(await render(comparison));
    await writePieces(plan, () => [{ file: 0, bytes }]);
    if (json) terminal.print(renderJson(comparison).trimEnd());
    else if (!quiet) terminal.tell(`${summaryOf(comparison)}\n${output} (${formatBytes(bytes.length)})`);
  } finally {
    close();
  }
}

/** Sizes and the verdict, a line each. */
function summaryOf(comparison: Comparison): string {
  const { original, compressed, ratio } = comparison;
  const sizes = `${formatBytes(original.bytes)} → ${formatBytes(compressed.bytes)}, ${formatRatio(ratio)} smaller`;
  return `${sizes}\nCan I ship this? ${verdictOf(comparison).headline}`;
}
