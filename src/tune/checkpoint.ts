import { type HeadedKind, isHeaded, readHeaded, writeHeaded } from '../binary/headed.js';
import { present } from '../guards.js';
import type { HeldOut } from './held-out.js';

/** The best epoch so far. */
export interface Best extends HeldOut {
  readonly epoch: number;
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

const KIND: HeadedKind = { magic: 'fxq-compress tune 1\n', command: 'fxq-compress tune' };

/**
 * A training as bytes: a line of text that names the format, a line of JSON, then the arrays one after the other.
 *
 * @param subject - what the training is of; reading compares it
 */
export function writeCheckpoint(state: State, subject: string): Uint8Array {
  const { epoch, best } = state;
  const { values, ...told } = best ?? {};
  const head = { subject, epoch, best: best && told };
  return writeHeaded(KIND, head, arraysOf(state, values).map(bytesOf));
}

/** Whether a file says that it is a training between two epochs. */
export function isCheckpoint(bytes: Uint8Array): boolean {
  return isHeaded(bytes, KIND);
}

/**
 * Takes up a training where a checkpoint left it: fills the arrays of `state`.
 *
 * @throws FxqError `CONFIG` when the bytes are no checkpoint, or one of another training
 */
export function readCheckpoint(bytes: Uint8Array, state: State, subject: string): void {
  const own = arraysOf(state).map(bytesOf);
  const ofBest = state.values.map(({ byteLength }) => byteLength);
  const { head, body } = readHeaded<Head>(bytes, KIND, subject, ({ best }) =>
    sumOf([...own.map(({ length }) => length), ...(best ? ofBest : [])]),
  );
  const values = head.best && state.values.map(({ length }) => new Float32Array(length));
  let at = 0;
  for (const array of [...own, ...(values ?? []).map(bytesOf)]) {
    array.set(body.subarray(at, at + array.length));
    at += array.length;
  }
  state.epoch = head.epoch;
  state.best = head.best && { ...head.best, values: present(values) };
}

function sumOf(lengths: readonly number[]): number {
  return lengths.reduce((sum, length) => sum + length, 0);
}

/** The line of JSON. */
interface Head {
  readonly subject: string;
  readonly epoch: number;
  readonly best?: Omit<Best, 'values'>;
}

function arraysOf({ free, alive, values, optimiser }: State, best: readonly Float32Array[] = []) {
  return [...free, ...alive, ...values, ...optimiser, ...best];
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array | Uint8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
