import { existsSync, rmSync } from 'node:fs';
import { Xxh32 } from '../binary/xxh32.js';
import { FxqError } from '../errors.js';
import { fieldOf } from '../guards.js';
import type { Model } from '../model/model.js';
import { readWhole } from '../onnx/files.js';
import { withoutInputs } from './inputs.js';
import { planOutput } from './output/plan.js';
import { writeWhole } from './output/write.js';
import { version } from './version.js';

/** What has been tried, kept in a file beside the output, so that a search that is stopped can go on. */
export interface SearchLog<T> {
  readonly known: readonly T[];
  /** @param isDear - whether it took long: what is cheap is written down with what comes later */
  add(tried: T, isDear?: boolean): void;
  /** Removes the file, once there is nothing to go on with. */
  end(): void;
}

/** How such a file begins. */
const KIND = 'fxq-compress search';

/** For what is cheap the file is written no more often than this, in milliseconds. */
const PAUSE = 1000;

/**
 * @param path - of the file, which is read where it is there
 * @param search - what tells this search from others: its model, and its options as text
 * @throws FxqError `CONFIG` where the file is of another search, or none of a search
 */
export function openSearchLog<T>(
  path: string,
  search: { readonly model: Model; readonly options: string },
): SearchLog<T> {
  const identity = identityOf(search);
  const known: readonly T[] = existsSync(path) ? triedIn(path, identity) : [];
  const plan = planOutput(path);
  const tried: T[] = [];
  let writtenAt = Number.NEGATIVE_INFINITY;
  return {
    known,
    add(each, isDear = true) {
      tried.push(each);
      // Of what is known already the file has more than that.
      if (tried.length <= known.length || (!isDear && performance.now() < writtenAt + PAUSE)) return;
      const text = JSON.stringify({ kind: KIND, identity, points: tried }, named, 1);
      writeWhole(plan, new TextEncoder().encode(`${text}\n`));
      writtenAt = performance.now();
    },
    end: () => rmSync(path, { force: true }),
  };
}

function triedIn<T>(path: string, identity: string): readonly T[] {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(withoutInputs(() => readWhole(path))), numbered);
  } catch {
    json = undefined;
  }
  const points = fieldOf(json, 'points');
  if (fieldOf(json, 'kind') !== KIND || !Array.isArray(points)) {
    const message = `${path}: exists already and is not of a search, which is where it would keep what it has tried; choose another name with -o`;
    throw new FxqError('CONFIG', message, { file: path });
  }
  if (fieldOf(json, 'identity') !== identity) {
    const message = `${path}: is of a search with another model or other options; repeat those with --resume, or delete the file`;
    throw new FxqError('CONFIG', message, { file: path });
  }
  return points;
}

/** JSON has no infinities, and losses have. */
function named(_: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}

function numbered(_: string, value: unknown): unknown {
  return value === 'Infinity' || value === '-Infinity' || value === 'NaN' ? Number(value) : value;
}

/** A number that another model, other options or another version of this program would hardly have. */
function identityOf({ model, options }: { readonly model: Model; readonly options: string }): string {
  const hash = new Xxh32().update(new TextEncoder().encode(`${version()}\n${options}`));
  for (const { name, payload } of model.tensors) hash.update(new TextEncoder().encode(name)).update(payload.read());
  return hash.digest().toString(16);
}
