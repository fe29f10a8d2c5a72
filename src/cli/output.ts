import {
  closeSync,
  existsSync,
  fchmodSync,
  fsyncSync,
  mkdirSync,
  openSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  type Stats,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { FxqError } from '../errors.js';

/** Most that one system call writes: some systems stop at 2 GiB. */
const WRITE_BYTES = 1 << 30;

/** Where a result of one or several files goes. Nothing is written before {@link startOutput}. */
export interface OutputPlan {
  /** Paths as the user would write them, the main file first. */
  readonly paths: readonly string[];
}

/** Files in the making: all of them appear under their names when all are complete, or none does. */
export interface Output {
  /** Appends to a file, by its index in the plan. */
  write(file: number, bytes: Uint8Array): void;
  /** Puts the files in place of whatever was there. */
  commit(): void;
  /** Removes everything that was written; after `commit` there is nothing to remove. */
  discard(): void;
}

/**
 * Plans the output files, before any work is done: what cannot be written later is told now.
 *
 * @param path - the main file
 * @param names - relative paths of the files beside it (external data), as the model names them
 * @param inputs - files that must not be overwritten
 * @throws FxqError `IO`
 */
export function planOutput(path: string, names: readonly string[], inputs: readonly string[]): OutputPlan {
  const folder = dirname(path);
  if (statOf(folder)?.isDirectory() !== true) {
    throw ioError(path, `the folder "${folder}" does not exist; create it first`);
  }
  const paths = [path, ...names.map((name) => join(folder, name))];
  for (const [i, target] of paths.entries()) {
    const stats = statOf(target);
    if (stats !== undefined && !stats.isFile()) {
      throw ioError(target, `expected a file name, got ${stats.isDirectory() ? 'a folder' : 'something else'}`);
    }
    const taken = inputs.find((input) => isSame(input, target));
    if (taken !== undefined && i === 0) {
      throw ioError(target, 'this is an input, which is never overwritten; choose another name with -o');
    }
    if (taken !== undefined) {
      throw ioError(
        target,
        `the model has external data of this name, and writing beside the input would overwrite it; choose another folder with -o`,
      );
    }
    if (paths.slice(0, i).some((other) => resolve(other) === resolve(target))) {
      throw ioError(target, `the model has external data of this name; choose another name with -o`);
    }
  }
  return { paths };
}

/**
 * Opens temporary files beside the planned ones.
 *
 * @throws FxqError `IO`, also from the methods of what is returned
 */
export function startOutput({ paths }: OutputPlan): Output {
  const files: { target: string; temporary: string; handle: number | undefined }[] = [];
  const folders: string[] = [];
  const discard = () => {
    for (const file of files.splice(0)) {
      if (file.handle !== undefined) closeSync(file.handle);
      rmSync(file.temporary, { force: true });
    }
    for (const folder of folders.splice(0).reverse()) {
      try {
        rmdirSync(folder);
      } catch {
        // Something else has been put there in the meantime: it stays.
      }
    }
  };
  const guarded = <T>(path: string, work: () => T): T => {
    try {
      return work();
    } catch (cause) {
      discard();
      throw ioError(path, writeProblem(cause), cause);
    }
  };
  for (const path of paths) {
    guarded(path, () => {
      makeFolders(dirname(path), folders);
      // A link stays a link: what it leads to is replaced.
      const target = existsSync(path) ? realpathSync(path) : path;
      const suffix = `${process.pid}.${Math.random().toString(36).slice(2, 8)}`;
      const temporary = join(dirname(target), `.${basename(target)}.${suffix}.tmp`);
      const handle = openSync(temporary, 'wx');
      files.push({ target, temporary, handle });
      const before = statOf(target);
      if (before !== undefined) fchmodSync(handle, before.mode);
    });
  }
  return {
    write(file, bytes) {
      guarded(paths[file], () => {
        const { handle } = files[file];
        for (let at = 0; at < bytes.length; ) {
          at += writeSync(handle as number, bytes, at, Math.min(WRITE_BYTES, bytes.length - at));
        }
      });
    },
    commit() {
      for (const [i, file] of files.entries()) {
        guarded(paths[i], () => {
          fsyncSync(file.handle as number);
          closeSync(file.handle as number);
          file.handle = undefined;
        });
      }
      // The main file last: while it is the old one, so is the model that a reader sees.
      for (const [i, { temporary, target }] of [...files.entries()].reverse()) {
        guarded(paths[i], () => renameSync(temporary, target));
      }
      files.length = 0;
      folders.length = 0;
    },
    discard,
  };
}

/** Creates a folder and those above it that are missing, and notes which. */
function makeFolders(folder: string, made: string[]): void {
  const first = mkdirSync(folder, { recursive: true });
  if (first === undefined) return;
  made.push(first);
  let at = first;
  for (const part of relative(first, resolve(folder)).split(sep).filter(Boolean)) {
    at = join(at, part);
    made.push(at);
  }
}

function isSame(a: string, b: string): boolean {
  if (resolve(a) === resolve(b)) return true;
  const [first, second] = [statOf(a), statOf(b)];
  return first !== undefined && second !== undefined && first.ino === second.ino && first.dev === second.dev;
}

function statOf(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false });
}

function writeProblem(cause: unknown): string {
  const { code, message } = cause as NodeJS.ErrnoException;
  if (code === 'ENOSPC') return 'no space is left on the disk; nothing was kept';
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS')
    return 'may not be written; check the permissions of its folder';
  return `cannot be written (${message})`;
}

function ioError(path: string, problem: string, cause?: unknown): FxqError {
  return new FxqError('IO', `${path}: ${problem}`, { file: path, ...(cause === undefined ? {} : { cause }) });
}
