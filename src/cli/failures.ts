import { FxqError } from '../errors.js';
import { asError, reportError, SomeFailed, StoppedEarly, UsageError } from './errors.js';
import type { Terminal } from './terminal.js';

/** A model that came to nothing, for `--json`. */
export interface Failure {
  readonly input: string;
  readonly code: string;
  readonly message: string;
}

/** What is wrong with the command, and not with one of its models. */
const OF_ALL: readonly string[] = ['CONFIG', 'MISSING_PACKAGE'];

/** Tells what goes wrong with one of several models, so that the others are made all the same. */
export class Failures {
  readonly all: Failure[] = [];
  readonly #terminal: Terminal;
  readonly #isJson: boolean;

  constructor(terminal: Terminal, isJson: boolean) {
    this.#terminal = terminal;
    this.#isJson = isJson;
  }

  /**
   * Tells of a failure, under the model's name. What several have in common, such as data that are missing, is told once.
   *
   * @param isFirst - whether nothing was made so far: what is wrong with the command is then wrong with all of them
   * @throws the error, where the others would not fare better, or the user has had enough
   */
  add(input: string, error: unknown, isFirst: boolean): void {
    if (isOfAll(error, isFirst)) throw error;
    const named = withName(input, error);
    const { message } = named;
    const code = named instanceof FxqError ? named.code : named instanceof UsageError ? 'USAGE' : 'INTERNAL';
    const isTold = this.all.some((failure) => failure.message === message);
    this.all.push({ input, code, message });
    if (!isTold) reportError(named, this.#terminal, this.#isJson);
  }

  /** @throws SomeFailed where there were any */
  check(count: number): void {
    if (this.all.length === 0) return;
    const names = this.all.map(({ input }) => input).join(', ');
    throw new SomeFailed(`${this.all.length} of ${count} models failed: ${names}`);
  }
}

function isOfAll(error: unknown, isFirst: boolean): boolean {
  if (error instanceof StoppedEarly) return true;
  if (error instanceof UsageError) return isFirst;
  return error instanceof FxqError && (error.code === 'ABORTED' || (isFirst && OF_ALL.includes(error.code)));
}

/** What names no file is about the model's. */
function withName(input: string, error: unknown): Error {
  if (error instanceof UsageError) return new UsageError(`${input}: ${error.message}`);
  if (!(error instanceof FxqError) || error.file !== undefined) return asError(error);
  const { code, message, tensor, offset, expected, actual } = error;
  const known = Object.entries({ tensor, offset, expected, actual }).filter(([, value]) => value !== undefined);
  return new FxqError(code, `${input}: ${message}`, { file: input, ...Object.fromEntries(known), cause: error });
}
