import { closeSync, fchmodSync, fsyncSync, openSync, statSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { SectionStore } from '../../container/write/sections.js';
import { FxqError } from '../../errors.js';
import { present } from '../../guards.js';
import type { ByteSource } from '../../model/model.js';
import { ioError, writeProblem } from './errors.js';
import { makeFolder } from './folder.js';
import type { OutputPlan, Target } from './plan.js';
import { putAllInPlace } from './put-in-place.js';
import { realOf } from './real.js';
import { CALL_BYTES, COPY_BYTES, type Group, readBack, reported, type Temporary } from './temporary.js';
import { closeWorkshop, openWorkshop } from './workshop.js';

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
        at += writeSync(present(file.handle), bytes, at, Math.min(CALL_BYTES, bytes.length - at), file.size + at);
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
