import { type Command, Option } from 'commander';
import { CLUSTER_DEFAULTS } from '../../stages/cluster.js';
import { addCalibration } from '../calibration.js';
import { addGoal } from '../goal.js';
import { aboutFile } from '../input.js';
import { addCluster, addCommon, addExamples, addOutput, addPrune, addSelection, addThreads } from '../options.js';
import type { Terminal } from '../terminal.js';
import { type PackFlags, packModel } from './pack.js';

export function addCompressCommand(program: Command, terminal: Terminal): void {
  const { snr, init, centroids } = CLUSTER_DEFAULTS;
  const command = program
    .command('compress')
    .summary('prune, cluster and encode in one pass (onnx → fxq)')
    .description(
      `Prunes, clusters and encodes an ONNX model in one pass, and checks that the result decodes.

Without options nothing is pruned, and the weights of each layer share as few values as keep a signal-to-noise ratio of ${snr} dB (k-means from a ${init} start, values rounded to ${centroids}): little enough noise that most models answer as before. Pruning starts with --density, --threshold or --quality, or in a config file.

With --calibrate the values that weights share are chosen by what they do to the model's answers on inputs like yours, and the file is the smallest that loses no more than --max-loss: a third to a half of the size, in seconds to minutes. Labels are not needed. Needs the package onnxruntime-node.`,
    )
    .argument('<file>', 'the ONNX file');
  addOutput(command, 'the .fxq file');
  addPrune(command);
  addCluster(command);
  addCalibration(command);
  addGoal(command);
  command.addOption(
    new Option('--no-cluster', 'keep the values of the weights').conflicts([
      'bits',
      'clusters',
      'snr',
      'init',
      'calibrate',
    ]),
  );
  addSelection(command);
  addThreads(command);
  addCommon(command);
  addExamples(
    command,
    'compress model.onnx -o model.fxq',
    'compress model.onnx -o model.fxq --calibrate inputs.npz --max-loss 0.5',
    'compress model.onnx -o model.fxq --density 0.2 --bits 5',
    'compress model.onnx -o model.fxq --config fxq.yaml',
  );
  command.action((file: string, flags: PackFlags) =>
    aboutFile(file, () => packModel('compress', file, flags, terminal)),
  );
}
