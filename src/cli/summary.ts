import type { Report } from '../inspect/figures.js';
import { formatBytes, formatRatio } from '../inspect/format.js';
import { formatTable } from '../inspect/table.js';
import type { Lossless } from '../pipeline/lossless.js';
import { printable, printableJson } from '../printable.js';
import type { CommonFlags } from './options.js';
import { noteStages, type Terminal } from './terminal.js';

/** What a command that writes a model reports at its end; with `--json` these are the fields. */
export interface Summary {
  readonly input: string;
  readonly output: string;
  /** Every file that was written, where a stranger's file names some. */
  readonly files?: readonly string[];
  /** Sizes on disk, external data files included. */
  readonly inputBytes: number;
  readonly outputBytes: number;
  /** How many times smaller the compressed side is; `null` where both are ONNX. */
  readonly ratio: number | null;
  readonly stages: readonly { readonly name: string; readonly ms: number }[];
  /** What the file takes without loss, where that is about as small, and whether it is kept as it is. */
  readonly lossless?: Lossless | undefined;
  /** How a calibrated model was found. */
  readonly calibration?: object | undefined;
  /** How a model that was compressed by made inputs was found, or why not. */
  readonly synthetic?: object | undefined;
  /** How density and clusters of the layers were found. */
  readonly budget?: object | undefined;
  /** Of `quantize`: what the model was written as, and how weights and values were rounded. */
  readonly form?: string;
  readonly weights?: readonly object[];
  readonly inputs?: readonly object[];
  /** How training went. */
  readonly epochs?: readonly object[];
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

/**
 * Reports what was done: the stages' times on stderr, the table and the sizes on stdout; or all of it as JSON.
 *
 * @param report - of the output; made only if it is shown
 */
export async function reportSummary(
  terminal: Terminal,
  flags: CommonFlags,
  summary: Summary,
  report?: () => Report | Promise<Report>,
): Promise<void> {
  const { input, output, inputBytes, outputBytes, ratio } = summary;
  noteStages(terminal, summary.stages);
  if (flags.json) {
    const { tensors, overhead } = (await report?.()) ?? {};
    terminal.print(printableJson({ ...summary, warnings: terminal.warnings, tensors, overhead }, 2));
    return;
  }
  if (flags.quiet) return;
  if (report) terminal.print(`\n${formatTable(await report())}\n`);
  const sizes = printable(`${input} (${formatBytes(inputBytes)}) → ${output} (${formatBytes(outputBytes)})`);
  for (const file of summary.files?.slice(1) ?? []) terminal.print(`wrote ${file}`);
  const isSmaller = ratio !== null && outputBytes < inputBytes;
  terminal.print(isSmaller ? `${sizes}, ${formatRatio(ratio)} smaller` : sizes);
}
