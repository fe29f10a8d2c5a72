import type { Kernels } from '../../kernels/kernels.js';
import type { TensorEntry } from '../header.js';
import { SectionCursor } from './cursor.js';
import { READERS } from './layouts.js';

/**
 * Decodes a tensor's section into `out`, which is as long as the payload and may stand at any offset of its buffer.
 * A chunk at a time goes from the kernels' memory into its place.
 *
 * @throws FxqError `CONTAINER_MALFORMED`, naming the tensor and the byte of the container
 */
export function decodeSection(tensor: TensorEntry, section: Uint8Array, out: Uint8Array, kernels: Kernels): void {
  if (tensor.layout === 'inline') return;
  const cursor = new SectionCursor(section, tensor);
  let at = 0;
  READERS[tensor.layout](cursor, kernels, (bytes) => {
    out.set(bytes, at);
    at += bytes.length;
  });
  cursor.finish();
}
