import type { ByteSource, Tensor } from './model.js';

type Read = Tensor['read'];

/** What a stage does to a tensor, as data, so that another thread can do it, too. */
export interface Change {
  /** The tensor before it. */
  readonly from: Tensor;
  /** The name under which a thread finds the stage's function. */
  readonly name: string;
  /** Its settings, sent beside the weights: plain data. */
  readonly options: unknown;
}

/*
 * What is known of a tensor's reader is kept with the function itself: a record that is given another reader has nothing
 * of what was said of the one before.
 */

/** Readers that give memory which nobody else has. */
const FRESH = new WeakSet<Read>();

const CHANGES = new WeakMap<Read, Change>();

/** Notes what a reader does, for {@link changeOf}. */
export function changing(read: Read, change: Change): Read {
  CHANGES.set(read, change);
  return read;
}

/** What a tensor's reader does, where a stage has said it as data. */
export function changeOf({ read }: Pick<Tensor, 'read'>): Change | undefined {
  return CHANGES.get(read);
}

/** Notes that a reader does what another does, and nothing that shows. */
export function standingFor(read: Read, other: Read): Read {
  if (FRESH.has(other)) FRESH.add(read);
  const change = CHANGES.get(other);
  return change ? changing(read, change) : read;
}

/** Notes that whoever reads may keep, change and give away what it is given. */
export function fresh(read: Read): Read {
  FRESH.add(read);
  return read;
}

/** The reader of a tensor's window of a file. */
export function windowReader(source: ByteSource, offset: number, length: number): Read {
  const read = () => source.read(offset, offset + length);
  return source.isFresh ? fresh(read) : read;
}

/** A tensor's payload in memory of the caller's own: a copy only where it has to be one. */
export function readOwn({ read }: Pick<Tensor, 'read'>): Uint8Array<ArrayBuffer> {
  const payload = read();
  // A copy by constructor: `slice` of a Node Buffer is a view of the whole file.
  const isOwn = FRESH.has(read) && payload.length === payload.buffer.byteLength;
  return isOwn ? (payload as Uint8Array<ArrayBuffer>) : new Uint8Array(payload);
}
