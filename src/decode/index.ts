/**
 * The decoder: containers in, models out.
 *
 * @module fxq-compress/decode
 */
export type { DType } from '../binary/dtype.js';
export type { Contexts, FileEntry, Lines, TensorEntry } from '../container/header.js';
export { ERROR_CODES, type ErrorCode, type ErrorDetails, FxqError } from '../errors.js';
export type { Progress, ReadOptions, Verify } from './container.js';
export {
  type ContainerInfo,
  type DecodeOptions,
  decode,
  decodeFiles,
  decodeForOrt,
  decodeTensors,
  inspect,
  type WorkerOptions,
} from './decode.js';
export type { ModelFile, OrtModel } from './files.js';
export type { OpenSource, Source } from './source.js';
export type { DecodedTensor, TensorData } from './tensor.js';
export type { DecodeWorker } from './thread.js';
