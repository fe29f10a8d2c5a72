import { compressWith } from '../../pipeline/compress.js';
import { inspectContainer } from '../../report/inspect.js';
import { type CalibrationFlags, calibrationOf } from '../calibration.js';
import { type GoalFlags, searchStage } from '../goal.js';
import { openModel, sizeOf } from '../input.js';
import { interruptible } from '../interrupt.js';
import type { CommonFlags } from '../options.js';
import { planOutput } from '../output.js';
import { readSettings, type StageFlags } from '../settings.js';
import { startWarnings, tellSummary } from '../summary.js';
import type { Terminal } from '../terminal.js';
import { writePieces } from '../write.js';

export type PackFlags = CommonFlags & StageFlags & CalibrationFlags & GoalFlags & { readonly output: string };

/** What `encode` and `compress` have in common: an ONNX file in, a container out. */
export async function packModel(
  command: 'encode' | 'compress',
  input: string,
  flags: PackFlags,
  terminal: Terminal,
): Promise<void> {
  const { output } = flags;
  const calibration = command === 'compress' ? await calibrationOf(flags, terminal) : undefined;
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
    const { container, stages } = await interruptible((signal) =>
      compressWith(model, all, { signal, onProgress, context: { onProgress, onNote } }),
    );
    await writePieces(plan, () => [{ file: 0, bytes: container }]);
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
    await tellSummary(terminal, flags, summary, () => inspectContainer(container, { file: output }));
  } finally {
    close();
  }
}
