import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { xxh32 } from '../../binary/xxh32.js';
import { fieldOf } from '../../guards.js';
import { isBelow, realOf } from './real.js';

/*
 * A run writes in a folder of its own beside its main file, `.fxq-HOST-PROCESS-RANDOM.tmp`. There are files in the making (`0`,
 * the main one, `1` …), and while they are put in place those that were there before (`old-0` …) and a journal. When all is
 * done the folder goes. A folder whose process is no more was left by a run that was killed: the next run takes back what
 * that had begun to put in place, and removes the folder.
 */

const NAME = /^\.fxq-([0-9a-f]{8})-(\d+)-[0-9a-f]{12}\.tmp$/;

/** What nobody has touched for so long, ms, is of a killed run, whoever has its process's number now. */
const FORGOTTEN_MS = 86_400_000;

const HOST = xxh32(new TextEncoder().encode(hostname())).toString(16).padStart(8, '0');

/** The folders of this process that are in use. */
const own = new Set<string>();

/** What is about to be put in place. */
export interface Journal {
  /** The files, the main one first: paths from the folder that the main one is in, with the number of the new file. */
  readonly files: readonly { readonly location: string; readonly inode: string }[];
  /** Folders that are made for them, outer ones first. */
  readonly folders: readonly string[];
}

const JOURNAL = 'journal';

/** Makes a folder to work in. */
export function openWorkshop(folder: string): string {
  const name = `.fxq-${HOST}-${process.pid}-${randomBytes(6).toString('hex')}.tmp`;
  const workshop = join(folder, name);
  mkdirSync(workshop, { mode: 0o700 });
  own.add(name);
  return workshop;
}

export function closeWorkshop(workshop: string): void {
  rmSync(workshop, { recursive: true, force: true });
  for (const name of own) if (workshop.endsWith(name)) own.delete(name);
}

/** Notes what is about to be done, so that it can be taken back whenever the run is killed. */
export function writeJournal(workshop: string, journal: Journal): void {
  const handle = openSync(join(workshop, JOURNAL), 'w');
  try {
    writeFileSync(handle, JSON.stringify(journal));
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Number of a file on its disk: it stays when the file is renamed. */
export function inodeOf(path: string): string | undefined {
  return statSync(path, { bigint: true, throwIfNoEntry: false })?.ino.toString();
}

/** Takes back what killed runs have left half done in a folder, and removes what they have left. */
export function recover(folder: string): void {
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => NAME.test(name));
  } catch {
    return;
  }
  for (const name of names) {
    const workshop = join(folder, name);
    try {
      if (!isLeft(name, workshop)) continue;
      const journal = readJournal(folder, workshop);
      // The main file comes last: once it is in place, all are.
      if (journal && inodeOf(join(workshop, '0')) !== undefined) takeBack(folder, workshop, journal);
      rmSync(workshop, { recursive: true, force: true });
    } catch {
      // Somebody else's, or another run is at it: it stays for the next one.
    }
  }
}

function isLeft(name: string, workshop: string): boolean {
  const [, host, process_] = NAME.exec(name) ?? [];
  if (own.has(name)) return false;
  if (host === HOST && (Number(process_) === process.pid || !isRunning(Number(process_)))) return true;
  const times = [workshop, ...readdirSync(workshop).map((file) => join(workshop, file))].map(
    (path) => statSync(path).mtimeMs,
  );
  return Date.now() - Math.max(...times) > FORGOTTEN_MS;
}

function isRunning(process_: number): boolean {
  try {
    process.kill(process_, 0);
    return true;
  } catch (error) {
    return fieldOf(error, 'code') === 'EPERM';
  }
}

/**
 * Takes back what was put in place so far.
 *
 * @param folder - that the main file is in
 */
export function takeBack(folder: string, workshop: string, journal: Journal): void {
  for (const [i, { location, inode }] of journal.files.entries()) {
    const target = join(folder, location);
    const old = join(workshop, `old-${i}`);
    if (inodeOf(old) !== undefined) renameSync(old, target);
    else if (inodeOf(target) === inode) rmSync(target);
  }
  for (const made of [...journal.folders].reverse()) {
    try {
      rmdirSync(join(folder, made));
    } catch {
      // It was never made, or something else has been put there in the meantime: that stays.
    }
  }
}

/** A journal leads nowhere but into its own folder, whoever has written it. */
function readJournal(folder: string, workshop: string): Journal | undefined {
  try {
    const { files, folders } = JSON.parse(readFileSync(join(workshop, JOURNAL), 'utf8')) as Journal;
    const paths = [...files.map(({ location }) => location), ...folders];
    const isSound = paths.every((path) => isBelow(realOf(folder), realOf(join(folder, path))));
    return isSound ? { files, folders } : undefined;
  } catch {
    return undefined;
  }
}
