import { concat } from '../binary/bytes.js';
import { FxqError } from '../errors.js';
import { present } from '../guards.js';

/** The best epoch so far. */
export interface Best {
  readonly epoch: number;
  readonly accuracy: number | null;
  readonly loss: number;
  /** The values of each parameter. */
  readonly values: readonly Float32Array[];
}

/** A training between two epochs: the arrays are those that training works on, so that reading one back goes on with it. */
export interface State {
  epoch: number;
  best: Best | undefined;
  /** The free numbers of each parameter, and those of its format that are learned. */
  readonly free: readonly Float32Array[];
  /** Which weights of each parameter are not pruned. */
  readonly alive: readonly Uint8Array[];
  /** The values: some stay as they were where a free number cannot be one. */
  readonly values: readonly Float32Array[];
  /** What the optimiser remembers. */
  readonly optimiser: readonly Float32Array[];
}

const MAGIC = 'fxq-compress tune 1\n';

/**
 * A training as bytes: a line of text that names the format, a line of JSON, then the arrays one after the other.
 *
 * @param subject - what the training is of; reading compares it
 */
export function writeCheckpoint(state: State, subject: string): Uint8Array {
  const { epoch, best } = state;
  const head = { subject, epoch, best: best && { epoch: best.epoch, accuracy: best.accuracy, loss: best.loss } };
  const text = new TextEncoder().encode(`${MAGIC}${JSON.stringify(head)}\n`);
  return concat([text, ...arraysOf(state, best?.values).map(bytesOf)]);
}

/** Whether a file says that it is a training between two epochs. */
export function isCheckpoint(bytes: Uint8Array): boolean {
  return new TextDecoder('latin1').decode(bytes.subarray(0, MAGIC.length)) === MAGIC;
}

/**
 * Takes up a training where a checkpoint left it: fills the arrays of `state`.
 *
 * @throws FxqError `CONFIG` when the bytes are no checkpoint, or one of another training
 */
export function readCheckpoint(bytes: Uint8Array, state: State, subject: string): void {
  const end = bytes.indexOf(10, MAGIC.length);
  if (!isCheckpoint(bytes) || end < 0) throw new FxqError('CONFIG', 'checkpoint: not one of fxq-compress tune');
  const head = parse(bytes.subarray(MAGIC.length, end));
  if (head?.subject !== subject) {
    const message = 'checkpoint: of another model, other data or other options; give the same ones, or start anew';
    throw new FxqError('CONFIG', message, { expected: subject, actual: head?.subject });
  }
  const values = head.best && state.values.map(({ length }) => new Float32Array(length));
  const arrays = arraysOf(state, values).map(bytesOf);
  const expected = arrays.reduce((sum, { length }) => sum + length, end + 1);
  if (bytes.length !== expected) {
    const message = `checkpoint: expected ${expected} bytes, got ${bytes.length}; the file is not whole: start anew`;
    throw new FxqError('CONFIG', message, { expected, actual: bytes.length });
  }
  let at = end + 1;
  for (const array of arrays) {
    array.set(bytes.subarray(at, at + array.length));
    at += array.length;
  }
  state.epoch = head.epoch;
  state.best = head.best && { ...head.best, values: present(values) };
}

/** The line of JSON. */
interface Head {
  readonly subject: string;
  readonly epoch: number;
  readonly best?: Omit<Best, 'values'>;
}

function parse(bytes: Uint8Array): Head {
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as Head;
  } catch (cause) {
    throw new FxqError('CONFIG', 'checkpoint: its head is damaged; start anew', { cause });
  }
}

function arraysOf({ free, alive, values, optimiser }: State, best: readonly Float32Array[] = []) {
  return [...free, ...alive, ...values, ...optimiser, ...best];
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array | Uint8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
