import { existsSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import type { Command } from 'commander';
import { FxqError } from '../../errors.js';
import type { Model, Tensor } from '../../model/model.js';
import { DEFAULT_INCLUDE, matcher } from '../../model/selectors.js';
import { printableJson } from '../../printable.js';
import { type Proposals, proposeFormats } from '../../search/proposals.js';
import { configTemplate } from '../config-template.js';
import { addData, type DataFlags, openData } from '../data.js';
import { aboutFile, openModel } from '../input.js';
import { interruptible } from '../interrupt.js';
import { isChangeable } from '../left-alone.js';
import { addCommon, addExamples, type CommonFlags, parsePositive } from '../options.js';
import { planOutput } from '../output/plan.js';
import { writePieces } from '../output/write.js';
import type { Terminal } from '../terminal.js';
import { valueTemplate } from '../value-template.js';

type InitFlags = CommonFlags &
  DataFlags & { readonly output?: string; readonly values?: string; readonly limit?: number };

const DEFAULT_OUTPUT = 'fxq.yaml';

/** Where the schema stands below a folder in which the package is installed. */
const SCHEMA = 'node_modules/fxq-compress/dist/config.schema.json';

export function addInitCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('init')
    .summary("write a config file with a model's layers")
    .description(
      `Writes a config file for an ONNX model: its layers, the largest first, with options to prune and cluster each of them. The options are commented out: as it is written, the file changes nothing.`,
    )
    .argument('<file>', 'the ONNX file')
    .option(
      '-o, --output <file>',
      `the config file (never an input; default: ${DEFAULT_OUTPUT}, if there is none already)`,
    );
  command
    .option('--values <data>', 'list every value and parameter, too, with its range on these data and a format for it')
    .option('--limit <samples>', 'with --values: inputs to look at (default: 64)', parsePositive);
  addData(command);
  addCommon(command);
  addExamples(
    command,
    'init model.onnx',
    'init model.onnx --values inputs.npz',
    'compress model.onnx -o model.fxq --config fxq.yaml',
  );
  command.action((file: string, flags: InitFlags) => aboutFile(file, () => initConfig(file, flags, terminal)));
}

async function initConfig(input: string, flags: InitFlags, terminal: Terminal): Promise<void> {
  const { output = DEFAULT_OUTPUT } = flags;
  const { model, close } = openModel(input);
  try {
    const plan = planOutput(output);
    if (flags.output === undefined && existsSync(output)) {
      const message = `${output}: exists already; name it with -o to replace it, or choose another name`;
      throw new FxqError('IO', message, { file: output });
    }
    const layers = layersOf(model);
    const others = model.tensors.filter((tensor) => !layers.includes(tensor));
    const proposals = await proposalsOf(model, input, flags, terminal);
    const found = new Map(proposals?.parameters.map((proposal) => [proposal.name, proposal]));
    const about = { model: basename(input), schema: schemaFrom(dirname(output)), proposals: found };
    const names = new Set(layers.map(({ name }) => name));
    const values = proposals ? valueTemplate(proposals, { data: flags.values ?? '', layers: names }) : '';
    const text = `${configTemplate(layers, others, about)}${values}`;
    await writePieces(plan, () => [{ file: 0, bytes: new TextEncoder().encode(text) }]);
    if (flags.json) terminal.print(printableJson({ input, output, layers: layers.map(describe), ...proposals }, 2));
    else if (!flags.quiet)
      terminal.print(`${input} → ${output}, ${layers.length} ${layers.length === 1 ? 'layer' : 'layers'}`);
  } finally {
    close();
  }
}

/** What `--values` finds. */
async function proposalsOf(
  model: Model,
  input: string,
  { values, limit: samples, ...flags }: InitFlags,
  terminal: Terminal,
): Promise<Proposals | undefined> {
  if (values === undefined) return undefined;
  return interruptible(async (signal) => {
    const dataset = await openData(values, flags, { model, files: [input] }, terminal);
    return proposeFormats(model, { dataset, samples, signal });
  });
}

/** What lossy stages work on by default, the largest first; what has no name cannot be named in a rule. */
function layersOf({ tensors }: Model): Tensor[] {
  const included = DEFAULT_INCLUDE.map(matcher);
  return tensors
    .filter((tensor) => isChangeable(tensor) && tensor.name !== '' && included.some((is) => is(tensor)))
    .sort((a, b) => b.length - a.length);
}

function describe({ name, role, op, dims, dtype, count, length }: Tensor) {
  return { name, role, op, dims, dtype, weights: count, bytes: length };
}

/** The schema as a file in this folder names it, if the package is installed there or in a folder above. */
function schemaFrom(folder: string): string | undefined {
  const from = resolve(folder);
  for (let at = from; ; at = dirname(at)) {
    const path = relative(from, join(at, SCHEMA)).split(sep).join('/');
    if (existsSync(join(at, SCHEMA))) return path.startsWith('..') ? path : `./${path}`;
    if (at === dirname(at)) return undefined;
  }
}
