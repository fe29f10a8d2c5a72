import { type Command, InvalidArgumentError, Option } from 'commander';
import { DEFAULT_INCLUDE } from '../model/selectors.js';
import { MAX_CLUSTERS } from '../quantize/codebook.js';
import { INITIALISATIONS } from '../quantize/kmeans/index.js';
import { CLUSTER_DEFAULTS } from '../stages/cluster.js';
import { PRUNE_DEFAULTS, SCOPES } from '../stages/prune.js';

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

export interface PruneFlags {
  readonly density?: number;
  readonly threshold?: number;
  readonly quality?: number;
  readonly scope?: (typeof SCOPES)[number];
}

export interface ClusterFlags {
  readonly bits?: number;
  readonly clusters?: number;
  readonly snr?: number;
  readonly init?: (typeof INITIALISATIONS)[number];
  readonly seed?: number;
  readonly centroids?: (typeof CENTROIDS)[number];
}

/** The options of which one may be given. */
export const TARGETS = ['density', 'threshold', 'quality'] as const;
export const SIZES = ['bits', 'clusters', 'snr'] as const;

export const CENTROIDS = ['float16', 'native'] as const;

/** A number; its range is the stage's to check. */
export function parseNumber(text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (!Number.isFinite(value)) throw new InvalidArgumentError('Expected a number.');
  return value;
}

/** A whole number of at least 1. */
export function parsePositive(text: string): number {
  const value = parseNumber(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new InvalidArgumentError('Expected a whole number of at least 1.');
  return value;
}

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
    .option(`${output} <name>`, "the output that decides on classes (default: the model's first)")
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

export function addPrune(command: Command): Command {
  return command
    .addOption(number('--density <share>', 'share of the weights to keep, 0 to 1').conflicts(['threshold', 'quality']))
    .addOption(number('--threshold <value>', 'prune weights of a smaller magnitude').conflicts(['density', 'quality']))
    .addOption(
      number('--quality <factor>', 'the same, as a multiple of the standard deviation').conflicts([
        'density',
        'threshold',
      ]),
    )
    .addOption(
      new Option(
        '--scope <scope>',
        `one target for each layer or for all together (default: ${PRUNE_DEFAULTS.scope})`,
      ).choices(SCOPES),
    );
}

export function addCluster(command: Command): Command {
  const { snr, init, seed, centroids } = CLUSTER_DEFAULTS;
  return command
    .addOption(number('--bits <bits>', '2^bits values a layer, 1 to 10').conflicts(['clusters', 'snr']))
    .addOption(number('--clusters <number>', `values a layer, 1 to ${MAX_CLUSTERS}`).conflicts(['bits', 'snr']))
    .addOption(
      number('--snr <decibels>', `as few values as keep this signal-to-noise ratio (default: ${snr})`).conflicts([
        'bits',
        'clusters',
      ]),
    )
    .addOption(new Option('--init <method>', `start of k-means (default: ${init})`).choices(INITIALISATIONS))
    .addOption(number('--seed <number>', `seed of random and kmeans++ (default: ${seed})`))
    .addOption(
      new Option('--centroids <type>', `type that shared values are rounded to (default: ${centroids})`).choices(
        CENTROIDS,
      ),
    );
}

/** The examples at the end of a command's help. */
export function addExamples(command: Command, ...lines: string[]): Command {
  const noun = lines.length === 1 ? 'Example' : 'Examples';
  return command.addHelpText('after', `\n${noun}:\n${lines.map((line) => `  $ fxq-compress ${line}`).join('\n')}`);
}

function number(flags: string, description: string): Option {
  return new Option(flags, description).argParser(parseNumber);
}
