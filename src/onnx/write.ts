import { throwIfAborted } from '../errors.js';
import type { Model } from '../model/model.js';
import { partsOf } from '../model/parts.js';

/** A run of bytes of one of a model's files. Runs come in order: file by file, from the first byte to the last. */
export interface FilePiece {
  /** Index into {@link Model.files}. */
  readonly file: number;
  /** To be used before the next piece is asked for, and not to be written to. */
  readonly bytes: Uint8Array;
}

/** Settings of `writeOnnx`. */
export interface WriteOnnxOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called with the share of the model's bytes that is done, from 0 to 1. */
  readonly onProgress?: ((share: number) => void) | undefined;
}

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
  let done = 0;
  for (const { file, tensor, bytes } of partsOf(model)) {
    throwIfAborted(signal);
    yield { file, bytes: tensor ? tensor.payload.read() : bytes };
    done += tensor ? tensor.length : bytes.length;
    if (tensor) onProgress?.(done / total);
  }
}
