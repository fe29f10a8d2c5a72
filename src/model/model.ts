import type { DType } from '../binary/dtype.js';
import type { PayloadForm, Structure } from './structure.js';

/** Random access to the bytes of one file, in memory or on disk. `read` may return a view: callers never write to it. */
export interface ByteSource {
  /** For messages: a path, or a name such as `model.onnx`. */
  readonly name: string;
  /** Size in bytes. */
  readonly size: number;
  /** The bytes from `start` up to, not including, `end`. */
  read(start: number, end: number): Uint8Array;
  /** Whether `read` gives memory that nobody else has, so that it can be given away without a copy. Default: no. */
  readonly isFresh?: boolean;
}

/** What a tensor is for, found from the nodes that consume it. */
export type Role = 'weight' | 'bias' | 'normalisation' | 'other';

/**
 * One tensor of a model: what it is, where its bytes stand, and what they are now. The record that moves through the
 * stages; a stage that changes weights returns a new record with another `payload`.
 */
export interface Tensor {
  /** Unique within the model: the initializer's name or the Constant's output, qualified by its scope on a clash. */
  readonly name: string;
  readonly dtype: DType;
  readonly dims: readonly number[];
  /** Number of elements, the product of `dims`. */
  readonly count: number;
  readonly role: Role;
  /** Operator type of the consumer that decided the role (`Conv`, `Gemm`, `LSTM` …), or `''`. */
  readonly op: string;
  readonly form: PayloadForm;
  /** Index into {@link Model.files}. */
  readonly file: number;
  /** Where the payload stands in that file: byte offset and length. Stages never change either. */
  readonly offset: number;
  readonly length: number;
  /** The bytes as they are after every stage so far, `length` of them. */
  readonly payload: Payload;
}

/**
 * The bytes of a tensor, which are there when they are asked for and not before.
 *
 * @example
 * const zeroed = { ...tensor, payload: { read: () => new Uint8Array(tensor.length) } };
 */
export interface Payload {
  /** The bytes, computed on demand. Not to be written to, unless they are the reader's own. */
  read(): Uint8Array;
  /** Whether each `read` gives memory that nobody else has, so that it can be changed and given away. Default: no. */
  readonly isOwn?: boolean | undefined;
  /** What a stage does to make these bytes, where it has said that as data. */
  readonly change?: Change | undefined;
}

/** What a stage does to a tensor, as data, so that another thread can do it, too. */
export interface Change {
  /** The tensor before it. */
  readonly from: Tensor;
  /** The name of the stage. */
  readonly stage: string;
  /** What the stage is given for this tensor: plain data. */
  readonly options: unknown;
}

/**
 * An ONNX model as bytes with windows onto its tensors. Everything outside the windows is the *skeleton*, kept as it is.
 * Immutable: stages return a new one.
 */
export interface Model {
  /** The model file first, then its external data files in order of first use, named as the model names them. */
  readonly files: readonly ByteSource[];
  /** Every tensor whose payload is a window of a file, in order of file and offset; windows never overlap. */
  readonly tensors: readonly Tensor[];
  /**
   * The model file's tensors and its decoded graph, found once: the same for all that stages make of a model.
   *
   * @internal
   */
  readonly structure: Structure;
  /** Bytes to be appended to the model file: the records of the stages, as protobuf fields of ModelProto. */
  readonly appendix: Uint8Array;
}

/** A tensor that something was not done to, and why. */
export interface Skipped {
  readonly tensor: Tensor;
  readonly reason: string;
}
