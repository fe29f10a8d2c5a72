import { breather } from '../../breather.js';
import type { Simulated, SimulateStage } from '../../calibrate/simulate.js';
import { runStages } from '../../pipeline/pipeline.js';
import { writeStaged } from '../../pipeline/threads.js';
import { judgedAnswers, NOT_RUN, unknownAnswers } from '../answers.js';
import { type BudgetFlags, budgetOf } from '../budget.js';
import { type CalibrationFlags, calibrationOf } from '../calibration.js';
import { configPathOf } from '../chosen-config.js';
import { inspectFile, openModel, tensorBytes, unclaimedWarnings } from '../input.js';
import type { ModelFlags, ThreadFlags } from '../options.js';
import { planModel } from '../output/model.js';
import { planOutput, together } from '../output/plan.js';
import { withOutput } from '../output/write.js';
import { type FormatFlags, formatStage, widthsConfig, widthsSummary } from '../quantize-flags.js';
import { readSettings, type StageFlags } from '../settings.js';
import { type SimulateFlags, simulateStage, tableKindOf } from '../simulate-flags.js';
import { onnxSummary, reportSummary, type SummaryFlags } from '../summary.js';
import type { Terminal } from '../terminal.js';
import { withTensorPool } from '../threads.js';

export type EditFlags = Omit<SummaryFlags, 'table'> &
  ThreadFlags &
  StageFlags &
  CalibrationFlags &
  BudgetFlags &
  FormatFlags &
  Omit<SimulateFlags, 'table'> &
  ModelFlags & {
    readonly output: string;
    /** Of `quantize` the file for scales and ranges; of the others whether layers are shown. */
    readonly table?: string | boolean;
  };

/** What `prune`, `cluster` and `quantize` have in common: an ONNX file in, a changed one out. */
export async function editModel(
  stage: 'prune' | 'cluster' | 'quantize',
  input: string,
  flags: EditFlags,
  terminal: Terminal,
): Promise<void> {
  const { output } = flags;
  const { model, paths, close } = openModel(input, flags, terminal.warn);
  try {
    const subject = { model, files: [input] };
    const judged =
      stage === 'quantize' ? await budgetOf(flags, { ...subject, model: async () => model }, terminal) : undefined;
    const hasInputs = stage !== 'cluster' && !judged;
    const calibration = hasInputs ? await calibrationOf(flags, subject, terminal) : undefined;
    const formats = formatStage(flags, { calibration, dataset: judged?.dataset }, terminal);
    const tableFile = typeof flags.table === 'string' ? flags.table : undefined;
    let simulation: SimulateStage | undefined;
    const settings = readSettings(flags, stage, calibration, false, (options, values) => {
      // What the command line says of a value comes after the file, and so holds.
      const own = { ...flags, table: tableFile, value: [...values, ...(flags.value ?? [])] };
      simulation = simulateStage(own, options, formats, calibration);
      return simulation;
    });
    const files = planModel(output, model, flags.force);
    const isSearched = stage === 'quantize' && formats.isSearched;
    const config = isSearched
      ? planOutput(configPathOf(flags.saveConfig, output), { option: '--save-config' })
      : undefined;
    const tableKind = tableFile === undefined ? undefined : tableKindOf(tableFile);
    const table = tableFile === undefined ? undefined : planOutput(tableFile, { option: '--table' });
    const plan = together(files, ...(config ? [config] : []), ...(table ? [table] : []));
    for (const warning of [...unclaimedWarnings(model), ...settings.warnings(model)]) terminal.warn(warning);
    const onProgress = terminal.progress(stage);
    const stages = await withOutput(plan, (output, signal) =>
      withTensorPool({ threads: flags.threads, bytes: tensorBytes(model), signal }, async (pool) => {
        const run = await runStages(model, settings.stages, { signal, context: { onProgress, onNote: terminal.warn } });
        const breathe = breather();
        for await (const { file, bytes } of writeStaged(run, { pool, signal, onProgress, onNote: terminal.warn })) {
          output.write(file, bytes);
          await breathe();
        }
        const widths = formats.found();
        const given = (['as', 'inputs'] as const).flatMap((name) =>
          flags[name] === undefined ? [] : [`--${name} ${flags[name]}`],
        );
        const again = [stage, ...given].join(' ');
        if (widths) {
          const text = widthsConfig(input, widths, settings.config, again, {
            isCalibrated: calibration !== undefined,
            seed: flags.seed,
          });
          output.write(files.paths.length, new TextEncoder().encode(text));
        }
        if (tableKind && simulation) {
          output.write(plan.paths.length - 1, new TextEncoder().encode(simulation.table(tableKind)));
        }
        return run.times();
      }),
    );
    const widths = formats.found();
    const judgement = widths?.chosen.judgement;
    const unjudged = simulation?.found()?.form === 'qonnx' ? NOT_RUN : unknownAnswers(input, output);
    const summary = {
      ...onnxSummary({
        ...{ input, stages, read: paths },
        ...{ written: files.paths, others: plan.paths.slice(files.paths.length) },
      }),
      ...(flags.json && quantized(simulation?.found())),
      ...(widths && { widths: widthsSummary(widths, flags.seed) }),
      answers: judgement ? judgedAnswers(judgement, widths?.heldOut ?? 0) : unjudged,
    };
    const isBold =
      !calibration && !judged && (stage !== 'cluster' || flags.bits !== undefined || flags.clusters !== undefined);
    await reportSummary(
      terminal,
      { ...flags, table: flags.table === true },
      { summary, isBold, report: () => inspectFile(output) },
    );
  } finally {
    close();
  }
}

/** What `quantize` tells as JSON. */
function quantized(found: Simulated | undefined): Pick<Simulated, 'form' | 'weights' | 'inputs'> | undefined {
  return found && { form: found.form, weights: found.weights, inputs: found.inputs };
}
