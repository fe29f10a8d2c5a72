import { lstatSync, type Stats, statSync } from 'node:fs';
import { dirname, extname, join, resolve, sep } from 'node:path';
import { UsageError } from '../errors.js';
import { isInput } from '../inputs.js';
import { ioError, writeProblem } from './errors.js';
import { isBelow, realOf } from './real.js';
import { recover } from './workshop.js';

/** What outputs are called, by what they hold. */
const ENDINGS = { container: '.fxq', ONNX: '.onnx' } as const;

/** Endings of files that are neither. */
const OTHERS = [
  ...['.yaml', '.yml', '.json', '.html', '.md', '.txt', '.csv', '.js', '.mjs', '.ts', '.py', '.wasm'],
  ...['.npz', '.npy', '.ort', '.pb', '.pt', '.pth', '.tflite', '.safetensors', '.gguf', '.zip', '.gz', '.tar'],
];

/** A file that is to be written. */
export interface Target {
  readonly path: string;
  /** The option that names it, or for external data the main file that it lies beside, whose model names it. */
  readonly named: { readonly by: string } | { readonly beside: string; readonly location: string };
  /** Whether it may stand in place of another file of that name. */
  readonly mayReplace: boolean;
}

/** Where a result of one or several files goes. */
export interface OutputPlan {
  /** The main file first, then its external data, then other main files with theirs. */
  readonly targets: readonly Target[];
  /** Their paths, as the user would write them. */
  readonly paths: readonly string[];
}

export interface PlanOptions {
  /** Normalised relative paths of the files beside the main one (external data), as a model names them. Default: none. */
  readonly external?: readonly string[];
  /** Whether a file of external data that is there already may be replaced. Default: no. */
  readonly mayReplace?: (location: string) => boolean;
  /** What the main file will hold, which its name is to fit. Default: something else. */
  readonly kind?: keyof typeof ENDINGS;
  /** The option that names the main file. Default: `-o`. */
  readonly option?: string;
}

/**
 * Plans the output files, before any work is done: what could not be written later is reported now. What a killed run has
 * left there goes.
 *
 * The main file is the user's choice, and is replaced. External data is named by the model, which may be a stranger's: it
 * replaces nothing, and stays in the folder, clear of hidden files and of links that lead elsewhere.
 *
 * @throws UsageError for what is no file name; FxqError `IO`
 */
export function planOutput(path: string, options: PlanOptions = {}): OutputPlan {
  const { external = [], mayReplace = () => false, kind, option = '-o' } = options;
  if (path === '') throw new UsageError(`${option}: expected the name of a file, got nothing`);
  if (path === '-')
    throw new UsageError(`${option} -: writing to stdout is not possible here; name a file (./- is one of that name)`);
  if (path.endsWith('/') || path.endsWith(sep))
    throw ioError(path, `expected the name of a file, got that of a folder; put a name behind it with ${option}`);
  const folder = dirname(path);
  // One that is not there is made once there is something to write.
  if (statOf(folder, path)?.isDirectory() === false) {
    throw ioError(path, `"${folder}" is no folder, but a file; choose another name with ${option}`);
  }
  recover(dirname(realOf(path)));
  const main: Target = { path, named: { by: option }, mayReplace: true };
  const others = external.map((location): Target => {
    return { path: join(folder, location), named: { beside: path, location }, mayReplace: mayReplace(location) };
  });
  const targets = [main, ...others];
  for (const [i, target] of targets.entries()) {
    checkTarget(target);
    if (targets.slice(0, i).some((other) => resolve(other.path) === resolve(target.path))) {
      throw ioError(target.path, 'the model has external data of this name; choose another name with -o');
    }
  }
  if (kind) checkEnding(path, kind);
  return { targets, paths: targets.map((target) => target.path) };
}

/** Several plans as one: all files appear, or none. */
export function together(...plans: readonly OutputPlan[]): OutputPlan {
  return { targets: plans.flatMap(({ targets }) => targets), paths: plans.flatMap(({ paths }) => paths) };
}

/**
 * Whether a file may be put where it is planned, as things stand: asked when it is planned, and again when it is put there.
 *
 * @throws FxqError `IO`
 */
export function checkTarget({ path, named }: Target): void {
  const stats = statOf(path, path);
  if (stats !== undefined && !stats.isFile()) {
    throw ioError(path, `expected a file name, got ${stats.isDirectory() ? 'a folder' : 'something else'}`);
  }
  if ('by' in named) {
    if (!isInput(path)) return;
    throw ioError(path, `this is an input, which is never overwritten; choose another name with ${named.by}`);
  }
  const { beside, location } = named;
  const hidden = location.split(/[/\\]/).find((part) => part.startsWith('.') || part === 'node_modules');
  if (hidden !== undefined) {
    const what = hidden.startsWith('.') ? 'hidden files and folders' : 'the folder of installed packages';
    throw ioError(
      path,
      `the model names this for its external data, but ${what} are not written to; give the data another name`,
    );
  }
  const folder = realOf(dirname(beside));
  if (dirname(realOf(beside)) !== folder) {
    throw ioError(
      beside,
      'is a link to another folder, where the external data of the model would not lie; name the file itself with -o',
    );
  }
  const real = realOf(path);
  if (!isBelow(folder, real)) {
    throw ioError(
      path,
      `the model has external data of this name, which leads through a link to ${real}, outside of the folder; choose another folder with -o`,
    );
  }
  if (isInput(path)) {
    throw ioError(
      path,
      'the model has external data of this name, and writing beside the input would overwrite it; choose another folder with -o',
    );
  }
}

/** The error of external data that would stand in place of another file. */
export function takenError(path: string): Error {
  return ioError(
    path,
    'exists already, and the model has external data of this name; choose another folder with -o, or replace it with --force',
  );
}

/** Whether there is anything at a path, a link that leads nowhere included. */
export function isTaken(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function statOf(path: string, subject: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (cause) {
    throw ioError(subject, writeProblem(cause, path, 0), cause);
  }
}

/** A name is not to promise something else than what will be written there: the error has one that fits. */
function checkEnding(path: string, kind: keyof typeof ENDINGS): void {
  const ending = extname(path).toLowerCase();
  const fitting = ENDINGS[kind];
  if (ending === fitting || ![...Object.values(ENDINGS), ...OTHERS].includes(ending)) return;
  const what = kind === 'container' ? 'a .fxq container' : 'an ONNX file';
  const hint = kind === 'container' && ending === '.onnx' ? ', of which decode makes an ONNX file again' : '';
  const name = `${path.slice(0, -ending.length)}${fitting}`;
  throw new UsageError(`-o ${path}: ${what} is written${hint}; write -o ${name}`);
}
