import type { Command } from 'commander';
import { formatTable } from '../../inspect/table.js';
import { printableJson } from '../../printable.js';
import { aboutFile, inspectFile } from '../input.js';
import { addCommon, addExamples, type CommonFlags } from '../options.js';
import type { Terminal } from '../terminal.js';

type InspectFlags = CommonFlags & { readonly all?: boolean };

export function addInspectCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('inspect')
    .summary('show what each layer holds and takes (onnx or fxq)')
    .description(
      `Shows for each layer how many weights are kept and what they take, and where the file's bytes are.

P+Q is what pruned and quantised weights take before Huffman coding, P+Q+H with it. "kept" weights are those that are not zero; bits are per kept weight. Index bits say where the kept weights stand.`,
    )
    .argument('<file>', 'an ONNX file or a .fxq container');
  command.option('--all', 'a row for every tensor, not for weights only');
  addCommon(command);
  addExamples(command, 'inspect model.fxq', 'inspect model.onnx --all', 'inspect model.fxq --json');
  command.action(async (file: string, flags: InspectFlags) => {
    const report = await aboutFile(file, () => inspectFile(file));
    terminal.print(
      flags.json ? printableJson(report, 2) : formatTable(report, { all: flags.all, width: terminal.width }),
    );
  });
}
