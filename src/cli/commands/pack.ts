import { compressTo, type Target } from '../../pipeline/compress.js';
import { type CalibrationFlags, calibrationOf } from '../calibration.js';
import { type GoalFlags, searchStage } from '../goal.js';
import { inspectFile, openModel, sizeOf, tensorBytes } from '../input.js';
import type { CommonFlags, ThreadFlags } from '../options.js';
import { planOutput } from '../output.js';
import { readSettings, type StageFlags } from '../settings.js';
import { startWarnings, tellSummary } from '../summary.js';
import type { Terminal } from '../terminal.js';
import { withTensorPool } from '../threads.js';
import { withOutput } from '../write.js';

export type PackFlags = CommonFlags &
  ThreadFlags &
  StageFlags &
  CalibrationFlags &
  GoalFlags & { readonly output: string };

/** What `encode` and `compress` have in common: an ONNX file in, a container out. */
export async function packModel(
  command: 'encode' | 'compress',
  input: string,
  flags: PackFlags,
  terminal: Terminal,
): Promise<void> {
  const { output } = flags;
  const calibration = command === 'compress' ? await calibrationOf(flags, input, terminal) : undefined;
  const settings =
    command === 'compress'
      ? readSettings(calibration ? { ...flags, cluster: false } : flags, command, calibration)
      : undefined;
  const search = searchStage(flags, settings?.selection ?? {}, calibration, terminal);
  const { model, paths, close } = openModel(input);
  try {
    const plan = planOutput(output, [], paths);
    const { told, onNote } = startWarnings(terminal, settings?.warnings(model) ?? []);
    const onProgress = terminal.progress(command);
    const all = [...(settings?.stages ?? []), ...(search ? [search] : [])];
    const stages = await withOutput(plan, (output, signal) =>
      withTensorPool({ threads: flags.threads, bytes: tensorBytes(model), signal }, (pool) => {
        const target: Target = {
          sections: output.scratch(),
          write: (bytes) => output.write(0, bytes),
          written: () => output.written(0),
        };
        return compressTo(target, model, all, { signal, onProgress, context: { onProgress, onNote }, pool });
      }),
    );
    const [inputBytes, outputBytes] = [sizeOf(paths), sizeOf(plan.paths)];
    const summary = {
      input,
      output,
      inputBytes,
      outputBytes,
      ratio: inputBytes / outputBytes,
      stages,
      warnings: told,
      ...(search && { calibration: search.told() }),
    };
    await tellSummary(terminal, flags, summary, () => inspectFile(output));
  } finally {
    close();
  }
}
