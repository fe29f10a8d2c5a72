import {
  closeSync,
  existsSync,
  fchmodSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  type Stats,
  statfsSync,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import type { SectionStore } from '../container/write/sections.js';
import { FxqError } from '../errors.js';
import type { ByteSource } from '../model/model.js';

/** Most that one system call writes: some systems stop at 2 GiB. */
const WRITE_BYTES = 1 << 30;

/** Bytes that are copied from file to file at a time. */
const COPY_BYTES = 1 << 20;

/** Where a result of one or several files goes. Nothing is written before {@link startOutput}. */
export interface OutputPlan {
  /** Paths as the user would write them, the main file first. */
  readonly paths: readonly string[];
}

/** Files in the making: all of them appear under their names when all are complete, or none does. */
export interface Output {
  /** Appends to a file, by its index in the plan. */
  write(file: number, bytes: Uint8Array): void;
  /** What was written to a file so far, to be read again. */
  written(file: number): ByteSource;
  /** A file for what has to wait before it can be written; it goes with `commit` and `discard`. */
  scratch(): SectionStore;
  /** Puts the files in place of whatever was there. */
  commit(): void;
  /** Removes everything that was written; after `commit` there is nothing to remove. */
  discard(): void;
}

/**
 * Plans the output files, before any work is done: what could not be written later is reported now.
 *
 * @param path - the main file
 * @param names - relative paths of the files beside it (external data), as the model names them
 * @param inputs - files that must not be overwritten
 * @param option - that names the main file
 * @throws FxqError `IO`
 */
export function planOutput(
  path: string,
  names: readonly string[],
  inputs: readonly string[],
  option = '-o',
): OutputPlan {
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
      throw ioError(target, `this is an input, which is never overwritten; choose another name with ${option}`);
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
  const files: Temporary[] = [];
  const scratches: Temporary[] = [];
  const folders: string[] = [];
  /** Bytes in all temporary files. */
  let total = 0;
  const discard = () => {
    for (const { handle, temporary } of [...files.splice(0), ...scratches.splice(0)]) {
      if (handle !== undefined) closeSync(handle);
      rmSync(temporary, { force: true });
    }
    for (const folder of folders.splice(0).reverse()) {
      try {
        rmdirSync(folder);
      } catch {
        // Something else has been put there in the meantime: it stays.
      }
    }
  };
  const guarded = <T>(path: string, work: () => T, more = 0): T => {
    try {
      return work();
    } catch (cause) {
      if (cause instanceof FxqError) throw cause;
      discard();
      throw ioError(path, writeProblem(cause, path, total + more), cause);
    }
  };
  const append = (path: string, file: Temporary, bytes: Uint8Array) => {
    const write = () => {
      for (let at = 0; at < bytes.length; ) {
        at += writeSync(file.handle as number, bytes, at, Math.min(WRITE_BYTES, bytes.length - at), file.size + at);
      }
    };
    guarded(path, write, bytes.length);
    file.size += bytes.length;
    total += bytes.length;
  };
  for (const path of paths) {
    guarded(path, () => {
      makeFolders(dirname(path), folders);
      // A link stays a link: what it leads to is replaced.
      const target = existsSync(path) ? realpathSync(path) : path;
      const file = openTemporary(target);
      files.push(file);
      const before = statOf(target);
      if (before !== undefined) fchmodSync(file.handle as number, before.mode);
    });
  }
  return {
    write(file, bytes) {
      append(paths[file], files[file], bytes);
    },
    written(file) {
      const { handle, size } = files[file];
      return { name: paths[file], size, read: (start, end) => readBack(paths[file], handle, start, end) };
    },
    scratch() {
      const [path] = paths;
      const file = guarded(path, () => openTemporary(files[0].target));
      scratches.push(file);
      return {
        get size() {
          return file.size;
        },
        append: (bytes) => append(path, file, bytes),
        read: (start, end) => readBack(path, file.handle, start, end),
        *all() {
          for (let at = 0; at < file.size; at += COPY_BYTES) {
            yield readBack(path, file.handle, at, Math.min(file.size, at + COPY_BYTES));
          }
        },
      };
    },
    commit() {
      for (const [i, file] of files.entries()) {
        guarded(paths[i], () => {
          fsyncSync(file.handle as number);
          closeSync(file.handle as number);
          file.handle = undefined;
        });
      }
      replaceAll(files, (i, work) => guarded(paths[i], work));
      files.length = 0;
      folders.length = 0;
      discard();
    },
    discard,
  };
}

/** A file in the making. */
interface Temporary {
  /** What it is to become. */
  readonly target: string;
  readonly temporary: string;
  handle: number | undefined;
  size: number;
}

function openTemporary(target: string): Temporary {
  const temporary = besides(target);
  return { target, temporary, handle: openSync(temporary, 'wx+'), size: 0 };
}

/** A new name beside a file. */
function besides(path: string): string {
  const suffix = `${process.pid}.${Math.random().toString(36).slice(2, 8)}`;
  return join(dirname(path), `.${basename(path)}.${suffix}.tmp`);
}

/**
 * Renames all files to what they are to become. Where there are several, those that were there before step aside, the main
 * file first, and the main file comes last: who is killed in between leaves no model, never one with another's data.
 */
function replaceAll(files: readonly Temporary[], guarded: (file: number, work: () => void) => void): void {
  const aside: { target: string; before: string }[] = [];
  const placed: string[] = [];
  try {
    for (const [i, { target }] of files.entries()) {
      if (files.length === 1 || !statOf(target)?.isFile()) continue;
      const before = besides(target);
      guarded(i, () => renameSync(target, before));
      aside.push({ target, before });
    }
    for (const [i, { temporary, target }] of [...files.entries()].reverse()) {
      guarded(i, () => renameSync(temporary, target));
      placed.push(target);
    }
  } catch (error) {
    for (const target of placed) rmSync(target, { force: true });
    for (const { target, before } of aside.reverse()) renameSync(before, target);
    throw error;
  }
  for (const { before } of aside) rmSync(before, { force: true });
}

function readBack(path: string, handle: number | undefined, start: number, end: number): Uint8Array {
  const bytes = new Uint8Array(end - start);
  let at = 0;
  while (at < bytes.length) {
    const read = readSync(handle as number, bytes, at, Math.min(WRITE_BYTES, bytes.length - at), start + at);
    if (read === 0) throw ioError(path, `has become shorter while it was written (byte ${start + at})`);
    at += read;
  }
  return bytes;
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

/** @param needed - bytes that would have been on the disk by now */
function writeProblem(cause: unknown, path: string, needed: number): string {
  const { code, message } = cause as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    const free = code === 'ENOSPC' ? freeBytes(path) : undefined;
    const there = free === undefined ? '' : `, ${free} are free`;
    return `no space is left on the disk: at least ${needed} bytes are needed${there}; make room or choose another folder with -o (nothing was kept)`;
  }
  if (code === 'EFBIG') {
    return `becomes larger than a file may be there (ulimit -f, or the kind of the disk): at least ${needed} bytes are needed; raise the limit or choose another folder with -o (nothing was kept)`;
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS')
    return 'may not be written; check the permissions of its folder';
  return `cannot be written (${message})`;
}

function freeBytes(path: string): number | undefined {
  try {
    const { bavail, bsize } = statfsSync(dirname(path));
    return bavail * bsize;
  } catch {
    return undefined;
  }
}

function ioError(path: string, problem: string, cause?: unknown): FxqError {
  return new FxqError('IO', `${path}: ${problem}`, { file: path, ...(cause === undefined ? {} : { cause }) });
}
