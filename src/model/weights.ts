import { isLossyType } from '../binary/dtype.js';
import { fromBfloat16, fromHalf, toBfloat16, toHalf } from '../binary/half.js';
import type { Tensor } from './model.js';
import { readOwn } from './payload.js';

/**
 * Whether a stage may change a tensor's values: floating point, each element in a place of its own. (float16 in
 * `int32_data` is written as varints, whose length depends on the value; `onnx/halves.ts` gives them places.)
 */
export function isPatchable(tensor: Tensor): boolean {
  return isLossyType(tensor.dtype) && tensor.form !== 'varint' && tensor.count > 0;
}

/** A tensor's payload as float32 values in memory of their own: exact for float16 and bfloat16, too. */
export function readWeights(tensor: Tensor): Float32Array {
  if (tensor.dtype === 'float32') return new Float32Array(readOwn(tensor).buffer);
  const payload = tensor.payload.read();
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const convert = tensor.dtype === 'float16' ? fromHalf : fromBfloat16;
  return Float32Array.from({ length: tensor.count }, (_, i) => convert(view.getUint16(2 * i, true)));
}

/** The payload for these values: the inverse of {@link readWeights}, rounding to the tensor's type where it is shorter. */
export function writeWeights(tensor: Tensor, weights: Float32Array): Uint8Array {
  if (tensor.dtype === 'float32') return new Uint8Array(weights.buffer, weights.byteOffset, weights.byteLength);
  return new Uint8Array(Uint16Array.from(weights, tensor.dtype === 'float16' ? toHalf : toBfloat16).buffer);
}
