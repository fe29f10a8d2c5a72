import {
  closeSync,
  fchmodSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import type { SectionStore } from '../../container/write/sections.js';
import { FxqError } from '../../errors.js';
import { present } from '../../guards.js';
import type { ByteSource } from '../../model/model.js';
import { ioError, writeProblem } from './errors.js';
import { makeFolder } from './folder.js';
import { checkTarget, isTaken, type OutputPlan, type Target, takenError } from './plan.js';
import { realOf } from './real.js';
import { closeWorkshop, inodeOf, type Journal, openWorkshop, takeBack, writeJournal } from './workshop.js';

/** Most that one system call writes: some systems stop at 2 GiB. */
const WRITE_BYTES = 1 << 30;

/** Bytes that are copied from file to file at a time. */
const COPY_BYTES = 1 << 20;

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

/** A main file with its external data, which are made in one workshop. */
interface Group {
  /** Where the main file goes, links followed. */
  readonly folder: string;
  readonly workshop: string;
  readonly files: Temporary[];
}

/** A file in the making. */
interface Temporary {
  readonly target: Target;
  /** Where it goes, links followed. */
  readonly place: string;
  readonly temporary: string;
  handle: number | undefined;
  size: number;
}

/**
 * Opens temporary files for the planned ones.
 *
 * @throws FxqError `IO`, also from the methods of what is returned
 */
export function startOutput({ targets }: OutputPlan): Output {
  const groups: Group[] = [];
  const files: Temporary[] = [];
  const scratches: Temporary[] = [];
  const unmake: (() => void)[] = [];
  /** Bytes in all temporary files. */
  let total = 0;
  const discard = () => {
    for (const file of [...files, ...scratches]) close(file);
    for (const { workshop } of groups.splice(0)) closeWorkshop(workshop);
    for (const remove of unmake.splice(0).reverse()) remove();
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
  const append = (file: Temporary, bytes: Uint8Array) => {
    const write = () => {
      for (let at = 0; at < bytes.length; ) {
        at += writeSync(present(file.handle), bytes, at, Math.min(WRITE_BYTES, bytes.length - at), file.size + at);
      }
    };
    guarded(file.target.path, write, bytes.length);
    file.size += bytes.length;
    total += bytes.length;
  };
  for (const target of targets) {
    guarded(target.path, () => {
      const place = realOf(target.path);
      if ('by' in target.named) {
        const folder = dirname(place);
        unmake.push(makeFolder(folder));
        groups.push({ folder, workshop: openWorkshop(folder), files: [] });
      }
      const group = groups[groups.length - 1];
      const file = openTemporary(target, place, join(group.workshop, String(group.files.length)));
      group.files.push(file);
      files.push(file);
      const before = statSync(place, { throwIfNoEntry: false });
      if (before !== undefined) fchmodSync(present(file.handle), before.mode);
    });
  }
  return {
    write(file, bytes) {
      append(files[file], bytes);
    },
    written(file) {
      const { target, handle, size } = files[file];
      return { name: target.path, size, read: (start, end) => readBack(target.path, handle, start, end) };
    },
    scratch() {
      const [{ target, place }] = files;
      const path = join(groups[0].workshop, `scratch-${scratches.length}`);
      const file = guarded(target.path, () => openTemporary(target, place, path));
      scratches.push(file);
      const read = (start: number, end: number) => readBack(target.path, file.handle, start, end);
      return {
        get size() {
          return file.size;
        },
        append: (bytes) => append(file, bytes),
        read,
        *all() {
          for (let at = 0; at < file.size; at += COPY_BYTES) yield read(at, Math.min(file.size, at + COPY_BYTES));
        },
      };
    },
    commit() {
      try {
        for (const file of files) {
          reported(file, () => fsyncSync(present(file.handle)));
          close(file);
        }
        putAllInPlace(groups);
      } finally {
        discard();
      }
    },
    discard,
  };
}

function openTemporary(target: Target, place: string, temporary: string): Temporary {
  return { target, place, temporary, handle: openSync(temporary, 'wx+'), size: 0 };
}

function close(file: Temporary): void {
  if (file.handle !== undefined) closeSync(file.handle);
  file.handle = undefined;
}

/** The files that are not there yet as they are to be: external data that is there already, byte for byte, is left alone. */
function changedFiles({ files }: Group): Temporary[] {
  return files.filter(({ target, temporary }) => {
    checkTarget(target);
    if (target.mayReplace || !isTaken(target.path)) return true;
    if (!isSameFile(temporary, target.path)) throw takenError(target.path);
    return false;
  });
}

/** Puts files in place, the main ones last: up to then everything can be taken back, by whoever finds what is left. */
function putAllInPlace(groups: readonly Group[]): void {
  const changed = groups.map((group) => ({ ...group, files: changedFiles(group) }));
  const begun: [Group, Journal][] = [];
  try {
    for (const group of changed) {
      const journal = journalOf(group);
      begun.push([group, journal]);
      if (group.files.length > 1) prepare(group, journal);
    }
    for (const { files } of changed) for (const file of files.slice(1)) putInPlace(file);
    for (const { files } of changed.reverse()) putInPlace(files[0]);
  } catch (error) {
    for (const [{ folder, workshop }, journal] of begun) takeBack(folder, workshop, journal);
    throw error;
  }
}

function journalOf({ folder, files }: Group): Journal {
  const missing = new Set<string>();
  for (const { place } of files) {
    for (let at = dirname(place); at.length > folder.length && !isTaken(at); at = dirname(at)) missing.add(at);
  }
  const from = (path: string) => relative(folder, path).split(sep).join('/');
  return {
    files: files.map(({ place, temporary }) => ({ location: from(place), inode: inodeOf(temporary) ?? '' })),
    folders: [...missing].sort((a, b) => a.length - b.length).map(from),
  };
}

/** Makes folders, and has what is to be replaced step aside, the main file first: nobody ever sees it with another's data. */
function prepare({ folder, workshop, files }: Group, journal: Journal): void {
  reported(files[0], () => writeJournal(workshop, journal));
  for (const made of journal.folders) reported(files[0], () => mkdirSync(join(folder, made)));
  const isReplaced = files.map(({ place }) => isTaken(place));
  // New data disturbs no model that is there: then the main file is replaced in one step.
  if (!isReplaced.slice(1).includes(true)) return;
  for (const [i, file] of files.entries()) {
    if (isReplaced[i]) reported(file, () => renameSync(file.place, join(workshop, `old-${i}`)));
  }
}

function putInPlace(file: Temporary): void {
  reported(file, () => renameSync(file.temporary, file.place));
}

/** Does something with a file; what goes wrong is reported in a sentence. */
function reported<T>({ target, size }: Pick<Temporary, 'target' | 'size'>, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw ioError(target.path, writeProblem(cause, target.path, size), cause);
  }
}

function isSameFile(a: string, b: string): boolean {
  const [size, other] = [a, b].map((path) => statSync(path, { throwIfNoEntry: false })?.size);
  if (size === undefined || size !== other) return false;
  const handles = [a, b].map((path) => openSync(path, 'r'));
  try {
    for (let at = 0; at < size; at += COPY_BYTES) {
      const [one, two] = handles.map((handle) => readBack(a, handle, at, Math.min(size, at + COPY_BYTES)));
      if (Buffer.compare(one, two) !== 0) return false;
    }
    return true;
  } finally {
    for (const handle of handles) closeSync(handle);
  }
}

function readBack(path: string, handle: number | undefined, start: number, end: number): Uint8Array {
  const bytes = new Uint8Array(end - start);
  let at = 0;
  while (at < bytes.length) {
    const read = readSync(present(handle), bytes, at, Math.min(WRITE_BYTES, bytes.length - at), start + at);
    if (read === 0) throw ioError(path, `has become shorter while it was written (byte ${start + at})`);
    at += read;
  }
  return bytes;
}
