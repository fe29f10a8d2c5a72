import type { Command } from 'commander';
import { PRUNE } from '../../stages/prune.js';
import { addCalibration } from '../calibration.js';
import { addStage } from '../flags.js';
import { aboutFile } from '../input.js';
import { addCommon, addEditing, addExamples, addOutput, addSelection, addTable, addThreads } from '../options.js';
import type { Terminal } from '../terminal.js';
import { type EditFlags, editModel } from './edit.js';

export function addPruneCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('prune')
    .summary('set the smallest weights to zero (onnx → onnx)')
    .description(
      `Sets the smallest weights of an ONNX model to zero and writes it as ONNX again.

With --calibrate those weights go that the model can best do without on such inputs, and the others make up for them. Needs the package onnxruntime-node.`,
    )
    .argument('<file>', 'the ONNX file');
  addOutput(command, 'the pruned ONNX file');
  addStage(command, PRUNE);
  addCalibration(command);
  addSelection(command);
  addThreads(command);
  addEditing(command);
  addTable(command);
  addCommon(command);
  addExamples(
    command,
    'prune model.onnx -o pruned.onnx --density 0.7',
    'prune model.onnx -o pruned.onnx --density 0.5 --calibrate inputs.npz',
    'prune model.onnx -o pruned.onnx --quality 0.3 --include "op:Conv" --exclude "head*"',
  );
  command.action((file: string, flags: EditFlags) => aboutFile(file, () => editModel('prune', file, flags, terminal)));
}
