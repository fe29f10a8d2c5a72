import { bitsOf, type DType } from '../binary/dtype.js';
import type { TensorEntry } from '../container/header.js';

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
  const count = dims.reduce((product, dim) => product * dim, 1);
  const bits = bitsOf(dtype) ?? 8;
  // Payloads of another length than their type has, or cut into bytes although it is wider, are protobuf varints.
  const isVarint = bits >= 8 && (length !== (count * bits) / 8 || (width === 1 && bits > 8));
  const ArrayOf = ARRAYS[dtype as keyof typeof ARRAYS] ?? Uint8Array;
  if (isVarint && bitsOf(dtype) !== undefined) return { name, dims, dtype, data: fromVarints(payload, count, ArrayOf) };
  return {
    name,
    dims,
    dtype,
    data: new ArrayOf(payload.buffer, payload.byteOffset, length / ArrayOf.BYTES_PER_ELEMENT),
  };
}

function fromVarints(
  payload: Uint8Array,
  count: number,
  ArrayOf: (typeof ARRAYS)[keyof typeof ARRAYS] | typeof Uint8Array,
) {
  // Negative numbers are written as 64 bits, whatever the type: taken modulo 2^64, then cut to the type's width.
  const values = new BigUint64Array(count);
  let at = 0;
  for (let i = 0; i < count; i++) {
    for (let shift = 0n; at < payload.length; shift += 7n) {
      const byte = payload[at++];
      values[i] |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
  }
  const isWide = ArrayOf === BigInt64Array || ArrayOf === BigUint64Array;
  return isWide
    ? new ArrayOf(values.buffer)
    : (ArrayOf as typeof Int32Array).from(values, (value) => Number(BigInt.asIntN(32, value)));
}
