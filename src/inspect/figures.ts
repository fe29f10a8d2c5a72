import type { DType } from '../binary/dtype.js';
import type { Layout } from '../container/constants.js';
import type { Role } from '../model/model.js';
import type { TensorFormat } from '../quantize/record.js';

/** A model file in figures. Sizes are in bytes; `null` is "does not apply here". */
export interface Report {
  readonly file: string;
  /** Size of the file, or of all files of a model with external data. */
  readonly bytes: number;
  /** Size of the ONNX files that a container rebuilds, without the records that stages have left in them; of an ONNX model its own. */
  readonly originalBytes: number;
  /** `originalBytes / bytes`. */
  readonly ratio: number;
  readonly tensors: readonly TensorReport[];
  /** Together with the tensors' `bytes` exactly the file's. */
  readonly overhead: Overhead;
}

/** A tensor in figures. "Kept" weights are those that are not zero; bits are per kept weight. */
export interface TensorReport {
  readonly name: string;
  readonly role: Role;
  /** Operator type of its main consumer, or `''`. */
  readonly op: string;
  readonly dims: readonly number[];
  readonly dtype: DType;
  /** How a container codes it. `null` for an ONNX file. */
  readonly layout: Layout | null;
  /** The earlier tensor that holds its bytes, because both have the same payload; `null` for a tensor with its own. */
  readonly sharedWith: string | null;
  /** The number format that `quantize` has rounded it to, as the model records it; absent where it was not. */
  readonly format?: QuantizedTo | undefined;
  /** Number of elements, and how many are not zero. */
  readonly weights: number;
  readonly kept: number;
  /** `kept / weights`; 1 for a tensor without elements. */
  readonly density: number;
  /** Distinct values besides zero. `null` when there are more than 1023. */
  readonly clusters: number | null;
  /** Bits of an index into the codebook (pruned and quantised, P+Q); those of the type if nothing is shared, of waves what they take. */
  readonly weightBits: number;
  /** Bits that say where the kept weights stand, before Huffman coding (P+Q). */
  readonly indexBits: number;
  /** Bits of the kept weights' Huffman codes (P+Q+H). `null` for ONNX files and tensors that take nothing of their own. */
  readonly codedWeightBits: number | null;
  /** Everything else in the tensor's streams: positions, codes of zeros, lengths and padding (P+Q+H). */
  readonly codedIndexBits: number | null;
  /** Bytes in the file without codebook and code tables. 0 for a tensor that stays in the skeleton or repeats another. */
  readonly bytes: number;
  /** Bytes of the payload in ONNX. */
  readonly payloadBytes: number;
  readonly codebookBytes: number;
  readonly tableBytes: number;
  /** `payloadBytes` by everything that the tensor takes in the file. `null` for one that takes nothing of its own. */
  readonly ratio: number | null;
}

/** A number format of weights, and what has parameters of its own in it. */
export interface QuantizedTo extends TensorFormat {
  /** Bits of a code. */
  readonly bits: number;
}

/** The rest of the file, by what it is. */
export interface Overhead {
  /** Names, shapes and places of the tensors, as they add to the compressed head. */
  readonly header: number;
  /** Everything of the model outside of its coded tensors, compressed. */
  readonly skeleton: number;
  readonly codebooks: number;
  /** Code lengths of the Huffman codes. */
  readonly tables: number;
  /** The container's prefix, and long stretches that no tensor claims. */
  readonly other: number;
}
