import { throwIfAborted } from '../errors.js';
import type { Model } from '../layers/model.js';

/** A run of bytes of one of a model's files. Runs come in order: file by file, from the first byte to the last. */
export interface FilePiece {
  /** Index into {@link Model.files}. */
  readonly file: number;
  /** To be used before the next piece is asked for, and not to be written to. */
  readonly bytes: Uint8Array;
}

export interface WriteOnnxOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called with the share of the model's bytes that is done, from 0 to 1. */
  readonly onProgress?: ((share: number) => void) | undefined;
}

/** Bytes between two tensors that are copied at a time. */
const COPY_BYTES = 1 << 24;

/**
 * Writes a model as ONNX again: every file as it was, with the tensors as the stages have left them, and the records of
 * the stages at the end of the model file. One tensor at a time is in memory.
 *
 * @example
 * const pieces = [...writeOnnx(model)].map(({ bytes }) => bytes);
 * await writeFile('pruned.onnx', Buffer.concat(pieces));
 */
export function* writeOnnx(model: Model, options: WriteOnnxOptions = {}): Generator<FilePiece> {
  const { signal, onProgress } = options;
  const total = model.files.reduce((sum, { size }) => sum + size, 0);
  let finished = 0;
  for (const [file, source] of model.files.entries()) {
    const copy = function* (start: number, end: number): Generator<FilePiece> {
      for (let at = start; at < end; at += COPY_BYTES) {
        yield { file, bytes: source.read(at, Math.min(end, at + COPY_BYTES)) };
      }
    };
    let at = 0;
    for (const tensor of model.tensors) {
      if (tensor.file !== file) continue;
      throwIfAborted(signal);
      yield* copy(at, tensor.offset);
      yield { file, bytes: tensor.read() };
      at = tensor.offset + tensor.length;
      onProgress?.((finished + at) / total);
    }
    yield* copy(at, source.size);
    if (file === 0 && model.appendix.length > 0) yield { file, bytes: model.appendix };
    finished += source.size;
  }
}
