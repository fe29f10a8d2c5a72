import { CHUNK_AT, type Kernels } from '../../kernels/kernels.js';
import { CHUNK, SPARSE_CHUNK } from '../constants.js';
import type { TensorEntry } from '../header.js';
import { SectionCursor } from './cursor.js';
import { chunks, READERS } from './layouts.js';

/**
 * Decodes a tensor's section into `out`, which is as long as the payload and may stand at any offset of its buffer.
 * A chunk at a time goes from the kernels' memory into its place.
 *
 * @throws FxqError `CONTAINER_MALFORMED`, naming the tensor and the byte of the container
 */
export function decodeSection(tensor: TensorEntry, section: Uint8Array, out: Uint8Array, kernels: Kernels): void {
  if (tensor.layout === 'inline') return;
  const cursor = new SectionCursor(section, tensor);
  const { layout, units, width } = tensor;
  const read = READERS[layout](cursor, kernels);
  for (const { start, count, isLast } of chunks(units, layout === 'gap' ? SPARSE_CHUNK : CHUNK)) {
    read(count, isLast);
    out.set(kernels.work.subarray(CHUNK_AT, CHUNK_AT + count * width), start * width);
  }
  cursor.finish();
}
