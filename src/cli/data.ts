import { basename, dirname } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import type { Dataset } from '../data/dataset.js';
import { openDataset } from '../data/open.js';
import { FxqError } from '../errors.js';
import { isRecord, messageOf } from '../guards.js';
import type { Model } from '../model/model.js';
import { readWhole } from '../onnx/files.js';
import { disk } from './disk.js';
import { UsageError } from './errors.js';
import { parseNumber, parsePositive } from './options.js';
import { type Terminal, WARNING } from './terminal.js';
import { yaml } from './yaml.js';

/** What a data set is, for the help of commands that take one. */
export const DATA_HELP =
  'DATA is a folder of images (in folders of the names of their classes, or with a labels.csv; needs the package sharp), a .npz or .npy file or a folder of them, a folder with test_data_set_0 as in the ONNX model zoo, a pair of IDX files (MNIST) or their folder, a .js module whose default export yields batches, or the word random, for a model and its reference without any data.';

/** Options about data sets, beside which one. */
export interface DataFlags {
  readonly scale?: number;
  readonly preprocess?: string;
  readonly labels?: string[];
  readonly dim?: Record<string, number>;
  readonly seed?: number;
}

/** Adds them. */
export function addData(command: Command): Command {
  return command
    .option('--preprocess <file>', 'images: YAML or JSON file, or {resize: 256, crop: 224, …} itself')
    .option('--labels <file>', 'images: CSV (file,label), or names of the classes; may be repeated', collect)
    .option('--scale <factor>', 'factor on 8-bit pixels (default: 1/255)', parseNumber)
    .option(
      '--dim <name=size>',
      'inputs at random or made: size of a dynamic dimension (name, or input[axis])',
      parseDim,
    );
}

/** What data is opened for. */
export interface DataSubject {
  /** Its graph tells what goes in; no payload is read, so its files may be closed. */
  readonly model: Model | (() => Promise<Model>);
  /** The model's file, and those of other versions of it: what describes its inputs may lie beside them. */
  readonly files: readonly (string | undefined)[];
}

/**
 * Opens what `--data` or `--calibrate` names, to the measure of a model.
 *
 * @throws UsageError for sizes of dimensions that the model does not have; FxqError
 */
export async function openData(
  data: string,
  { preprocess, labels, dim, scale, seed }: DataFlags,
  { model, files }: DataSubject,
  terminal: Terminal,
): Promise<Dataset> {
  try {
    return await openDataset(data, disk, {
      ...{ scale, labels, dims: dim, seed },
      preprocessing: preprocess === undefined ? undefined : readDescription(preprocess),
      model,
      beside: [...new Set(files.flatMap((file) => (file === undefined ? [] : foldersOf(file))))],
      onNote: (text) => {
        if (text.startsWith(WARNING)) terminal.warn(text.slice(WARNING.length));
        else terminal.note(text);
      },
    });
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(error.message);
    throw error;
  }
}

/** How many samples will be read, where a limit or the data set tells. */
export function expectedSamples({ samples }: Dataset, limit: number | undefined): number | undefined {
  return limit === undefined || samples === undefined ? (limit ?? samples) : Math.min(limit, samples);
}

/** The folder of a model's file and, as repositories for transformers.js have it in `onnx/`, the one around that. */
function foldersOf(file: string): string[] {
  const folder = dirname(file);
  return basename(folder) === 'onnx' ? [folder, dirname(folder)] : [folder];
}

/** A description in a file, or given as it is. */
function readDescription(given: string): Readonly<Record<string, unknown>> {
  const isItself = given.trim().startsWith('{');
  const file = isItself ? '--preprocess' : given;
  const text = isItself ? given : new TextDecoder().decode(readWhole(given));
  let value: unknown;
  try {
    value = yaml().parse(text);
  } catch (cause) {
    const problem = messageOf(cause).split('\n', 1)[0].replace(/:$/, '');
    throw new FxqError('CONFIG', `${file}: expected YAML or JSON, got damaged text (${problem})`, { file, cause });
  }
  if (isRecord(value)) return value;
  const message = `${file}: expected keys such as resize, crop, mean and std, got ${JSON.stringify(value)}`;
  throw new FxqError('CONFIG', message, { file, actual: value });
}

function collect(value: string, before: string[] = []): string[] {
  return [...before, value];
}

function parseDim(text: string, before: Record<string, number> = {}): Record<string, number> {
  // The last one: names of dimensions such as "past + 1" may hold anything.
  const at = text.lastIndexOf('=');
  if (at < 1) throw new InvalidArgumentError('Expected name=size.');
  return { ...before, [text.slice(0, at)]: parsePositive(text.slice(at + 1)) };
}
