import type { Command } from 'commander';
import { CODING } from '../../container/write/coding.js';
import { addOptions } from '../flags.js';
import { addCommon, addDropUnused, addExamples, addPlaces, addThreads, PLACES_HELP } from '../options.js';
import type { Terminal } from '../terminal.js';
import { packModels } from './pack.js';
import type { PackFlags } from './pack-model.js';

export function addEncodeCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('encode')
    .summary('code a model without loss (onnx → fxq)')
    .description(
      'Codes an ONNX model without loss: decoding gives back its bytes. It pays for models that are pruned, clustered or quantised.',
    )
    .argument('<models...>', PLACES_HELP);
  addPlaces(command);
  addOptions(command, CODING);
  addThreads(command);
  addDropUnused(command);
  addCommon(command);
  addExamples(command, 'encode clustered.onnx -o model.fxq');
  command.action((words: string[], flags: PackFlags) => packModels('encode', words, flags, terminal));
}
