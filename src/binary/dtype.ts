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

/** An element type by its name in ONNX, in lower case; one from the future by its number. */
export type DType = (typeof DTYPES)[number] | `unknown(${number})`;

/** The type with this wire value; one from the future is named by its number and carried through untouched. */
export function dtypeOf(wireValue: number): DType {
  return DTYPES[wireValue] ?? `unknown(${wireValue})`;
}

/** The largest number that a container's header may give a type. In onnx.proto it is an int32. */
export const MAX_DATA_TYPE = 0x7fffffff;

/** The same, to be looked up by any name. */
const NAMES: readonly string[] = DTYPES;

/** The wire value of a type. */
export function dataTypeOf(dtype: DType): number {
  const index = NAMES.indexOf(dtype);
  return index >= 0 ? index : Number(/\d+/.exec(dtype)?.[0]);
}

/** Bits an element takes in `raw_data`, or `undefined` for strings and types from the future. */
export function bitsOf(dtype: DType): number | undefined {
  // The names say so.
  const bits = dtype === 'bool' ? 8 : /^[a-z]+(\d+)/.exec(dtype)?.[1];
  return bits === undefined ? undefined : Number(bits);
}

/** The types whose weights lossy stages may change. */
export function isLossyType(dtype: DType): dtype is 'float32' | 'float16' | 'bfloat16' {
  return dtype === 'float32' || dtype === 'float16' || dtype === 'bfloat16';
}
