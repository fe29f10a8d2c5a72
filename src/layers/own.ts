import type { ByteSource, Tensor } from './model.js';

type Read = Tensor['read'];

/** Readers that give memory which nobody else has. */
const FRESH = new WeakSet<Read>();

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
