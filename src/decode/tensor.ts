import { bitsOf, type DType } from '../binary/dtype.js';
import { fromVarints } from '../binary/varints.js';
import { elements, isVarint, type TensorEntry } from '../container/header.js';
import { malformed } from '../container/read/index.js';
import { FxqError } from '../errors.js';
import { allocate } from './allocate.js';

/** Elements of a tensor in the array that fits their type; float16 and bfloat16 are bit patterns in a Uint16Array. */
export type TensorData =
  | Float32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>
  | Int8Array<ArrayBuffer>
  | Int16Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | BigInt64Array<ArrayBuffer>
  | Uint8Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | BigUint64Array<ArrayBuffer>;

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

/** What numbers may take beside the bytes of the files: a small one of 64 bits is one byte there, and eight in an array. */
const SPARE_BYTES = 1 << 23;

const arrayOf = (dtype: DType) => ARRAYS[dtype as keyof typeof ARRAYS] ?? Uint8Array;

/** How many numbers a payload of varints has; 0 for all other payloads. */
const varintsOf = ({ dtype, dims, length, width }: TensorEntry) =>
  isVarint(bitsOf(dtype), dims, length, width) ? elements(dims) : 0;

/** Memory for the payloads of a container's tensors. Varints stand at its end, so that their numbers can take their place. */
export function tensorRoom(): (tensor: TensorEntry) => Uint8Array<ArrayBuffer> {
  let spare = SPARE_BYTES;
  return (tensor) => {
    const { name, dtype, length } = tensor;
    const ahead = Math.min(spare, varintsOf(tensor) * (arrayOf(dtype).BYTES_PER_ELEMENT - 1));
    spare -= ahead;
    return allocate(length + ahead, name).subarray(ahead);
  };
}

/** A tensor from its payload, in memory of {@link tensorRoom}, which becomes the tensor's own. */
export function toTensor(tensor: TensorEntry, payload: Uint8Array<ArrayBuffer>): DecodedTensor {
  const { name, dims, dtype, length, section } = tensor;
  const ArrayOf = arrayOf(dtype);
  const count = varintsOf(tensor);
  const { buffer } = payload;
  if (count * ArrayOf.BYTES_PER_ELEMENT > buffer.byteLength)
    throw new FxqError('LIMIT', `${name}: its numbers take too much more memory than the files`, { tensor: name });
  const data = new ArrayOf(buffer, 0, count || length / ArrayOf.BYTES_PER_ELEMENT);
  if (count && !fromVarints(payload, data))
    throw malformed('its varints are damaged, or take too much memory', section.offset, name);
  return { name, dims, dtype, data };
}
