import type { Command } from 'commander';
import { writeOnnx } from '../../onnx/write.js';
import { runStages } from '../../pipeline/pipeline.js';
import { fold } from '../../stages/fold.js';
import { sameAnswers, unknownAnswers } from '../answers.js';
import { aboutFile, inspectFile, openModel, unclaimedWarnings } from '../input.js';
import { addCommon, addDropUnused, addExamples, addForce, addOutput, addTable, type ModelFlags } from '../options.js';
import { planModel } from '../output/model.js';
import { writePieces } from '../output/write.js';
import { onnxSummary, reportSummary, type SummaryFlags } from '../summary.js';
import type { Terminal } from '../terminal.js';

type FoldFlags = SummaryFlags & ModelFlags & { readonly output: string };

export function addFoldCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('fold')
    .summary('fold BatchNormalization into the layers before it (onnx → onnx)')
    .description(
      `Folds BatchNormalization into the Conv, ConvTranspose or Gemm before it and writes the model as ONNX again. It answers as before, up to the rounding of floats, in fewer nodes. What cannot be folded stays, and is named with the reason.

--fold of other commands does this before anything else.`,
    )
    .argument('<file>', 'the ONNX file');
  addOutput(command, 'the folded ONNX file');
  addDropUnused(command);
  addForce(command);
  addTable(command);
  addCommon(command);
  addExamples(command, 'fold model.onnx -o folded.onnx');
  command.action((file: string, flags: FoldFlags) => aboutFile(file, () => foldFile(file, flags, terminal)));
}

async function foldFile(input: string, flags: FoldFlags, terminal: Terminal): Promise<void> {
  const { output } = flags;
  const { model, paths, close } = openModel(input, flags);
  try {
    for (const warning of unclaimedWarnings(model)) terminal.warn(warning);
    const plan = planModel(output, model, flags.force);
    const run = await runStages(model, [fold()], { context: { onNote: terminal.warn } });
    const isSame = run.model.files === model.files;
    if (isSame) terminal.note('nothing to fold: the model is written as it is');
    await writePieces(plan, ({ signal }) => writeOnnx(run.model, { signal }));
    const edited = { input, read: paths, written: plan.paths, stages: run.times() };
    const answers = isSame ? sameAnswers('nothing was folded') : unknownAnswers(input, output);
    const summary = { ...onnxSummary(edited), answers };
    await reportSummary(terminal, flags, { summary, report: () => inspectFile(output) });
  } finally {
    close();
  }
}
