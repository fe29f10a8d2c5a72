import { AsyncLocalStorage } from 'node:async_hooks';
import { realpathSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { watchOpening } from '../onnx/opening.js';

/** The files that a run has read so far. A file is known by what it is, and by where it is: links lead to the same. */
class Inputs {
  readonly #identities = new Set<string>();
  readonly #places = new Set<string>();

  add(path: string): void {
    const identity = identityOf(path);
    if (identity !== undefined) this.#identities.add(identity);
    this.#places.add(placeOf(path));
  }

  has(path: string): boolean {
    return this.#places.has(placeOf(path)) || this.#identities.has(identityOf(path) ?? '');
  }
}

const running = new AsyncLocalStorage<Inputs | undefined>();

watchOpening(noteInput);

/** Does the work of a run: every file that is opened meanwhile is one of its inputs. */
export function withInputs<T>(work: () => T): T {
  return running.run(new Inputs(), work);
}

/** Does work whose files are the run's own, and no inputs. */
export function withoutInputs<T>(work: () => T): T {
  return running.run(undefined, work);
}

/** Notes a file that is read by other ways than those of `onnx/files.ts`. */
export function noteInput(path: string): void {
  running.getStore()?.add(path);
}

/** Whether this run has read the file at a path, by whatever name, link or hard link. */
export function isInput(path: string): boolean {
  return running.getStore()?.has(path) ?? false;
}

/** Device and number of the file; `undefined` where there is none. */
function identityOf(path: string): string | undefined {
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}

function placeOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return resolve(path);
  }
}
