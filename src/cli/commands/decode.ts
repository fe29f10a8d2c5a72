import { statSync } from 'node:fs';
import type { Command } from 'commander';
import { type Progress, pieces } from '../../decode/container.js';
import { openRanges, reusedRoom } from '../../decode/ranges.js';
import { openFile } from '../../onnx/files.js';
import { aboutFile, sizeOf } from '../input.js';
import { addCommon, addExamples, addForce, addOutput, type CommonFlags } from '../options.js';
import { isTaken, planOutput, takenError } from '../output/plan.js';
import { writePieces } from '../output/write.js';
import { reportSummary } from '../summary.js';
import type { Terminal } from '../terminal.js';

type DecodeFlags = CommonFlags & { readonly output: string; readonly verify?: boolean; readonly force?: boolean };

export function addDecodeCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('decode')
    .summary('rebuild the ONNX file (fxq → onnx)')
    .description(
      'Rebuilds the ONNX file of a container, byte for byte what was encoded. External data goes beside it, as the model names it; of what is there already it replaces nothing.',
    )
    .argument('<file>', 'the .fxq file');
  addOutput(command, 'the ONNX file');
  command.option('--verify', 'also check the hash of the rebuilt file (checksums of the container always are)');
  addForce(command);
  addCommon(command);
  addExamples(command, 'decode model.fxq -o model.onnx', 'decode model.fxq -o model.onnx --verify');
  command.action((file: string, flags: DecodeFlags) => aboutFile(file, () => decodeFile(file, flags, terminal)));
}

async function decodeFile(input: string, flags: DecodeFlags, terminal: Terminal): Promise<void> {
  const { output } = flags;
  const container = openFile(input);
  try {
    const opened = await openRanges(container);
    const { files } = opened.head;
    const external = files.slice(1).map(({ name }) => name);
    const plan = planOutput(output, { external, kind: 'ONNX', mayReplace: () => flags.force ?? false });
    // What an earlier run has written may be there; whether it is that is seen once the bytes are there.
    for (const [i, { path, mayReplace }] of plan.targets.entries()) {
      if (!mayReplace && isTaken(path) && statSync(path, { throwIfNoEntry: false })?.size !== files[i].size)
        throw takenError(path);
    }
    const start = performance.now();
    const draw = terminal.progress('decode');
    const onProgress = ({ loaded, total }: Progress) => draw(loaded / total);
    const verify = flags.verify ? 'all' : 'sections';
    // A piece is written before the next is asked for.
    await writePieces(plan, ({ signal }) => pieces(opened, { verify, signal, onProgress }, reusedRoom()));
    const outputBytes = sizeOf(plan.paths);
    const summary = {
      input,
      output,
      inputBytes: container.size,
      files: plan.paths,
      outputBytes,
      ratio: outputBytes / container.size,
      stages: [{ name: 'decode', ms: performance.now() - start }],
    };
    await reportSummary(terminal, flags, summary);
  } finally {
    container.close();
  }
}
