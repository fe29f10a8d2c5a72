/** Weights, biases and normalisation parameters of the standard operators, reached directly. */
import { attrFloat, attrInt, attrInts, node } from '../onnx-builder.js';
import { Random } from '../random.js';
import { bias, constantOf, expected, floats, int64s, norm, other, type TestTensor, weight } from '../tensors.js';
import { chainModels } from './chains.js';
import { type GeneratedModel, network } from './model.js';

const IMAGE = [1, 3, 8, 8];

export function roleModels(): GeneratedModel[] {
  return [...layerModels(), ...recurrentModels(), ...biasModels(), ...normalisationModels(), ...chainModels()];
}

function layerModels(): GeneratedModel[] {
  const conv = floats('conv.weight', [5, 3, 3, 3]);
  const convBias = floats('conv.bias', [5]);
  const up = floats('up.weight', [3, 2, 2, 2]);
  const upBias = floats('up.bias', [2]);
  const gemm = floats('fc.weight', [5, 4]);
  const gemmBias = floats('fc.bias', [5]);
  const left = floats('left', [2, 4]);
  const table = floats('embedding', [20, 4]);
  const ids = int64s('ids', [3, 1, 19]);
  return [
    network(
      'Conv',
      IMAGE,
      [node('Conv', ['X', conv.name, convBias.name], ['Y'])],
      [weight(conv, 'Conv'), bias(convBias)],
      [conv, convBias],
    ),
    network(
      'ConvTranspose',
      IMAGE,
      [node('ConvTranspose', ['X', up.name, upBias.name], ['Y'], [attrInts('strides', [2, 2])])],
      [weight(up, 'ConvTranspose'), bias(upBias)],
      [up, upBias],
    ),
    network(
      'Gemm',
      ['batch', 4],
      [node('Gemm', ['X', gemm.name, gemmBias.name], ['Y'], [attrInt('transB', 1)])],
      [weight(gemm, 'Gemm'), bias(gemmBias)],
      [gemm, gemmBias],
    ),
    network('MatMul from the left', [4, 'n'], [node('MatMul', ['left', 'X'], ['Y'])], [weight(left, 'MatMul')], [left]),
    network(
      'Gather embedding',
      ['batch', 4],
      [node('Gather', ['embedding', 'ids'], ['E']), node('Add', ['E', 'X'], ['Y'])],
      [weight(table, 'Gather'), other(ids)],
      [table, ids],
    ),
    network(
      'embedding tied to the output layer',
      [3, 4],
      [
        node('Gather', ['embedding', 'ids'], ['E']),
        node('Add', ['E', 'X'], ['H']),
        node('Transpose', ['embedding'], ['T'], [attrInts('perm', [1, 0])]),
        node('MatMul', ['H', 'T'], ['Y']),
      ],
      [expected(table, 'weight'), other(ids)],
      [table, ids],
    ),
  ];
}

function recurrentModels(): GeneratedModel[] {
  return [
    ['LSTM', 4],
    ['GRU', 3],
    ['RNN', 1],
  ].map(([op, gates]) => {
    const hidden = 3;
    const w = floats('W', [1, Number(gates) * hidden, 4]);
    const r = floats('R', [1, Number(gates) * hidden, hidden]);
    const b = floats('B', [1, 2 * Number(gates) * hidden]);
    const nodes = [node(String(op), ['X', 'W', 'R', 'B'], ['Y'], [attrInt('hidden_size', hidden)])];
    const found = [weight(w, String(op)), weight(r, String(op)), bias(b)];
    return network(String(op), [5, 1, 4], nodes, found, [w, r, b]);
  });
}

function biasModels(): GeneratedModel[] {
  const w = floats('W', [4, 3]);
  const b = floats('B', [3]);
  const conv = floats('conv.weight', [5, 3, 3, 3]);
  const channels = floats('conv.bias', [1, 5, 1, 1]);
  const offset = floats('offset', [4]);
  const product = node('MatMul', ['X', 'W'], ['H']);
  return [
    network(
      'Add after MatMul',
      ['batch', 4],
      [product, node('Add', ['H', 'B'], ['Y'])],
      [weight(w, 'MatMul'), bias(b)],
      [w, b],
    ),
    network(
      'Add after MatMul, bias first',
      ['batch', 4],
      [product, node('Add', ['B', 'H'], ['Y'])],
      [weight(w, 'MatMul'), bias(b)],
      [w, b],
    ),
    network(
      'Add after MatMul, all Constants',
      ['batch', 4],
      [constantOf(w), constantOf(b), product, node('Add', ['H', 'B'], ['Y'])],
      [weight(w, 'MatMul'), bias(b)],
      [],
    ),
    network(
      'Add after Conv',
      IMAGE,
      [node('Conv', ['X', 'conv.weight'], ['H']), node('Add', ['H', 'conv.bias'], ['Y'])],
      [weight(conv, 'Conv'), bias(channels)],
      [conv, channels],
    ),
    network('Add to an input', ['batch', 4], [node('Add', ['X', 'offset'], ['Y'])], [other(offset)], [offset]),
  ];
}

function normalisationModels(): GeneratedModel[] {
  const params = ['scale', 'shift', 'mean'].map((name) => floats(name, [3]));
  const variance = floats(
    'variance',
    [3],
    new Random(5).floats(3).map((value) => 1 + Math.abs(value)),
  );
  const batch = [...params, variance];
  const [scale, shift] = params;
  const wide = [floats('scale', [8]), floats('shift', [8])];
  const names = (tensors: TestTensor[]) => tensors.map((tensor) => tensor.name);
  return [
    network(
      'BatchNormalization',
      IMAGE,
      [node('BatchNormalization', ['X', ...names(batch)], ['Y'], [attrFloat('epsilon', 1e-5)])],
      batch.map((tensor) => norm(tensor, 'BatchNormalization')),
      batch,
    ),
    network(
      'InstanceNormalization',
      IMAGE,
      [node('InstanceNormalization', ['X', 'scale', 'shift'], ['Y'])],
      [norm(scale, 'InstanceNormalization'), norm(shift, 'InstanceNormalization')],
      [scale, shift],
    ),
    network(
      'LayerNormalization',
      IMAGE,
      [node('LayerNormalization', ['X', ...names(wide)], ['Y'])],
      wide.map((tensor) => norm(tensor, 'LayerNormalization')),
      wide,
    ),
    // Exporters that merge equal tensors hand the copies out through Identity.
    network(
      'BatchNormalization through Identity',
      IMAGE,
      [
        node('Identity', ['variance'], ['gamma']),
        node('BatchNormalization', ['X', 'gamma', 'shift', 'mean', 'variance'], ['Y']),
      ],
      [params[1], params[2], variance].map((tensor) => norm(tensor, 'BatchNormalization')),
      [params[1], params[2], variance],
    ),
  ];
}
