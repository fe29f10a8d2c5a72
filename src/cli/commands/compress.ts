import { type Command, Option } from 'commander';
import { CODING } from '../../container/write/coding.js';
import { seed } from '../../options/option.js';
import { CLUSTER, CLUSTER_DEFAULTS } from '../../stages/cluster.js';
import { PRUNE } from '../../stages/prune.js';
import { QUANTIZE } from '../../stages/quantize.js';
import { addBudget } from '../budget.js';
import { addCalibration } from '../calibration.js';
import { addOptions, addStage } from '../flags.js';
import { addGoal } from '../goal.js';
import {
  addCommon,
  addDropUnused,
  addExamples,
  addFold,
  addPlaces,
  addSelection,
  addThreads,
  PLACES_HELP,
} from '../options.js';
import { addWidths } from '../quantize-flags.js';
import { addSynthetic } from '../synthetic.js';
import type { Terminal } from '../terminal.js';
import { addTraining } from '../training.js';
import { packModels } from './pack.js';
import type { PackFlags } from './pack-model.js';

export function addCompressCommand(program: Command, terminal: Terminal): void {
  const { snr, init, centroids } = CLUSTER_DEFAULTS;
  const command = program
    .command('compress')
    .summary('prune, cluster and encode in one pass (onnx → fxq)')
    .description(
      `Prunes, clusters and encodes an ONNX model in one pass, and checks that the result decodes.

Without options nothing is pruned on purpose, and the values that weights share are chosen by the model's answers to inputs that are made for it: pictures, sounds or words. That takes seconds, or a minute or two, and the package onnxruntime-node, and gives the same bytes on machines of one kind with one version of it.

With --no-synthetic, and where no inputs can be made or run, the weights of each layer are rounded to multiples of a step that keeps a signal-to-noise ratio of ${snr} dB: the same bytes on every machine. So are those of a model that is pruned by options or a config file. With --values means, and with --bits or --clusters, they share the means of k-means (from a ${init} start, values rounded to ${centroids}). Pruning starts with --density, --threshold or --quality.

With --weights they are rounded to the numbers of a format instead, such as int8 or int4 --by channel: for hardware, and to see what a model would answer there. Shared values give the smaller file.

With --calibrate the values that weights share are chosen by what they do to the model's answers on inputs like yours, and the file is the smallest that loses no more than --max-loss: a third to a half of the size, in seconds to minutes. Labels are not needed. Needs the package onnxruntime-node.

With --train everything is done for the smallest file that loses no more than --max-loss, or the best of --target-size: weights are removed by what inputs make of them and the others retrained, in turns, values chosen at a price of a bit, shared values trained where that pays. Takes as long as --time says, or minutes to hours; Ctrl-C keeps the best so far, --resume goes on.

With --data and a goal, and without --calibrate, density and number of clusters are chosen layer by layer, from what they do to the model's answers and the bytes they take; weights are pruned and clustered as ever. What --density, --bits, --clusters, --no-cluster or the config file say is fixed, the rest is searched for. The settings are written to model.fxq.yaml beside model.fxq, and compress --config with that file makes the same bytes again.`,
    )
    .argument('<models...>', PLACES_HELP);
  addPlaces(command);
  addOptions(command, { seed: seed('seed of made inputs, of random and kmeans++, and of what is looked at') });
  command.optionsGroup('Pruning:');
  addStage(command, PRUNE);
  command.optionsGroup('Shared values:');
  addStage(command, CLUSTER);
  command.addOption(
    new Option('--no-cluster', 'keep the values of the weights').conflicts([...CLUSTER.perLayer, 'calibrate']),
  );
  addSynthetic(command);
  command.optionsGroup('Number formats:');
  addStage(command, QUANTIZE);
  addWidths(command);
  command.optionsGroup('By inputs of yours:');
  addCalibration(command);
  addBudget(command);
  command.optionsGroup('Training:');
  addTraining(command);
  command.optionsGroup('Goals:');
  addGoal(command);
  command.optionsGroup('Options:');
  addSelection(command);
  addOptions(command, CODING);
  addThreads(command);
  addFold(command);
  addDropUnused(command);
  addCommon(command);
  addExamples(
    command,
    'model.onnx',
    'models/ -o compressed/',
    'model.onnx --calibrate inputs.npz --max-loss 0.5',
    'model.onnx --data data.npz --target-size 500kB',
    'model.onnx --train data.npz --max-loss 0.5 --time 30m',
    'model.onnx --density 0.8 --bits 8',
    'model.onnx --weights int8 --by channel',
    'model.onnx -o again.fxq --config model.fxq.yaml',
  );
  command.action((words: string[], flags: PackFlags) => packModels('compress', words, flags, terminal));
}
