/**
 * Raw deflate through the platform's own decompressor, which costs the bundle nothing. Stops when `out` is full.
 *
 * @returns how many bytes there are; more than `out` takes, if it is too short
 * @throws whatever the platform throws at bytes that are no deflate stream
 */
export async function inflateInto(deflated: Uint8Array, out: Uint8Array): Promise<number> {
  let at = 0;
  const stream = new DecompressionStream('deflate-raw');
  const writer = stream.writable.getWriter();
  // Errors of the stream surface on the reading side; the writing side's promises only need to be watched.
  const written = Promise.allSettled([writer.write(deflated as Uint8Array<ArrayBuffer>), writer.close()]);
  const reader = stream.readable.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    if (at + value.length > out.length) {
      await reader.cancel().catch(() => undefined);
      return at + value.length;
    }
    out.set(value, at);
    at += value.length;
  }
  await written;
  return at;
}
