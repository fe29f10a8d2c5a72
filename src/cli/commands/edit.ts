import { writeOnnx } from '../../onnx/write.js';
import { runStages } from '../../pipeline/pipeline.js';
import { type CalibrationFlags, calibrationOf } from '../calibration.js';
import { inspectFile, openModel, sizeOf } from '../input.js';
import { interruptible } from '../interrupt.js';
import type { CommonFlags } from '../options.js';
import { planOutput } from '../output.js';
import { readSettings, type StageFlags } from '../settings.js';
import { startWarnings, tellSummary } from '../summary.js';
import type { Terminal } from '../terminal.js';
import { writePieces } from '../write.js';

export type EditFlags = CommonFlags & StageFlags & CalibrationFlags & { readonly output: string };

/** What `prune` and `cluster` have in common: an ONNX file in, a changed one out. */
export async function editModel(
  stage: 'prune' | 'cluster',
  input: string,
  flags: EditFlags,
  terminal: Terminal,
): Promise<void> {
  const { output } = flags;
  const { model, paths, close } = openModel(input);
  try {
    const calibration = stage === 'prune' ? await calibrationOf(flags, terminal) : undefined;
    const { stages, warnings } = readSettings(flags, stage, calibration);
    const external = model.files.slice(1).map(({ name }) => name);
    const plan = planOutput(output, external, paths);
    const { told, onNote } = startWarnings(terminal, warnings(model));
    const onProgress = terminal.progress(stage);
    const run = await interruptible((signal) => runStages(model, stages, { signal, context: { onProgress, onNote } }));
    await writePieces(plan, ({ signal }) => writeOnnx(run.model, { signal, onProgress }));
    const summary = {
      input,
      output,
      inputBytes: sizeOf(paths),
      outputBytes: sizeOf(plan.paths),
      ratio: null,
      stages: run.times(),
      warnings: told,
    };
    await tellSummary(terminal, flags, summary, () => inspectFile(output));
  } finally {
    close();
  }
}
