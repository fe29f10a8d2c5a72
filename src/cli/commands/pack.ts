import { resolve } from 'node:path';
import { CODING, type CodingOptions } from '../../container/write/coding.js';
import { compressTo, type Target } from '../../pipeline/compress.js';
import {
  type BudgetFlags,
  budgetConfig,
  budgetOf,
  budgetStage,
  budgetSummary,
  budgetTable,
  configPathOf,
} from '../budget.js';
import { type CalibrationFlags, calibrationOf } from '../calibration.js';
import { configOf } from '../config.js';
import { UsageError } from '../errors.js';
import { optionsFrom } from '../flags.js';
import { searchStage } from '../goal.js';
import { inspectFile, openLater, sizeOf, tensorBytes, unclaimedWarnings } from '../input.js';
import type { CommonFlags, ModelFlags, ThreadFlags } from '../options.js';
import { planOutput, together } from '../output/plan.js';
import { withOutput } from '../output/write.js';
import { type FormatFlags, formatStage, widthsConfig } from '../quantize-flags.js';
import { readSettings, type StageFlags } from '../settings.js';
import { noteLossless, reportSummary } from '../summary.js';
import {
  checkDims,
  isSynthetic,
  isUnasked,
  noteClustering,
  type SyntheticFlags,
  syntheticStage,
} from '../synthetic.js';
import type { Terminal } from '../terminal.js';
import { withTensorPool } from '../threads.js';

export type PackFlags = CommonFlags &
  ThreadFlags &
  StageFlags &
  CalibrationFlags &
  BudgetFlags &
  SyntheticFlags &
  FormatFlags &
  ModelFlags &
  CodingOptions & { readonly output: string };

/** What `encode` and `compress` have in common: an ONNX file in, a container out. */
export async function packModel(
  command: 'encode' | 'compress',
  input: string,
  flags: PackFlags,
  terminal: Terminal,
): Promise<void> {
  const { output } = flags;
  const asked = command === 'compress' ? configOf(flags) : {};
  const isMade = command === 'compress' && isSynthetic(flags, asked);
  if (command === 'compress') checkDims(flags, asked);
  const file = openLater(input, flags, terminal.warn);
  const subject = { model: async () => file.opened().model, files: [input] };
  try {
    const budget = command === 'compress' ? await budgetOf(flags, subject, output, terminal) : undefined;
    const calibration =
      command === 'compress' && !budget
        ? await calibrationOf(flags, subject, terminal, '--calibrate or --data', isMade)
        : undefined;
    const formats = formatStage(flags, { calibration, dataset: budget?.dataset }, terminal);
    const settings =
      command === 'compress'
        ? readSettings(
            calibration || isMade ? { ...flags, cluster: false } : flags,
            command,
            calibration,
            budget !== undefined,
            formats.create,
            asked,
          )
        : undefined;
    const isQuantized = settings?.options.quantize !== undefined;
    const search =
      budget || isQuantized ? undefined : searchStage(flags, settings?.selection ?? {}, calibration, terminal);
    const walk =
      budget && settings && !isQuantized ? budgetStage(budget, flags, settings.options, terminal) : undefined;
    const synthetic = isMade ? syntheticStage(flags, settings?.selection ?? {}, terminal) : undefined;
    const { model, paths } = file.opened();
    const isOpen = command === 'compress' && !budget && isUnasked(flags, asked);
    const plan = planOutput(output, { kind: 'container' });
    const configPath =
      isQuantized && formats.isSearched ? configPathOf(flags.saveConfig, output) : walk && budget?.configPath;
    if (configPath !== undefined && resolve(configPath) === resolve(output)) {
      throw new UsageError(`${output}: this is the container itself; name another file with --save-config`);
    }
    const config = configPath === undefined ? undefined : planOutput(configPath, { option: '--save-config' });
    for (const warning of [...unclaimedWarnings(model), ...(settings?.warnings(model) ?? [])]) terminal.warn(warning);
    if (command === 'compress') noteClustering(flags, asked, terminal);
    const onProgress = terminal.progress(command);
    const all = [
      ...(settings?.stages ?? []),
      ...(search ? [search] : []),
      ...(synthetic ? [synthetic] : []),
      ...(walk ? [walk] : []),
    ];
    const files = config ? together(plan, config) : plan;
    const { stages, lossless } = await withOutput(files, async (output, signal) => {
      const told = await withTensorPool({ threads: flags.threads, bytes: tensorBytes(model), signal }, (pool) => {
        const target: Target = {
          sections: () => output.scratch(),
          write: (bytes) => output.write(0, bytes),
          written: () => output.written(0),
        };
        return compressTo(target, model, all, {
          ...optionsFrom(CODING, flags),
          signal,
          onProgress,
          context: { onProgress, onNote: terminal.warn },
          pool,
          isOpen,
        });
      });
      const found = walk?.found();
      const widths = formats.found();
      const text =
        found && settings
          ? budgetConfig(input, found, settings.config, flags.seed)
          : widths && settings && widthsConfig(input, widths, settings.config, command);
      if (text !== undefined) output.write(1, new TextEncoder().encode(text));
      return told;
    });
    search?.done();
    const found = walk?.found();
    const [inputBytes, outputBytes] = [sizeOf(paths), sizeOf(plan.paths)];
    const summary = {
      input,
      output,
      inputBytes,
      outputBytes,
      ratio: inputBytes / outputBytes,
      stages,
      ...(lossless && { lossless }),
      ...(search && { calibration: search.summary() }),
      ...(synthetic && { synthetic: synthetic.summary() }),
      ...(budget && found && { budget: budgetSummary(found, budget.configPath, flags.seed) }),
    };
    if (lossless) noteLossless(lossless, terminal);
    if (found && !flags.json && !flags.quiet) terminal.print(budgetTable(found));
    await reportSummary(terminal, flags, summary, () => inspectFile(output));
  } finally {
    file.close();
  }
}
