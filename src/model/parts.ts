import type { Model, Tensor } from './model.js';

/** A run of bytes of a model's file: one tensor's payload, or what stands between two. */
export type Part =
  | { readonly file: number; readonly tensor: Tensor; readonly bytes?: never }
  | { readonly file: number; readonly tensor?: never; readonly bytes: Uint8Array };

/** Bytes of a source that are copied at a time, so that a large file is never in memory as a whole. */
const COPY_BYTES = 1 << 20;

/**
 * Takes a model apart: every file from the first byte to the last, tensors and what stands between them, the model
 * file's appendix at its end. Nothing is read before its turn.
 */
export function* partsOf({ files, tensors, appendix }: Model): Generator<Part> {
  let next = 0;
  for (const [file, source] of files.entries()) {
    let at = 0;
    const copy = function* (end: number): Generator<Part> {
      for (; at < end; at = Math.min(end, at + COPY_BYTES)) {
        yield { file, bytes: source.read(at, Math.min(end, at + COPY_BYTES)) };
      }
    };
    for (; next < tensors.length && tensors[next].file === file; next++) {
      const tensor = tensors[next];
      yield* copy(tensor.offset);
      yield { file, tensor };
      at = tensor.offset + tensor.length;
    }
    yield* copy(source.size);
    if (file === 0 && appendix.length > 0) yield { file, bytes: appendix };
  }
}
