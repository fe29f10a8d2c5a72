import type { ByteSource, Payload, Tensor } from './model.js';

/** The payload that stands in a file from `offset` on. */
export function windowOf(source: ByteSource, offset: number, length: number): Payload {
  return { read: () => source.read(offset, offset + length), isOwn: source.isFresh ?? false };
}

/** A tensor's payload in memory of the caller's own: a copy only where it has to be one. */
export function readOwn({ payload }: Pick<Tensor, 'payload'>): Uint8Array<ArrayBuffer> {
  const bytes = payload.read();
  // A copy by constructor: `slice` of a Node Buffer is a view of the whole file.
  const isOwn = payload.isOwn && bytes.length === bytes.buffer.byteLength;
  return isOwn ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes);
}
