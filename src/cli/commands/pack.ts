import { compressWith } from '../../pipeline/compress.js';
import { inspectContainer } from '../../report/inspect.js';
import { openModel, sizeOf } from '../input.js';
import type { CommonFlags } from '../options.js';
import { planOutput } from '../output.js';
import { readSettings, type StageFlags } from '../settings.js';
import { tellSummary } from '../summary.js';
import type { Terminal } from '../terminal.js';
import { writePieces } from '../write.js';

export type PackFlags = CommonFlags & StageFlags & { readonly output: string };

/** What `encode` and `compress` have in common: an ONNX file in, a container out. */
export async function packModel(
  command: 'encode' | 'compress',
  input: string,
  flags: PackFlags,
  terminal: Terminal,
): Promise<void> {
  const settings = command === 'compress' ? readSettings(flags, command) : undefined;
  const { output } = flags;
  const { model, paths, close } = openModel(input);
  try {
    const plan = planOutput(output, [], paths);
    const warned = settings?.warnings(model) ?? [];
    for (const warning of warned) terminal.note(`warning: ${warning}`);
    const onProgress = terminal.progress(command);
    const { container, stages } = await compressWith(model, settings?.stages ?? [], { onProgress });
    await writePieces(plan, () => [{ file: 0, bytes: container }]);
    const [inputBytes, outputBytes] = [sizeOf(paths), sizeOf(plan.paths)];
    const summary = {
      input,
      output,
      inputBytes,
      outputBytes,
      ratio: inputBytes / outputBytes,
      stages,
      warnings: warned,
    };
    await tellSummary(terminal, flags, summary, () => inspectContainer(container, { file: output }));
  } finally {
    close();
  }
}
