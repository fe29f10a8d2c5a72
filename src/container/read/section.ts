import { atOnce, type Steps } from '../../breather.js';
import { CHUNK_AT, type Kernels } from '../../kernels/decode/kernels.js';
import { CHUNK, hasCodebook, SPARSE_CHUNK } from '../constants.js';
import type { TensorEntry } from '../header.js';
import { readCodebook } from './codes.js';
import { SectionCursor } from './cursor.js';
import type { Codebook } from './grids.js';
import { chunks, READERS } from './layouts.js';
import { putLines, readLines } from './lines.js';

const NO_CODEBOOK: Codebook = { values: new Uint32Array() };

/**
 * Decodes a tensor's section into `out`, which is as long as the payload and may stand at any offset of its buffer.
 * A chunk at a time goes from the kernels' memory into its place.
 *
 * @throws FxqError `CONTAINER_MALFORMED`, naming the tensor and the byte of the container
 */
export function decodeSection(tensor: TensorEntry, section: Uint8Array, out: Uint8Array, kernels: Kernels): void {
  atOnce(decodeInSteps(tensor, section, out, kernels));
}

/** The same chunk by chunk. After a pause the kernels are got ready again: they may have served others meanwhile. */
export function* decodeInSteps(
  tensor: TensorEntry,
  section: Uint8Array,
  out: Uint8Array,
  kernels: Kernels,
): Steps<void> {
  if (tensor.layout === 'inline') return;
  const cursor = new SectionCursor(section, tensor);
  const { layout, units, width, lines } = tensor;
  const { values, steps, readEscapes } = hasCodebook(layout) ? yield* readCodebook(cursor) : NO_CODEBOOK;
  const members = lines.classes > 1 ? readLines(cursor) : [undefined];
  const prepare = members.map(() => READERS[layout](cursor, kernels, values));
  for (const [i, ofClass] of members.entries()) {
    const weights = ofClass ? ofClass.length * (units / lines.count) : units;
    let read = prepare[i](weights);
    for (const { start, count, isLast } of chunks(weights, layout === 'gap' ? SPARSE_CHUNK : CHUNK)) {
      const putEscapes = readEscapes?.(count);
      read(count, isLast && i === members.length - 1);
      const bytes = kernels.work.subarray(CHUNK_AT, CHUNK_AT + count * width);
      putEscapes?.(new Uint32Array(bytes.buffer, bytes.byteOffset, count));
      if (steps) kernels.scale(steps, lines.inner, start, count);
      if (ofClass) putLines(out, lines, ofClass, start, bytes, width);
      else out.set(bytes, start * width);
      if (yield) read = prepare[i](weights);
    }
  }
  cursor.finish();
}
