/** Every element type in `raw_data`. */
import { type DataTypeName, type GraphFields, tensorProto } from '../onnx-builder.js';
import { bytesField } from '../protobuf.js';
import { Random } from '../random.js';
import { other, raw, type TestTensor } from '../tensors.js';
import { casts, type GeneratedModel, generated, identities } from './model.js';

/** Bits an element takes, and the way on which ONNX Runtime takes the type from the model to an output, if any. */
const TYPES: [DataTypeName, number, ((tensors: TestTensor[]) => GraphFields)?][] = [
  ['float32', 32, identities],
  ['uint8', 8, identities],
  ['int8', 8, identities],
  ['uint16', 16, identities],
  ['int16', 16, identities],
  ['int32', 32, identities],
  ['int64', 64, identities],
  ['bool', 8, identities],
  ['float16', 16, identities],
  ['float64', 64, identities],
  ['uint32', 32, identities],
  ['uint64', 64, identities],
  ['complex64', 64],
  ['complex128', 128],
  ['bfloat16', 16, casts],
  ['float8e4m3fn', 8, casts],
  ['float8e4m3fnuz', 8, casts],
  ['float8e5m2', 8, casts],
  ['float8e5m2fnuz', 8, casts],
  ['uint4', 4, casts],
  ['int4', 4, casts],
];

export function dtypeModels(): GeneratedModel[] {
  const random = new Random(1);
  const models = TYPES.map(([dtype, bits, way]) => {
    // 3 × 5 elements: an odd number, so that 4-bit types end in half a byte.
    const bytes = random.bytes(Math.ceil((15 * bits) / 8));
    const payload = dtype === 'bool' ? bytes.map((byte) => byte & 1) : bytes;
    const tensor = raw(`t_${dtype}`, dtype, [3, 5], payload);
    const fields = { graph: (way ?? identities)([tensor]), opset: 21, irVersion: 10 };
    return generated(`raw_data/${dtype}`, fields, [other(tensor)], { runnable: way !== undefined });
  });
  return [...models, unknownType()];
}

/** A type from the future: its element size is unknown, so the window is all of `raw_data`. */
function unknownType(): GeneratedModel {
  const payload = new Random(99).bytes(37);
  const proto = tensorProto({ name: 'future', dataType: 99, dims: [3, 5], content: bytesField(9, payload) });
  const tensor: TestTensor = { name: 'future', dtype: 'unknown(99)', dims: [3, 5], form: 'raw', payload, proto };
  return generated('raw_data/unknown(99)', { graph: { initializers: [proto] } }, [other(tensor)], { runnable: false });
}
