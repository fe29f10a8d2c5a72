/** Weights that reach their layer through other operators, and models that are quantised already. */
import { attrInt, attrInts, node } from '../onnx-builder.js';
import { bytesOf, packedVarints } from '../protobuf.js';
import { Random } from '../random.js';
import { bias, constantOf, floats, int64s, other, raw, type TestTensor, typed, weight } from '../tensors.js';
import { type GeneratedModel, network } from './model.js';

const PRODUCT = node('MatMul', ['X', 'w'], ['Y']);

export function chainModels(): GeneratedModel[] {
  return [...floatChains(), ...quantised()];
}

function floatChains(): GeneratedModel[] {
  const w = floats('W', [4, 3]);
  const wide = floats('W', [3, 4]);
  const flat = floats('W', [135]);
  const half = raw('W', 'float16', [4, 3], bytesOf(Uint16Array.from({ length: 12 }, (_, i) => 0x2c00 + 37 * i)));
  const shape = int64s('shape', [5, 3, 3, 3]);
  const square = int64s('square', [3, 4]);
  const b = floats('B', [1, 3]);
  const biasShape = int64s('bias shape', [3]);
  const transpose = (from: string, to: string) => node('Transpose', [from], [to], [attrInts('perm', [1, 0])]);
  const product = (name: string, nodes: Uint8Array[], tensor: TestTensor) =>
    network(name, ['batch', 4], [...nodes, PRODUCT], [weight(tensor, 'MatMul')], [tensor]);
  return [
    product('weight through Transpose', [transpose('W', 'w')], wide),
    product('weight through Identity', [node('Identity', ['W'], ['w'])], w),
    product('weight through Cast', [node('Cast', ['W'], ['w'], [attrInt('to', 1)])], half),
    network(
      'weight through Reshape',
      [1, 3, 8, 8],
      [node('Reshape', ['W', 'shape'], ['w']), node('Conv', ['X', 'w'], ['Y'])],
      [weight(flat, 'Conv'), other(shape)],
      [flat, shape],
    ),
    network(
      'weight through Identity, Cast, Reshape and Transpose',
      ['batch', 4],
      [
        node('Identity', ['W'], ['w1']),
        node('Cast', ['w1'], ['w2'], [attrInt('to', 1)]),
        node('Reshape', ['w2', 'square'], ['w3']),
        transpose('w3', 'w'),
        PRODUCT,
      ],
      [weight(half, 'MatMul'), other(square)],
      [half, square],
    ),
    network(
      'bias through Reshape and Identity',
      ['batch', 4],
      [
        node('Identity', ['B'], ['b1']),
        node('Reshape', ['b1', 'bias shape'], ['b']),
        node('Gemm', ['X', 'W', 'b'], ['Y']),
      ],
      [weight(w, 'Gemm'), bias(b), other(biasShape)],
      [w, b, biasShape],
    ),
  ];
}

function quantised(): GeneratedModel[] {
  const random = new Random(6);
  const w = raw('W', 'int8', [5, 3, 3, 3], random.bytes(135));
  const unsigned = raw('W', 'uint8', [4, 3], random.bytes(12));
  const b = raw('B', 'int32', [5], bytesOf(Int32Array.from({ length: 5 }, () => random.below(2000) - 1000)));
  const scales = floats(
    'w scale',
    [5],
    random.floats(5).map((value) => Math.abs(value) + 0.01),
  );
  const biasScales = floats(
    'b scale',
    [5],
    random.floats(5).map((value) => Math.abs(value) + 0.01),
  );
  const zeros = raw('w zero', 'int8', [5], new Uint8Array(5));
  const biasZeros = raw('b zero', 'int32', [5], new Uint8Array(20));
  const scale = floats('x scale', [], Float32Array.of(0.05));
  const zero = typed('x zero', 'uint8', [], 5, packedVarints([128]));
  const image = [1, 3, 8, 8];
  const axis = [attrInt('axis', 0)];
  const quantise = node('QuantizeLinear', ['X', 'x scale', 'x zero'], ['q']);
  const parameters = [scales, zeros, scale, zero];
  return [
    network(
      'weight and bias through DequantizeLinear',
      image,
      [
        quantise,
        node('DequantizeLinear', ['q', 'x scale', 'x zero'], ['x']),
        node('DequantizeLinear', ['W', 'w scale', 'w zero'], ['w'], axis),
        node('DequantizeLinear', ['B', 'b scale', 'b zero'], ['b'], axis),
        node('Conv', ['x', 'w', 'b'], ['Y']),
      ],
      [weight(w, 'Conv'), bias(b), ...[...parameters, biasScales, biasZeros].map((tensor) => other(tensor))],
      [w, b, ...parameters, biasScales, biasZeros],
    ),
    network(
      'QLinearConv',
      image,
      [
        quantise,
        node('QLinearConv', ['q', 'x scale', 'x zero', 'W', 'w scale', 'w zero', 'x scale', 'x zero', 'B'], ['p']),
        node('DequantizeLinear', ['p', 'x scale', 'x zero'], ['Y']),
      ],
      [weight(w, 'QLinearConv'), bias(b), ...parameters.map((tensor) => other(tensor))],
      [w, b, ...parameters],
    ),
    network(
      'MatMulInteger of Constants',
      ['batch', 4],
      [
        constantOf(unsigned),
        node('DynamicQuantizeLinear', ['X'], ['q', 'q scale', 'q zero']),
        node('MatMulInteger', ['q', 'W', 'q zero'], ['p']),
        node('Cast', ['p'], ['Y'], [attrInt('to', 1)]),
      ],
      [weight(unsigned, 'MatMulInteger')],
      [],
    ),
  ];
}
