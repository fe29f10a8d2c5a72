import type { ByteSource } from '../../src/model/model.js';

/** Bytes in memory as a {@link ByteSource}; a read that leaves them is the reader's fault and throws. */
export function memorySource(name: string, bytes: Uint8Array): ByteSource {
  return {
    name,
    size: bytes.length,
    read(start, end) {
      if (!(start >= 0 && start <= end && end <= bytes.length)) {
        throw new Error(`${name}: read of ${start}..${end} in ${bytes.length} bytes`);
      }
      return bytes.subarray(start, end);
    },
  };
}

/** What `openOnnx` takes as `external`, over files in memory. */
export function memoryFiles(files: Record<string, Uint8Array> = {}): (location: string) => ByteSource | undefined {
  return (location) => (Object.hasOwn(files, location) ? memorySource(location, files[location]) : undefined);
}

/** The same bytes at an odd offset of a larger buffer. */
export function atOddOffset(bytes: Uint8Array): Uint8Array {
  const shifted = new Uint8Array(bytes.length + 6).fill(0xa5).subarray(3, 3 + bytes.length);
  shifted.set(bytes);
  return shifted;
}
