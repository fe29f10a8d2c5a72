import { FxqError } from '../errors.js';
import { concat } from './bytes.js';

/** A kind of checkpoint. */
export interface HeadedKind {
  /** The line that its files begin with, its end included. */
  readonly magic: string;
  /** The command that writes them, for messages. */
  readonly command: string;
}

/** What stands in front of a checkpoint's arrays. */
export interface Headed<Head> {
  readonly head: Head;
  /** The arrays, one after the other. */
  readonly body: Uint8Array;
}

/** Whether a file says that it is a checkpoint of this kind. */
export function isHeaded(bytes: Uint8Array, { magic }: HeadedKind): boolean {
  return new TextDecoder('latin1').decode(bytes.subarray(0, magic.length)) === magic;
}

/** A checkpoint as bytes: a line that names its kind, a line of JSON, then the arrays one after the other. */
export function writeHeaded({ magic }: HeadedKind, head: object, arrays: readonly Uint8Array[]): Uint8Array {
  return concat([new TextEncoder().encode(`${magic}${JSON.stringify(head)}\n`), ...arrays]);
}

/**
 * The checkpoint that {@link writeHeaded} has written.
 *
 * @param subject - what it has to be of
 * @param lengthOf - bytes of all arrays, which the head tells
 * @throws FxqError `CONFIG` when the bytes are none, not whole, or one of another subject
 */
export function readHeaded<Head extends { readonly subject: string }>(
  bytes: Uint8Array,
  kind: HeadedKind,
  subject: string,
  lengthOf: (head: Head) => number,
): Headed<Head> {
  const end = bytes.indexOf(10, kind.magic.length);
  if (!isHeaded(bytes, kind) || end < 0) throw new FxqError('CONFIG', `checkpoint: not one of ${kind.command}`);
  const head = parsed<Head>(bytes.subarray(kind.magic.length, end));
  if (head?.subject !== subject) {
    const message = 'checkpoint: of another model, other data or other options; give the same ones, or start anew';
    throw new FxqError('CONFIG', message, { expected: subject, actual: head?.subject });
  }
  const start = end + 1;
  const expected = start + lengthOf(head);
  if (bytes.length !== expected) {
    const message = `checkpoint: expected ${expected} bytes, got ${bytes.length}; the file is not whole: start anew`;
    throw new FxqError('CONFIG', message, { expected, actual: bytes.length });
  }
  return { head, body: bytes.subarray(start) };
}

/** Any JSON may stand there, `null` too. */
function parsed<Head>(bytes: Uint8Array): Head | null {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new FxqError('CONFIG', 'checkpoint: its head is damaged; start anew', { cause });
  }
}
