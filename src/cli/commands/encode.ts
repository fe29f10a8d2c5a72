import type { Command } from 'commander';
import { CODING } from '../../container/write/coding.js';
import { addOptions } from '../flags.js';
import { aboutFile } from '../input.js';
import { addCommon, addDropUnused, addExamples, addOutput, addThreads } from '../options.js';
import type { Terminal } from '../terminal.js';
import { type PackFlags, packModel } from './pack.js';

export function addEncodeCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('encode')
    .summary('code a model without loss (onnx → fxq)')
    .description(
      'Codes an ONNX model without loss: decoding gives back its bytes. It pays for models that are pruned, clustered or quantised.',
    )
    .argument('<file>', 'the ONNX file');
  addOutput(command, 'the .fxq file');
  addOptions(command, CODING);
  addThreads(command);
  addDropUnused(command);
  addCommon(command);
  addExamples(command, 'encode clustered.onnx -o model.fxq');
  command.action((file: string, flags: PackFlags) => aboutFile(file, () => packModel('encode', file, flags, terminal)));
}
