import { existsSync, statSync } from 'node:fs';
import { basename, dirname, extname, join, sep } from 'node:path';
import { FxqError } from '../errors.js';
import { UsageError } from './errors.js';
import { type FoundFile, findFiles, PIPE } from './find-models.js';

/** A model to work on, and where what comes of it goes: paths, or `-` for stdin and stdout. */
export interface Place {
  readonly input: string;
  readonly output: string;
}

/** What the user says of places. */
export interface PlaceFlags {
  readonly output?: string;
  readonly force?: boolean;
  readonly dryRun?: boolean;
}

/**
 * Decides where the results of one or several models go: to the file that `-o` names, into the folder that it names, or beside the
 * input under its name with another ending. Only a file that is named is replaced.
 *
 * @param words - as they were typed
 * @throws UsageError for several models and one file, and for two of the same output; FxqError `IO` for files that are there
 */
export function placesOf(words: readonly string[], { output, force = false, dryRun = false }: PlaceFlags): Place[] {
  const files = findFiles(words, '.onnx');
  const isFolder = output !== undefined && output !== PIPE && namesFolder(output);
  if (output !== undefined && !isFolder && files.length > 1) {
    throw new UsageError(`-o ${output}: ${files.length} models need a folder to go to; write -o ${output}/`);
  }
  const places = files.map(
    (file): Place => ({ input: file.path, output: output === undefined || isFolder ? derived(file, output) : output }),
  );
  const taken = new Map<string, string>();
  for (const { input, output } of places) {
    const other = taken.get(output);
    if (other !== undefined) {
      throw new UsageError(`${output}: ${other} and ${input} would both go there; compress them one by one with -o`);
    }
    taken.set(output, input);
  }
  const standing = places.find((place) => place.output !== output && place.output !== PIPE && existsSync(place.output));
  if (standing && !force && !dryRun) {
    const message = `${standing.output}: exists already; replace it with --force, or name another file with -o`;
    throw new FxqError('IO', message, { file: standing.output });
  }
  return places;
}

function namesFolder(path: string): boolean {
  if (path.endsWith('/') || path.endsWith(sep)) return true;
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  } catch {
    // A name that the disk does not take is told of when it is written to.
    return false;
  }
}

/** The name of a model's container: in the folder, or beside the model. */
function derived({ path, below }: FoundFile, folder: string | undefined): string {
  if (path === PIPE) {
    if (folder !== undefined) throw new UsageError(`-o ${folder}: a model from stdin has no name; name a file with -o`);
    return PIPE;
  }
  const from = folder === undefined ? path : join(folder, below);
  const ending = extname(from).toLowerCase() === '.onnx' ? extname(from) : '';
  const name = `${basename(from, ending)}.fxq`;
  return dirname(from) === '.' && !from.startsWith(`.${sep}`) ? name : join(dirname(from), name);
}
