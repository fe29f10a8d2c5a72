/** Every payload field of TensorProto, packed, unpacked and split. */
import { DATA_TYPE, floatDataUnpacked, int32Data, stringData, tensorProto, valueInfo } from '../onnx-builder.js';
import { bytesField, bytesOf, concat, varint, varintField } from '../protobuf.js';
import { Random } from '../random.js';
import { floats, other, raw, type TestTensor, typed, varints, weight } from '../tensors.js';
import { casts, type GeneratedModel, generated, identities, matmul, matmulGraph } from './model.js';

export function fieldModels(): GeneratedModel[] {
  return [...packedModels(), ...unpackedModels(), ...layoutModels()];
}

function packedModels(): GeneratedModel[] {
  const random = new Random(2);
  const bits16 = Array.from({ length: 12 }, () => random.below(0x7800));
  const ints = [0, -1, 1, 127, -128, 2 ** 31 - 1, -(2 ** 31), 300, -300, 5, 6, 7];
  const longs = [0n, -1n, 2n ** 63n - 1n, -(2n ** 63n), 1n << 40n, 127n, 128n];
  const tensors: TestTensor[] = [
    typed('doubles', 'float64', [5], 10, bytesOf(Float64Array.from({ length: 5 }, () => random.normal()))),
    typed('complexes', 'complex64', [3], 4, bytesOf(random.floats(6))),
    typed('complexes128', 'complex128', [2], 10, bytesOf(Float64Array.from({ length: 4 }, () => random.normal()))),
    varints('int32', 'int32', [3, 4], 5, ints),
    varints('int16', 'int16', [3], 5, [-1, 0, 32767]),
    varints('int8', 'int8', [4], 5, [-128, -1, 0, 127]),
    varints('uint8', 'uint8', [3], 5, [0, 128, 255]),
    varints('bool', 'bool', [3], 5, [1, 0, 1]),
    varints('bfloat16', 'bfloat16', [2, 6], 5, bits16),
    varints('int64', 'int64', [7], 7, longs),
    varints('uint32', 'uint32', [3], 11, [0, 1, 2 ** 32 - 1]),
    varints('uint64', 'uint64', [3], 11, [0n, 1n, 2n ** 64n - 1n]),
    typed('overlong', 'int64', [3], 7, concat(varint(5, 2), varint(300, 10), varint(0, 3))),
    varints('int64 scalar', 'int64', [], 7, [300]),
  ];
  const standard = tensors.filter((tensor) => !tensor.dtype.startsWith('complex'));
  const nibbles = varints('int4', 'int4', [5], 5, [0x21, 0x43, 0x05]);
  return [
    matmul('float_data', typed('W', 'float32', [6, 4], 4, bytesOf(random.floats(24)))),
    matmul('int32_data of float16 bits', varints('W', 'float16', [3, 4], 5, bits16)),
    generated(
      'packed typed fields',
      { graph: casts(standard) },
      standard.map((tensor) => other(tensor)),
    ),
    generated(
      'packed typed fields with complex numbers',
      { graph: identities(tensors) },
      tensors.map((tensor) => other(tensor)),
      { runnable: false },
    ),
    // Two elements a varint: whether a reader sees a window here is its own choice.
    generated('int32_data of int4 pairs', { graph: casts([nibbles]), opset: 21, irVersion: 10 }, [
      other(nibbles, { optional: true }),
    ]),
  ];
}

/** Payloads that are not one window: they stay in the skeleton, and the tensors beside them are still found. */
function unpackedModels(): GeneratedModel[] {
  const random = new Random(3);
  const values = Array.from(random.floats(8));
  const half = (from: number, to: number) => bytesField(4, bytesOf(Float32Array.from(values.slice(from, to))));
  const skeletal = (name: string, content: Uint8Array, dataType: number = DATA_TYPE.float32) => {
    const proto = tensorProto({ name: 'W', dataType, dims: [4, 2], content });
    const beside = floats('beside', [2, 3]);
    const graph = matmulGraph({ ...beside, name: 'W', dims: [4, 2] });
    const also = identities([beside]);
    const fields = {
      graph: {
        ...graph,
        nodes: [...graph.nodes, ...also.nodes],
        initializers: [proto, beside.proto],
        outputs: [...graph.outputs, ...also.outputs],
      },
    };
    return generated(name, fields, [other(beside)]);
  };
  const strings = tensorProto({
    name: 'labels',
    dataType: DATA_TYPE.string,
    dims: [3],
    content: stringData(['cat', '', 'schön']),
  });
  const ints = tensorProto({
    name: 'ints',
    dataType: DATA_TYPE.int32,
    dims: [4],
    content: concat(varintField(5, 1), int32Data([2, -3]), varintField(5, 4)),
  });
  return [
    skeletal('float_data, unpacked', floatDataUnpacked(values)),
    skeletal('float_data in two packed chunks', concat(half(0, 3), half(3, 8))),
    skeletal('float_data, packed then unpacked', concat(half(0, 6), floatDataUnpacked(values.slice(6)))),
    generated(
      'int32_data, unpacked and packed',
      { graph: { ...identities([{ ...floats('ints', [4]), dtype: 'int32' }]), initializers: [ints] } },
      [],
    ),
    generated(
      'string tensor',
      {
        graph: {
          ...identities([{ ...floats('labels', [3]), dtype: 'int8' }]),
          initializers: [strings],
          outputs: [valueInfo('out0', 'string', [3])],
        },
      },
      [],
    ),
  ];
}

function layoutModels(): GeneratedModel[] {
  const random = new Random(4);
  // Names of one to eight letters put payloads at every alignment.
  const odd = Array.from({ length: 8 }, (_, i) => floats('abcdefgh'.slice(0, i + 1), [3, 2 + (i % 3)]));
  const w = random.floats(24);
  const twice = raw('W', 'float32', [6, 4], bytesOf(w), { before: bytesField(9, random.bytes(96)) });
  const beside = floats('W', [6, 4], w, { before: bytesField(4, new Uint8Array(0)) });
  const payloadFirst = tensorProto({
    dataType: DATA_TYPE.float32,
    dims: [],
    before: concat(bytesField(9, bytesOf(w)), varintField(1, 6), bytesField(8, new TextEncoder().encode('W'))),
    after: varintField(1, 4),
  });
  return [
    generated(
      'odd alignments',
      { graph: identities(odd) },
      odd.map((tensor) => other(tensor)),
    ),
    matmul('dims, packed', floats('W', [6, 4], undefined, { packedDims: true })),
    matmul('payload before the other fields', { ...twice, proto: payloadFirst }),
    // A field that may occur once and occurs twice counts as its last value.
    generated('raw_data twice', { graph: matmulGraph(twice) }, [weight(twice, 'MatMul', { optional: true })]),
    generated('raw_data beside an empty float_data', { graph: matmulGraph(beside) }, [
      weight(beside, 'MatMul', { optional: true }),
    ]),
  ];
}
