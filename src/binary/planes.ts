/**
 * The bytes of all units by significance: first the lowest byte of each, then the next, up to the highest. Bytes of one
 * significance are alike, so a general compressor makes more of them.
 *
 * @param bytes - units of `width` bytes each
 */
export function toPlanes(bytes: Uint8Array, width: number): Uint8Array {
  const units = bytes.length / width;
  const planes = new Uint8Array(bytes.length);
  for (let p = 0; p < width; p++) for (let i = 0; i < units; i++) planes[p * units + i] = bytes[i * width + p];
  return planes;
}

/** The inverse of {@link toPlanes}, into `bytes`, which are as many. */
export function interleave(
  planes: Uint8Array,
  width: number,
  bytes: Uint8Array = new Uint8Array(planes.length),
): Uint8Array {
  const units = planes.length / width;
  for (let p = 0; p < width; p++) for (let i = 0; i < units; i++) bytes[i * width + p] = planes[p * units + i];
  return bytes;
}
