import { bitsOf, type DType } from '../binary/dtype.js';
import { fromVarints } from '../binary/varints.js';
import { elements, isVarint, type TensorEntry } from '../container/header.js';
import { allocate } from './allocate.js';

/** Elements of a tensor in the array that fits their type; float16 and bfloat16 are bit patterns in a Uint16Array. */
export type TensorData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array;

/** A decoded tensor. */
export interface DecodedTensor {
  readonly name: string;
  readonly dims: readonly number[];
  readonly dtype: DType;
  /** As many elements as `dims` say; for types that JavaScript has no array for, the bytes as the file has them. */
  readonly data: TensorData;
}

const ARRAYS = {
  float32: Float32Array,
  float64: Float64Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  uint64: BigUint64Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  complex64: Float32Array,
  complex128: Float64Array,
};

/** A tensor from its payload, which becomes the tensor's own memory. */
export function toTensor(
  { name, dims, dtype, length, width }: TensorEntry,
  payload: Uint8Array<ArrayBuffer>,
): DecodedTensor {
  const ArrayOf = ARRAYS[dtype as keyof typeof ARRAYS] ?? Uint8Array;
  let { buffer, byteOffset } = payload;
  let count = length / ArrayOf.BYTES_PER_ELEMENT;
  if (isVarint(bitsOf(dtype), dims, length, width)) {
    count = elements(dims);
    buffer = allocate(count * ArrayOf.BYTES_PER_ELEMENT, name).buffer;
    byteOffset = 0;
    fromVarints(payload, new ArrayOf(buffer));
  }
  return { name, dims, dtype, data: new ArrayOf(buffer, byteOffset, count) };
}
