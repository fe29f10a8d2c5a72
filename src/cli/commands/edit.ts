import { breather } from '../../breather.js';
import { runStages } from '../../pipeline/pipeline.js';
import { writeStaged } from '../../pipeline/threads.js';
import { type CalibrationFlags, calibrationOf } from '../calibration.js';
import { inspectFile, openModel, sizeOf, tensorBytes, unclaimedWarnings } from '../input.js';
import type { CommonFlags, ModelFlags, ThreadFlags } from '../options.js';
import { planModel } from '../output/model.js';
import { withOutput } from '../output/write.js';
import { readSettings, type StageFlags } from '../settings.js';
import { reportSummary, startWarnings } from '../summary.js';
import type { Terminal } from '../terminal.js';
import { withTensorPool } from '../threads.js';

export type EditFlags = CommonFlags &
  ThreadFlags &
  StageFlags &
  CalibrationFlags &
  ModelFlags & { readonly output: string };

/** What `prune`, `cluster` and `quantize` have in common: an ONNX file in, a changed one out. */
export async function editModel(
  stage: 'prune' | 'cluster' | 'quantize',
  input: string,
  flags: EditFlags,
  terminal: Terminal,
): Promise<void> {
  const { output } = flags;
  const { model, paths, close } = openModel(input, flags);
  try {
    const calibration =
      stage !== 'cluster' ? await calibrationOf(flags, { model, files: [input] }, terminal) : undefined;
    const settings = readSettings(flags, stage, calibration);
    const plan = planModel(output, model, flags.force);
    const { warnings, onNote } = startWarnings(terminal, [...unclaimedWarnings(model), ...settings.warnings(model)]);
    const onProgress = terminal.progress(stage);
    const stages = await withOutput(plan, (output, signal) =>
      withTensorPool({ threads: flags.threads, bytes: tensorBytes(model), signal }, async (pool) => {
        const run = await runStages(model, settings.stages, { signal, context: { onProgress, onNote } });
        const breathe = breather();
        for await (const { file, bytes } of writeStaged(run, { pool, signal, onProgress, onNote })) {
          output.write(file, bytes);
          await breathe();
        }
        return run.times();
      }),
    );
    const summary = {
      input,
      output,
      inputBytes: sizeOf(paths),
      files: plan.paths,
      outputBytes: sizeOf(plan.paths),
      ratio: null,
      stages,
      warnings,
    };
    await reportSummary(terminal, flags, summary, () => inspectFile(output));
  } finally {
    close();
  }
}
