import type { Command } from 'commander';
import { FORMATS_TEXT } from '../../quantize/formats/parse.js';
import { GOAL } from '../../search/goal.js';
import { QUANTIZE } from '../../stages/quantize.js';
import { addBudget } from '../budget.js';
import { addCalibration } from '../calibration.js';
import { addOptions, addStage } from '../flags.js';
import { aboutFile } from '../input.js';
import { addMetric } from '../metric.js';
import { addCommon, addEditing, addExamples, addOutput, addSelection, addThreads } from '../options.js';
import { addWidths } from '../quantize-flags.js';
import { addSimulate } from '../simulate-flags.js';
import type { Terminal } from '../terminal.js';
import { type EditFlags, editModel } from './edit.js';

export function addQuantizeCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('quantize')
    .summary('round weights to a number format (onnx → onnx)')
    .description(
      `Rounds the weights of each layer to the numbers of a format, in place, and writes the model as ONNX again: what hardware of that format would compute with, in floats. Zeros stay zero.

Formats: ${FORMATS_TEXT}. FIXED16_12, Q4.4 and SIGN are other spellings.

With --calibrate rounding is compensated: what it does to a layer's output on such inputs is made up for by the weights that are rounded later, and by the bias. Needs the package onnxruntime-node.

With --equivalent-bits, or with --max-loss and data, every layer gets a width of its own between --min-bits and --max-bits; --weights then names the family of formats. With --inputs and --max-loss, what layers take in gets widths, too, and both are judged together. The widths are written beside the output, to its name with .yaml behind it.`,
    )
    .argument('<file>', 'the ONNX file');
  addOutput(command, 'the quantized ONNX file');
  command.optionsGroup('Weights:');
  addStage(command, QUANTIZE);
  addWidths(command);
  command.optionsGroup('Values while the model runs:');
  addSimulate(command);
  command.optionsGroup('By inputs of yours:');
  addCalibration(command);
  addBudget(command);
  command.optionsGroup('Goals:');
  const { maxLoss, maxError } = GOAL;
  addOptions(command, { maxLoss, maxError }, { prefix: 'with --calibrate or --data: ' });
  addMetric(command);
  command.optionsGroup('Options:');
  addSelection(command);
  addThreads(command);
  addEditing(command);
  addCommon(command);
  addExamples(
    command,
    'quantize model.onnx -o int8.onnx --weights int8 --by channel',
    'quantize model.onnx -o int4.onnx --weights int4 --by channel --calibrate inputs.npz',
    'quantize model.onnx -o mixed.onnx --weights int4 --by channel --equivalent-bits 5',
    'quantize model.onnx -o fake.onnx --weights int4 --inputs uint4 --by channel --calibrate inputs.npz --max-loss 0.5',
    'quantize model.onnx -o fixed.onnx --weights fixed8 --first float32 --last float32',
  );
  command.action((file: string, flags: EditFlags) =>
    aboutFile(file, () => editModel('quantize', file, flags, terminal)),
  );
}
