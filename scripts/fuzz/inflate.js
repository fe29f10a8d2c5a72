// Stands in for the decoder's `entropy/inflate.js` in one of the two decoders: zlib, for it to be compared with.
import { inflateRawSync } from 'node:zlib';

export function inflate(deflated, size) {
  const { buffer, engine } = inflateRawSync(deflated, { info: true, maxOutputLength: Math.max(1, size) });
  if (engine.bytesWritten < deflated.length || buffer.length !== size) throw new RangeError('another length');
  return buffer;
}
