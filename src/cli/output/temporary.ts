import { readSync } from 'node:fs';
import { present } from '../../guards.js';
import { ioError, writeProblem } from './errors.js';
import type { Target } from './plan.js';

/** Most that one system call writes or reads: some systems stop at 2 GiB. */
export const CALL_BYTES = 1 << 30;

/** Bytes that are copied or compared at a time. */
export const COPY_BYTES = 1 << 20;

/** A main file with its external data, which are made in one workshop. */
export interface Group {
  /** Where the main file goes, links followed. */
  readonly folder: string;
  readonly workshop: string;
  readonly files: Temporary[];
}

/** A file in the making. */
export interface Temporary {
  readonly target: Target;
  /** Where it goes, links followed. */
  readonly place: string;
  readonly temporary: string;
  handle: number | undefined;
  size: number;
}

/** Does something with a file; what goes wrong is reported in a sentence. */
export function reported<T>({ target, size }: Pick<Temporary, 'target' | 'size'>, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw ioError(target.path, writeProblem(cause, target.path, size), cause);
  }
}

/** Reads bytes of an open file, all of them. */
export function readBack(path: string, handle: number | undefined, start: number, end: number): Uint8Array {
  const bytes = new Uint8Array(end - start);
  let at = 0;
  while (at < bytes.length) {
    const read = readSync(present(handle), bytes, at, Math.min(CALL_BYTES, bytes.length - at), start + at);
    if (read === 0) throw ioError(path, `has become shorter while it was written (byte ${start + at})`);
    at += read;
  }
  return bytes;
}
