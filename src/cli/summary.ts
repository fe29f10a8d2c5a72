import type { Report } from '../inspect/figures.js';
import { formatBytes, formatRatio, shorten } from '../inspect/format.js';
import { formatTable } from '../inspect/table.js';
import type { Lossless } from '../pipeline/lossless.js';
import { printable, printableJson } from '../printable.js';
import { type Answers, NOT_MEASURED } from './answers.js';
import type { StoppedEarly } from './errors.js';
import type { Failure } from './failures.js';
import { PIPE } from './find-models.js';
import { sizeOf } from './input.js';
import { nextSteps } from './next-steps.js';
import type { CommonFlags } from './options.js';
import { stagesLine, type Terminal } from './terminal.js';

/** What a command that writes a model reports at its end; with `--json` these are the fields. */
interface Summary {
  readonly input: string;
  readonly output: string;
  /** Every file that was written, where a stranger's file names some. */
  readonly files?: readonly string[];
  /** Nothing was written. */
  readonly dryRun?: true | undefined;
  /** Sizes on disk, external data files included. */
  readonly inputBytes: number;
  readonly outputBytes: number;
  /** How many times smaller the compressed side is; `null` where both are ONNX. */
  readonly ratio: number | null;
  readonly stages: readonly { readonly name: string; readonly ms: number }[];
  readonly answers?: Answers | undefined;
  /** What the file takes without loss, where that is about as small, and whether it is kept as it is. */
  readonly lossless?: Lossless | undefined;
  /** How a calibrated model was found. */
  readonly calibration?: object | undefined;
  /** How a model that was compressed by made inputs was found, or why not. */
  readonly synthetic?: object | undefined;
  /** How widths of number formats were found. */
  readonly widths?: object | undefined;
  /** How density and clusters of the layers were found. */
  readonly budget?: object | undefined;
  /** Of `quantize`: what the model was written as, and how weights and values were rounded. */
  readonly form?: string;
  readonly weights?: readonly object[];
  readonly inputs?: readonly object[];
  /** How the smallest file was found by training. */
  readonly training?: object | undefined;
  /** How training went. */
  readonly epochs?: readonly object[];
}

/** An ONNX file that was made of another. */
interface Edited extends Pick<Summary, 'input' | 'stages'> {
  /** The files of the model that was read, and of the one that was written, its main file first. */
  readonly read: readonly string[];
  readonly written: readonly string[];
  /** Other files that were written. */
  readonly others?: readonly string[];
}

/** What is reported of it, whatever was done. */
export function onnxSummary({ input, read, written, others = [], stages }: Edited): Summary {
  const [inputBytes, outputBytes] = [sizeOf(read), sizeOf(written)];
  return { input, output: written[0], inputBytes, files: [...written, ...others], outputBytes, ratio: null, stages };
}

/** A summary, and what is shown only if it is asked for. */
export interface Result {
  readonly summary: Summary;
  /** Whether weights went, or share few values, by the user's choice: what that costs is not for guessing. */
  readonly isBold?: boolean | undefined;
  /** Why there is no more of it, where the user has stopped the work. */
  readonly stopped?: StoppedEarly | undefined;
  /** What was tried, as a table. */
  readonly tried?: string | undefined;
  report?(): Report | Promise<Report>;
}

/** Columns that a name gets at least, and what stands beside two of them. */
const NAME = 20;
const BESIDE_NAMES = 42;

/** Options about what is reported. */
export interface SummaryFlags extends CommonFlags {
  readonly table?: boolean;
}

/** Says so where a file is kept as it is, or would be about as small. */
export function noteLossless({ bytes, isKept }: Lossless, terminal: Terminal): void {
  const size = formatBytes(bytes);
  terminal.note(
    isKept
      ? `  kept as it is, byte for byte: without loss the file takes ${size}, and compressed no less`
      : `  without loss the file takes ${size}: fxq-compress encode keeps every weight`,
  );
}

/** Reports what was done with one model: three lines and what to do next on stdout; or all of it as JSON. */
export async function reportSummary(terminal: Terminal, flags: SummaryFlags, result: Result): Promise<void> {
  await reportSummaries(terminal, flags, [result]);
}

