import onnxProto, { type onnx as Onnx } from 'onnx-proto';
import { bitsOf, dtypeOf } from '../binary/dtype.js';
import { FxqError } from '../errors.js';

/** A tensor in a file of its own. */
export interface StoredTensor {
  /** `''` where it has none. */
  readonly name: string;
  readonly type: string;
  readonly dims: readonly number[];
  /** The elements as `raw_data` has them: little-endian, one after the other. */
  readonly bytes: Uint8Array;
}

/**
 * Reads a `TensorProto` by itself, as ONNX's test data and the model zoo keep inputs (`test_data_set_0/input_0.pb`).
 *
 * @param file for messages
 * @throws FxqError `DATASET` for damaged files, and types that are no plain numbers
 */
export function readTensorProto(bytes: Uint8Array, file: string): StoredTensor {
  const wrong = (expected: string, actual: unknown, cause?: unknown) =>
    new FxqError('DATASET', `${file}: expected ${expected}, got ${actual}; record it again`, { file, actual, cause });
  let tensor: Onnx.ITensorProto;
  try {
    tensor = onnxProto.onnx.TensorProto.decode(bytes);
  } catch (cause) {
    throw wrong('a tensor (TensorProto)', `damaged protobuf (${(cause as Error).message})`, cause);
  }
  const type = dtypeOf(tensor.dataType ?? 0);
  const dims = (tensor.dims ?? []).map(Number);
  const size = (bitsOf(type) ?? 0) / 8;
  if (!(size >= 1) || /complex|float8|bfloat/.test(type)) throw wrong('a tensor of plain numbers', type);
  const payload = tensor.rawData?.length ? Uint8Array.from(tensor.rawData) : typedBytes(tensor, type);
  const wanted = dims.reduce((product, dim) => product * dim, size);
  if (payload.length === wanted) return { name: tensor.name ?? '', type, dims, bytes: payload };
  throw wrong(`${wanted} bytes for ${type} [${dims.join(', ')}]`, payload.length);
}

/** Elements that stand in a field of their type. */
function typedBytes(tensor: Onnx.ITensorProto, type: string): Uint8Array {
  const { floatData, doubleData, int32Data, int64Data, uint64Data } = tensor;
  const bigs = (values: typeof int64Data) => (values ?? []).map((value) => BigInt(String(value)));
  if (type === 'float32') return viewOf(Float32Array.from(floatData ?? []));
  if (type === 'float64') return viewOf(Float64Array.from(doubleData ?? []));
  if (type === 'int64') return viewOf(BigInt64Array.from(bigs(int64Data)));
  if (type === 'uint64') return viewOf(BigUint64Array.from(bigs(uint64Data)));
  if (type === 'uint32') return viewOf(Uint32Array.from(uint64Data ?? [], Number));
  if (type === 'int32') return viewOf(Int32Array.from(int32Data ?? []));
  return viewOf((bitsOf(type as 'int8') === 16 ? Uint16Array : Uint8Array).from(int32Data ?? []));
}

function viewOf(array: ArrayBufferView): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
