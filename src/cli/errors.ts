import { CommanderError } from 'commander';
import { FxqError } from '../errors.js';
import { dashed } from '../options/text.js';
import { printableJson } from '../printable.js';
import type { Terminal } from './terminal.js';

/** The exit codes: done, the work failed, wrong usage. A signal's own code (128 + its number) tells that it stopped us. */
const DONE = 0;
const FAILED = 1;
const USAGE = 2;
const SIGNALS: Record<string, number> = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };

/** Options that do not go together or are out of range. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The user has stopped work that had a result by then, which is written. */
export class StoppedEarly extends Error {
  override readonly name = 'StoppedEarly';

  /** @param by - the signal's name */
  constructor(
    readonly by: string,
    result: string,
  ) {
    super(`stopped by ${by}; ${result}`);
  }
}

/** Of several models some came to nothing: why has been told of each. */
export class SomeFailed extends Error {
  override readonly name = 'SomeFailed';
}

/** Runs the making of a stage: what it says about its options is about the user's. */
export function asUsage<T>(build: () => T): T {
  try {
    return build();
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) throw new UsageError(asTyped(error.message));
    throw error;
  }
}

/** A message about an option of a function, such as `tune: expected a learningRate of at least 0`, as one about the flag. */
function asTyped(message: string): string {
  return message.replace(/(?<=: expected (?:an? |a whole number of )?)[a-z]+[A-Z]\w*/, (name) => `--${dashed(name)}`);
}

/**
 * Reports what went wrong, as a line or as JSON, and returns the exit code. Bad input is reported in a sentence; only a fault
 * of this program shows its stack.
 */
export function reportError(error: unknown, terminal: Terminal, isJson: boolean): number {
  // Commander has reported it by then.
  if (error instanceof CommanderError) return error.exitCode === 0 ? DONE : USAGE;
  terminal.clear();
  const { stderr } = terminal.streams;
  if (error instanceof UsageError) {
    if (isJson) stderr.write(errorJson({ code: 'USAGE', message: error.message }));
    else terminal.fail(error.message);
    return USAGE;
  }
  if (error instanceof SomeFailed) {
    // In JSON the summary names them.
    if (!isJson) terminal.fail(error.message);
    return FAILED;
  }
  if (error instanceof StoppedEarly) {
    if (isJson) stderr.write(errorJson({ code: 'ABORTED', message: error.message }));
    else terminal.end(error.message);
    return SIGNALS[error.by] ?? FAILED;
  }
  if (error instanceof FxqError) {
    const { code, file, tensor, offset, expected, actual } = error;
    const message = code === 'ABORTED' ? `stopped by ${error.cause}; no file was changed` : error.message;
    const fields = { code, message, file, tensor, offset, expected, actual };
    if (isJson) stderr.write(errorJson(fields));
    else terminal.fail(`${message} (${code})`);
    if (code === 'ABORTED') return SIGNALS[String(error.cause)] ?? FAILED;
    return code === 'CONFIG' ? USAGE : FAILED;
  }
  const { message, stack } = asError(error);
  const advice = 'This is a fault of fxq-compress. Please report it with the lines above and, if you can, the file.';
  stderr.write(isJson ? errorJson({ code: 'INTERNAL', message, stack }) : `${stack}\n\n${advice}\n`);
  return FAILED;
}

export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

/** What `--json` makes of an error: one line on stderr; stdout stays empty. */
export function errorJson(error: Record<string, unknown>): string {
  return `${printableJson({ error })}\n`;
}