/** The same of several, one after the other, and all together at the end. */
export async function reportSummaries(
  terminal: Terminal,
  flags: SummaryFlags,
  results: readonly Result[],
  failed: readonly Failure[] = [],
): Promise<void> {
  const unsure = results.some(({ isBold, summary }) => isBold && !summary.answers?.isMeasured);
  // JSON is last, with all that was warned of.
  if (flags.json) {
    if (unsure) terminal.warn(NOT_MEASURED);
    terminal.print(await jsonOf(results, failed, terminal.warnings));
    return;
  }
  if (!flags.quiet) {
    for (const result of results) await tell(result, flags, terminal);
    const [{ summary }] = results;
    const of = failed.length > 0 ? ` of ${results.length + failed.length}` : '';
    if (results.length > 1) terminal.tell(sizesOf(totalOf(results), `${results.length}${of} models`, 'together'));
    const isThere = summary.input !== PIPE && summary.output !== PIPE && !summary.dryRun;
    const { input, output, answers } = summary;
    if (isThere && answers) {
      const kind = { isContainer: summary.ratio !== null, isMeasured: answers.isMeasured };
      terminal.print(`\n${nextSteps(input, output, kind)}`);
    }
  }
  // On a terminal it stands in the line of the answers, in the colour of warnings.
  const isTold = terminal.streams.stdout.isTTY === true && !flags.quiet;
  if (unsure && !isTold) terminal.warn(NOT_MEASURED);
}

async function jsonOf(
  results: readonly Result[],
  failed: readonly Failure[],
  warnings: readonly string[],
): Promise<string> {
  const all = [];
  for (const { summary, report } of results) {
    const { tensors, overhead } = (await report?.()) ?? {};
    all.push({ ...summary, warnings, tensors, overhead });
  }
  const [only, ...others] = all;
  if (others.length === 0 && failed.length === 0) return printableJson(only, 2);
  const models = all.map(({ warnings: _, ...each }) => each);
  return printableJson({ models, ...(failed.length > 0 && { failed }), ...totalOf(results), warnings }, 2);
}

function totalOf(results: readonly Result[]): Pick<Summary, 'inputBytes' | 'outputBytes' | 'ratio'> {
  const sum = (key: 'inputBytes' | 'outputBytes') => results.reduce((all, { summary }) => all + summary[key], 0);
  const [inputBytes, outputBytes] = [sum('inputBytes'), sum('outputBytes')];
  return { inputBytes, outputBytes, ratio: inputBytes / outputBytes };
}

/** Sizes, answers, time: three lines, more where there is a table to show or other files. */
async function tell({ summary, tried, report }: Result, { table }: SummaryFlags, terminal: Terminal): Promise<void> {
  if (table && tried !== undefined) terminal.print(tried);
  if (table && report) terminal.print(`\n${formatTable(await report(), { width: terminal.width })}\n`);
  for (const file of summary.files?.slice(1) ?? []) terminal.print(`wrote ${file}`);
  const smaller = ratioText(summary);
  const [input, output] = namesOf(summary, terminal);
  const sizes = sizesOf(summary, input, summary.dryRun ? `${output} (not written)` : output);
  terminal.tell(sizes, smaller === undefined ? undefined : { text: smaller, style: 'good' });
  const { answers } = summary;
  if (answers) {
    const part = answers.isMeasured ? undefined : ({ text: 'not measured', style: 'warning' } as const);
    const { text, command } = answers;
    // On a terminal a command has a line of its own, which is not broken, so that it can be copied.
    const isApart = command !== undefined && terminal.streams.stdout.isTTY === true;
    terminal.tell(`answers: ${printable(isApart ? text.slice(0, -command.length).trimEnd() : text)}`, part);
    if (isApart) terminal.print(`  ${printable(command)}`);
  }
  terminal.tell(`time: ${stagesLine(summary.stages)}`);
}

/** Names as there is room for them: on a terminal long ones lose their middle. Pipes have none of their own. */
function namesOf({ input, output }: Summary, { streams, width }: Terminal): string[] {
  const names = [input === PIPE ? 'stdin' : input, output === PIPE ? 'stdout' : output];
  if (!streams.stdout.isTTY) return names;
  const room = Math.max(NAME, Math.floor((width - BESIDE_NAMES) / 2));
  return names.map((name) => shorten(name, room));
}

type Sizes = Pick<Summary, 'inputBytes' | 'outputBytes' | 'ratio'>;

function sizesOf(sizes: Sizes, input: string, output: string): string {
  const smaller = ratioText(sizes);
  const text = `${input} (${formatBytes(sizes.inputBytes)}) → ${output} (${formatBytes(sizes.outputBytes)})`;
  return printable(smaller === undefined ? text : `${text}, ${smaller}`);
}

function ratioText({ inputBytes, outputBytes, ratio }: Sizes): string | undefined {
  return ratio !== null && outputBytes < inputBytes ? `${formatRatio(ratio)} smaller` : undefined;
}
