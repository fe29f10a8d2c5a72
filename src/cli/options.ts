import type { Command } from 'commander';
import { DEFAULT_INCLUDE } from '../model/selectors.js';
import { parseNumber as numberOf, whole } from '../options/option.js';
import type { CLUSTER } from '../stages/cluster.js';
import type { PRUNE } from '../stages/prune.js';
import type { QUANTIZE } from '../stages/quantize.js';
import { argument, type ValuesOf } from './flags.js';

/** Options of every command. */
export interface CommonFlags {
  readonly quiet?: boolean;
  readonly json?: boolean;
}

/** Options that choose tensors. */
export interface SelectionFlags {
  readonly config?: string;
  readonly include?: string[];
  readonly exclude?: string[];
}

export type PruneFlags = ValuesOf<(typeof PRUNE)['options']>;
export type ClusterFlags = ValuesOf<(typeof CLUSTER)['options']>;
export type QuantizeFlags = ValuesOf<(typeof QUANTIZE)['options']>;

/** A number; its range is the stage's to check. */
export const parseNumber = argument(numberOf);

/** A whole number of at least 1. */
export const parsePositive = argument(whole({ text: 'a count', low: 1 }).parse);

/** Options of commands that run models over a data set, beside which one. */
export interface RunFlags {
  readonly limit?: number;
  readonly batchSize?: number;
  readonly output?: string;
  readonly threads?: number;
}

/**
 * Adds them.
 *
 * @param output - the flag that names an output, where `--output` is a file
 */
export function addRun(command: Command, output = '--output'): Command {
  return command
    .option('--limit <samples>', 'use the first samples only', parsePositive)
    .option('--batch-size <samples>', 'samples that go through the model together', parsePositive)
    .option(`${output} <name>`, "judge by this output alone (default: the model's first, and others beside it)")
    .option('--threads <number>', 'threads of ONNX Runtime (default: its own choice)', parsePositive);
}

export function addCommon(command: Command): Command {
  return command
    .option('--json', 'print JSON to stdout (errors as JSON to stderr)')
    .option('-q, --quiet', 'print no progress, warnings and summaries');
}

/** Options of commands that work on tensors side by side. */
export interface ThreadFlags {
  readonly threads?: number;
}

export function addThreads(command: Command): Command {
  return command.option('--threads <number>', 'threads to work on (default: one a core, at most 8)', parsePositive);
}

export function addOutput(command: Command, what: string): Command {
  return command.requiredOption('-o, --output <file>', `${what} (never an input)`);
}

/** What the arguments of commands are that make containers. */
export const PLACES_HELP = 'ONNX files, folders of them, globs, or - for stdin';

/** Options of commands that make containers of one or several models: where these go. */
export function addPlaces(command: Command): Command {
  return addTable(
    command
      .option(
        '-o, --output <path>',
        'the .fxq file (never an input), a folder, or - for stdout (default: beside the model)',
      )
      .option('--force', 'replace a container of that name, where -o does not name it')
      .option('--dry-run', 'do everything but write the result'),
  );
}

/** The option to see more than the result. */
export function addTable(command: Command): Command {
  return command.option('--table', 'show what each layer holds and takes, as inspect does');
}

/** Options of commands that write a model, which may name other files. */
export interface ModelFlags {
  readonly force?: boolean;
  readonly dropUnused?: boolean;
  readonly fold?: boolean;
}

export function addForce(command: Command): Command {
  return command.option('--force', 'replace files that have the names of its external data');
}

export function addDropUnused(command: Command): Command {
  return command.option('--drop-unused', 'leave out what belongs to no tensor in files of external data');
}

export function addFold(command: Command): Command {
  return command.option('--fold', 'fold BatchNormalization into the layers before it first');
}

/** Options of commands that take an ONNX file and write another: what is done before, and what may be replaced. */
export function addEditing(command: Command): Command {
  return addForce(addDropUnused(addFold(command)));
}

/** @param included - what is worked on if nothing is said */
export function addSelection(command: Command, included = DEFAULT_INCLUDE.join(' ')): Command {
  return command
    .option('--config <file>', 'YAML file with options, also for single layers; init writes one')
    .option(
      '--include <selectors...>',
      `tensors to work on: name globs, or op:, role:, dtype: with globs (default: ${included})`,
    )
    .option('--exclude <selectors...>', 'tensors to leave alone');
}

/** The examples at the end of a command's help. */
export function addExamples(command: Command, ...lines: string[]): Command {
  const noun = lines.length === 1 ? 'Example' : 'Examples';
  return command.addHelpText('after', () => {
    const width = command.configureOutput().getOutHelpWidth?.() ?? Number.POSITIVE_INFINITY;
    return `\n${noun}:\n${lines.map((line) => inLines(`fxq-compress ${line}`, width)).join('\n')}`;
  });
}

/** A command as a shell takes it: of one that is too long, lines that end in a backslash. */
function inLines(text: string, width: number): string {
  const words = text.split(/ (?=-)/);
  const lines = [`  $ ${words[0]}`];
  for (const word of words.slice(1)) {
    const line = `${lines.at(-1)} ${word}`;
    if (line.length <= width - 2 || (line.length <= width && word === words.at(-1))) lines[lines.length - 1] = line;
    else lines.push(`      ${word}`);
  }
  return lines.join(' \\\n');
}
