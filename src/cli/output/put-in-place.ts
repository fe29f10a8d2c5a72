import { closeSync, mkdirSync, openSync, renameSync, statSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { checkTarget, isTaken, takenError } from './plan.js';
import { COPY_BYTES, type Group, readBack, reported, type Temporary } from './temporary.js';
import { inodeOf, type Journal, takeBack, writeJournal } from './workshop.js';

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
export function putAllInPlace(groups: readonly Group[]): void {
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
