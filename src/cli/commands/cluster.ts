import type { Command } from 'commander';
import { CLUSTER } from '../../stages/cluster.js';
import { addStage } from '../flags.js';
import { aboutFile } from '../input.js';
import { addCommon, addEditing, addExamples, addOutput, addSelection, addTable, addThreads } from '../options.js';
import type { Terminal } from '../terminal.js';
import { type EditFlags, editModel } from './edit.js';

export function addClusterCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('cluster')
    .summary('let weights share a few values (onnx → onnx)')
    .description(
      'Lets the weights of each layer share a few values, found by k-means, and writes the model as ONNX again. Zeros stay zero.',
    )
    .argument('<file>', 'the ONNX file');
  addOutput(command, 'the clustered ONNX file');
  addStage(command, CLUSTER);
  addSelection(command);
  addThreads(command);
  addEditing(command);
  addTable(command);
  addCommon(command);
  addExamples(
    command,
    'cluster model.onnx -o clustered.onnx --bits 5',
    'cluster model.onnx -o clustered.onnx --snr 30',
  );
  command.action((file: string, flags: EditFlags) =>
    aboutFile(file, () => editModel('cluster', file, flags, terminal)),
  );
}
