import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { type Progress, pieces } from '../../decode/container.js';
import { openRanges, reusedRoom } from '../../decode/ranges.js';
import { openFile } from '../../onnx/files.js';
import { UsageError } from '../errors.js';
import { PIPE } from '../find-models.js';
import { aboutFile, sizeOf } from '../input.js';
import { addCommon, addExamples, addForce, addOutput, type CommonFlags } from '../options.js';
import { isTaken, planOutput, takenError } from '../output/plan.js';
import { writePieces } from '../output/write.js';
import { checkStdout, receive, send, withFolder } from '../pipes.js';
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
    .argument('<file>', 'the .fxq file, or - for stdin');
  addOutput(command, 'the ONNX file, or - for stdout');
  command.option('--verify', 'also check the hash of the rebuilt file (checksums of the container always are)');
  addForce(command);
  addCommon(command);
  addExamples(command, 'decode model.fxq -o model.onnx', 'decode model.fxq -o model.onnx --verify');
  command.action((file: string, flags: DecodeFlags) => decodePiped(file, flags, terminal));
}

/** From stdin or to stdout by way of a folder that does not stay. */
async function decodePiped(input: string, flags: DecodeFlags, terminal: Terminal): Promise<void> {
  const { output } = flags;
  if (input !== PIPE && output !== PIPE) return aboutFile(input, () => decodeFile(input, output, flags, terminal));
  const isSent = output === PIPE;
  if (isSent) checkStdout(terminal, flags);
  await withFolder(async (folder) => {
    const path = input === PIPE ? join(folder, 'stdin.fxq') : input;
    if (input === PIPE) await receive(path, 'a container');
    const written = isSent ? join(folder, 'stdout.onnx') : output;
    await aboutFile(path, () => decodeFile(path, written, isSent ? { ...flags, quiet: true } : flags, terminal));
    if (readdirSync(folder).some((name) => !/^std(in|out)\./.test(name))) {
      throw new UsageError('-o -: the model has external data, which stdout cannot take; name a file with -o');
    }
    if (isSent) await send(written, terminal);
  });
}

async function decodeFile(input: string, output: string, flags: DecodeFlags, terminal: Terminal): Promise<void> {
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
    await reportSummary(terminal, flags, { summary });
  } finally {
    container.close();
  }
}
