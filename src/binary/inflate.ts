import { concat } from './bytes.js';

/**
 * Raw deflate through the platform's own decompressor, which costs the bundle nothing.
 *
 * @param limit - stops beyond so many bytes; what is merely declared somewhere costs no memory
 * @returns the inflated bytes; `undefined` if they are more than `limit`
 * @throws whatever the platform throws at bytes that are no deflate stream
 */
export async function inflate(deflated: Uint8Array, limit: number): Promise<Uint8Array | undefined> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  const stream = new DecompressionStream('deflate-raw');
  const writer = stream.writable.getWriter();
  // Errors of the stream surface on the reading side; the writing side's promises only need to be watched.
  // Memory that is shared between threads is nothing that a stream takes.
  const input =
    deflated.buffer instanceof ArrayBuffer ? (deflated as Uint8Array<ArrayBuffer>) : new Uint8Array(deflated);
  const written = Promise.allSettled([writer.write(input), writer.close()]);
  const reader = stream.readable.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    pieces.push(value);
    length += value.length;
    if (length > limit) {
      await reader.cancel().catch(() => undefined);
      return undefined;
    }
  }
  await written;
  return pieces.length === 1 ? pieces[0] : concat(pieces);
}
