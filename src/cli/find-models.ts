import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, join, sep } from 'node:path';
import { FxqError } from '../errors.js';
import { globs } from '../model/selectors.js';

/** The name of stdin among inputs, and of stdout as an output. */
export const PIPE = '-';

/** A file that a command line names. */
export interface FoundFile {
  readonly path: string;
  /** Where it lies below the folder that was named; its own name otherwise. */
  readonly below: string;
}

/**
 * The files that words of a command line name: files themselves, `-`, what lies in folders, and what globs stand for where the shell
 * has left them alone. Hidden folders and those of installed packages are not looked into.
 *
 * @param ending - of the files that are looked for in folders
 * @throws FxqError `IO` for a folder without any, and for a glob that stands for nothing
 */
export function findFiles(words: readonly string[], ending: string): FoundFile[] {
  const found = words.flatMap((word) => {
    if (word === PIPE) return [{ path: word, below: word }];
    if (existsSync(word)) return statSync(word).isDirectory() ? inFolder(word, ending) : [asItself(word)];
    // What is missing is reported when it is opened.
    return /[*?]/.test(word) ? byGlob(word) : [asItself(word)];
  });
  return found.filter(({ path }, i) => found.findIndex((other) => other.path === path) === i);
}

function asItself(path: string): FoundFile {
  return { path, below: basename(path) };
}

function inFolder(folder: string, ending: string): FoundFile[] {
  const files = walk(folder).filter((path) => path.toLowerCase().endsWith(ending));
  if (files.length === 0) {
    throw new FxqError('IO', `${folder}: expected a file or a folder with ${ending} files, found none`, {
      file: folder,
    });
  }
  return files.map((path) => ({ path: join(folder, path), below: path }));
}

/** Files below a folder, by their paths from it. */
function walk(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap(({ name }) => {
      if (name.startsWith('.') || name === 'node_modules') return [];
      const path = join(folder, name);
      const stats = statSync(path, { throwIfNoEntry: false });
      if (stats?.isDirectory()) return walk(path).map((below) => join(name, below));
      return stats?.isFile() ? [name] : [];
    });
}

/** Files whose path a glob stands for: `*` and `?` within a name, `**` for folders and none. */
function byGlob(glob: string): FoundFile[] {
  const parts = glob.split(/[\\/]/);
  const fixed = parts.findIndex((part) => /[*?]/.test(part));
  const root = parts.slice(0, fixed).join(sep) || (glob.startsWith('/') ? sep : '.');
  const files = existsSync(root) ? walk(root) : [];
  const wanted = parts.slice(fixed);
  const found = files.filter((path) => isMatch(wanted, path.split(sep)));
  if (found.length === 0) throw new FxqError('IO', `${glob}: no file has such a name; check the path`, { file: glob });
  return found.map((path) => asItself(root === '.' ? path : join(root, path)));
}

function isMatch([part, ...parts]: readonly string[], names: readonly string[]): boolean {
  if (part === undefined) return names.length === 0;
  if (part === '**') return isMatch(parts, names) || (names.length > 0 && isMatch([part, ...parts], names.slice(1)));
  return names.length > 0 && globs([...part], [...names[0]]) && isMatch(parts, names.slice(1));
}
