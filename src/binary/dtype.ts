/** Element types of TensorProto.DataType (onnx.proto), by wire value. */
export const DTYPES = [
  'undefined',
  'float32',
  'uint8',
  'int8',
  'uint16',
  'int16',
  'int32',
  'int64',
  'string',
  'bool',
  'float16',
  'float64',
  'uint32',
  'uint64',
  'complex64',
  'complex128',
  'bfloat16',
  'float8e4m3fn',
  'float8e4m3fnuz',
  'float8e5m2',
  'float8e5m2fnuz',
  'uint4',
  'int4',
  'float4e2m1',
  'float8e8m0',
  'uint2',
  'int2',
] as const;

export type DType = (typeof DTYPES)[number] | `unknown(${number})`;

const BITS: Partial<Record<DType, number>> = {
  float32: 32,
  uint8: 8,
  int8: 8,
  uint16: 16,
  int16: 16,
  int32: 32,
  int64: 64,
  bool: 8,
  float16: 16,
  float64: 64,
  uint32: 32,
  uint64: 64,
  complex64: 64,
  complex128: 128,
  bfloat16: 16,
  float8e4m3fn: 8,
  float8e4m3fnuz: 8,
  float8e5m2: 8,
  float8e5m2fnuz: 8,
  uint4: 4,
  int4: 4,
  float4e2m1: 4,
  float8e8m0: 8,
  uint2: 2,
  int2: 2,
};

/** The type with this wire value; one from the future is named by its number and carried through untouched. */
export function dtypeOf(wireValue: number): DType {
  return DTYPES[wireValue] ?? `unknown(${wireValue})`;
}

/** Bits an element takes in `raw_data`, or `undefined` for strings and types from the future. */
export function bitsOf(dtype: DType): number | undefined {
  return BITS[dtype];
}

/** The types whose weights lossy stages may change. */
export function isLossyType(dtype: DType): dtype is 'float32' | 'float16' | 'bfloat16' {
  return dtype === 'float32' || dtype === 'float16' || dtype === 'bfloat16';
}
