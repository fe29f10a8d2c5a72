// Stands in for the decoder's `binary/inflate.js` in one of the two decoders: without the trip to another thread, which
// would take most of the time, and as something for the platform's streams to be compared with.
import { inflateRawSync } from 'node:zlib';

/** Whether this platform's streams refuse bytes behind the end of the deflated ones, as the standard has it. */
const isStrict = await (async () => {
  const stream = new Blob([Uint8Array.of(3, 0, 0)]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
  return new Response(stream).arrayBuffer().then(
    () => false,
    () => true,
  );
})();

export async function inflate(deflated, limit) {
  try {
    const { buffer, engine } = inflateRawSync(deflated, { info: true, maxOutputLength: Math.max(1, limit) });
    if (isStrict && engine.bytesWritten < deflated.length) throw new TypeError('bytes follow the end');
    return buffer.length > limit ? undefined : buffer;
  } catch (error) {
    if (error.code === 'ERR_BUFFER_TOO_LARGE') return undefined;
    throw error;
  }
}
