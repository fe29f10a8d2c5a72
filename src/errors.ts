import { printable } from './printable.js';

/**
 * Everything that can go wrong with somebody's bytes, as a closed list. Misuse of the API is a `TypeError` or a
 * `RangeError`; bad bytes, bad files and a missing optional package are always an {@link FxqError} with one of these.
 */
export const ERROR_CODES = [
  /** Not a readable ONNX file: not protobuf, truncated, a length beyond the end, a shape that contradicts its payload. */
  'ONNX_MALFORMED',
  /** An external data file is missing, too short, or named so that it would lie outside the model's folder. */
  'EXTERNAL_DATA',
  /** Not a `.fxq` container, or one whose fields contradict each other or the bytes present. */
  'CONTAINER_MALFORMED',
  /** A `.fxq` container of a version this library does not read. */
  'CONTAINER_VERSION',
  /** Bytes are there but are not the ones that were written: get the file again. */
  'CHECKSUM',
  /** A count or size above a named ceiling (see `limits.ts` of the reader that threw it). */
  'LIMIT',
  /** A config file, a selector, a description of images or an option that is wrong or contradicts itself. */
  'CONFIG',
  /** The model has something that this cannot be done with, such as an operator without a gradient rule, or a type that cannot be trained. */
  'UNSUPPORTED',
  /** Weights that are not numbers, or infinite. */
  'WEIGHTS',
  /** Two models that are not versions of one model. */
  'MISMATCH',
  /** A data set that cannot be read or does not fit the model. */
  'DATASET',
  /** The model ran into an error inside ONNX Runtime. */
  'RUNTIME',
  /** An optional package is not installed; the message names it and the command that installs it. */
  'MISSING_PACKAGE',
  /** A file could not be read or written. */
  'IO',
  /** The caller's `AbortSignal` fired. */
  'ABORTED',
] as const;

/** One of {@link ERROR_CODES}. */
export type ErrorCode = (typeof ERROR_CODES)[number];

/** Where an error happened and what was there; every field is optional, none is repeated in prose only. */
export interface ErrorDetails {
  /** File name as the caller or the model gave it. */
  file?: string;
  /** Tensor name, or the dotted path of the protobuf field. */
  tensor?: string | undefined;
  /** Byte offset into `file` (or into the bytes that were given). */
  offset?: number;
  expected?: unknown;
  actual?: unknown;
  cause?: unknown;
}

/**
 * The one error class for bad input. The message reads: subject, expected, got, where, what to do. It is safe to show in a
 * terminal, whatever the names in it; the fields hold them as they are.
 *
 * @example
 * try {
 *   await decode(bytes);
 * } catch (error) {
 *   if (error instanceof FxqError && error.code === 'CHECKSUM') downloadAgain();
 *   else throw error;
 * }
 */
export class FxqError extends Error {
  declare readonly code: ErrorCode;
  declare readonly file?: string;
  declare readonly tensor?: string;
  declare readonly offset?: number;
  declare readonly expected?: unknown;
  declare readonly actual?: unknown;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    // Error takes the cause by itself, as a property that is not enumerated, and keeps it so.
    super(printable(message), details);
    Object.assign(this, details, { name: 'FxqError', code });
  }
}

/** Throws the `ABORTED` error when the caller's signal has fired. Long loops call it between tensors. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new FxqError('ABORTED', 'stopped by the caller', { cause: signal.reason });
}
