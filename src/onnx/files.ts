/** The one file here that touches the disk: a model with the external data files that lie around it. */
import { closeSync, constants, fstatSync, openSync, readSync, realpathSync, type Stats, statSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { FxqError } from '../errors.js';
import { fieldOf, messageOf } from '../guards.js';
import type { ByteSource, Model } from '../model/model.js';
import { openOnnx } from './open.js';
import { tellOpening } from './opening.js';

/** A model on disk. Its external data is read tensor by tensor, so the files stay open until `close` is called. */
export interface OpenedFile {
  readonly model: Model;
  /** Paths of all files of the model, the model file first. */
  readonly paths: readonly string[];
  close(): void;
}

/** A file on disk, read part by part, each into memory of its own. It stays open until `close` is called. */
export interface DiskFile extends ByteSource {
  read(start: number, end: number): Uint8Array<ArrayBuffer>;
  close(): void;
}

/** Most that one system call reads: some systems stop at 2 GiB. */
const READ_BYTES = 1 << 30;

/**
 * Opens an ONNX file from disk. Of all its files only what is asked for is read, so that models larger than memory pass
 * through.
 *
 * @param main - the model file, where the caller has opened it already; it is closed with the model
 * @throws FxqError `IO` for the model file, `EXTERNAL_DATA` for the files beside it, else what {@link openOnnx} throws
 *
 * @example
 * const { model, close } = openOnnxFile('models/large.onnx');
 * try {
 *   for (const tensor of model.tensors) console.log(tensor.name, tensor.payload.read().length);
 * } finally {
 *   close();
 * }
 */
export function openOnnxFile(path: string, main: DiskFile = openFile(path)): OpenedFile {
  const paths = [path];
  const opened: DiskFile[] = [main];
  const close = () => {
    for (const file of opened.splice(0)) file.close();
  };
  const external = (location: string) => {
    const target = join(dirname(path), location);
    const file = openExternal(path, target, location);
    if (file === undefined) return undefined;
    opened.push(file);
    paths.push(target);
    return file;
  };
  try {
    return { model: openOnnx(main, { external }), paths, close };
  } catch (error) {
    close();
    throw error;
  }
}

/**
 * Opens a file of any size.
 *
 * @throws FxqError `IO` that says what to do, also from `read`
 */
export function openFile(path: string): DiskFile {
  let handle: number | undefined;
  try {
    const opened = openRegular(path);
    if (typeof opened === 'string') throw new FxqError('IO', `${path}: expected a file, got ${opened}`, { file: path });
    handle = opened.handle;
    tellOpening(path);
    return diskFile(path, handle, opened.size, (problem, cause) => {
      return new FxqError('IO', `${path}: ${problem}`, { file: path, cause });
    });
  } catch (error) {
    if (handle !== undefined) closeSync(handle);
    throw error instanceof FxqError ? error : unreadable(path, error);
  }
}

/**
 * Reads a file, of any size that memory holds.
 *
 * @throws FxqError `IO` that says what to do
 */
export function readWhole(path: string): Uint8Array<ArrayBuffer> {
  const file = openFile(path);
  try {
    return file.read(0, file.size);
  } finally {
    file.close();
  }
}

function openExternal(model: string, target: string, location: string): DiskFile | undefined {
  let real: string;
  try {
    real = realpathSync(target);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw externalError(location, `cannot be read (${messageOf(error)})`, error);
  }
  // The folder the model was named in, and the one its file is really in: a cache of links has both.
  const folders = [realpathSync(dirname(model)), dirname(realpathSync(model))];
  if (!folders.some((folder) => real.startsWith(folder.endsWith(sep) ? folder : folder + sep))) {
    throw externalError(location, "leads outside of the model's folder; put the file itself beside the model");
  }
  let file: number | undefined;
  try {
    const opened = openRegular(real);
    if (typeof opened === 'string') throw externalError(location, `expected a file, got ${opened}`);
    file = opened.handle;
    tellOpening(real);
    return diskFile(location, file, opened.size, (problem, cause) => externalError(location, problem, cause));
  } catch (error) {
    if (file !== undefined) closeSync(file);
    throw error instanceof FxqError ? error : externalError(location, `cannot be read (${messageOf(error)})`, error);
  }
}

/**
 * Opens what is a file, and nothing else: to open a pipe waits for somebody who writes into it, and devices do what they like.
 * It is looked at again once it is open, without waiting, in case it has become something else.
 *
 * @returns what it is, where it is no file
 */
function openRegular(path: string): { handle: number; size: number } | string {
  const before = statSync(path);
  if (!before.isFile()) return kindOf(before);
  const handle = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  const stats = fstatSync(handle);
  if (stats.isFile()) return { handle, size: stats.size };
  closeSync(handle);
  return kindOf(stats);
}

/** @param error - makes the error of a read that fails */
function diskFile(
  name: string,
  handle: number,
  size: number,
  error: (problem: string, cause?: unknown) => FxqError,
): DiskFile {
  let isOpen = true;
  return {
    name,
    size,
    isFresh: true,
    read(start, end) {
      // A handle that is closed may be another file's by now.
      if (!isOpen) throw error('is closed already');
      let bytes: Uint8Array<ArrayBuffer>;
      let read: number;
      try {
        bytes = new Uint8Array(end - start);
        read = readInto(handle, bytes, start);
      } catch (cause) {
        throw error(`cannot be read (${messageOf(cause)})`, cause);
      }
      if (read < bytes.length) throw error(`has become shorter while it was read (byte ${start + read})`);
      return bytes;
    },
    close() {
      if (isOpen) closeSync(handle);
      isOpen = false;
    },
  };
}

/** Fills `bytes` from `position` on; fewer than that many were read where the file ends before. */
function readInto(file: number, bytes: Uint8Array, position: number): number {
  let at = 0;
  while (at < bytes.length) {
    const read = readSync(file, bytes, at, Math.min(READ_BYTES, bytes.length - at), position + at);
    if (read === 0) break;
    at += read;
  }
  return at;
}

function unreadable(path: string, cause: unknown): FxqError {
  const code = fieldOf(cause, 'code');
  const problem =
    code === 'ENOENT' || code === 'ENOTDIR'
      ? 'no such file; check the path'
      : code === 'EACCES' || code === 'EPERM'
        ? 'may not be read; check its permissions'
        : `cannot be read (${messageOf(cause)})`;
  return new FxqError('IO', `${path}: ${problem}`, { file: path, cause });
}

function externalError(location: string, problem: string, cause?: unknown): FxqError {
  return new FxqError('EXTERNAL_DATA', `external data file "${location}": ${problem}`, { file: location, cause });
}

function isMissing(error: unknown): boolean {
  const code = fieldOf(error, 'code');
  return code === 'ENOENT' || code === 'ENOTDIR';
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'a folder';
  return stats.isFIFO() ? 'a pipe' : 'something that is no regular file';
}
