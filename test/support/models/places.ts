/** Every place of a model that can hold a tensor, except functions and control flow (functions.ts, subgraphs.ts). */
import {
  attrFloats,
  attrFloatsPacked,
  attrInt,
  attrInts,
  attrIntsPacked,
  attrSparse,
  attrSparses,
  attrTensor,
  attrTensors,
  constant,
  graphProto,
  node,
  sparseTensorProto,
  valueInfo,
} from '../onnx-builder.js';
import { bytesField, bytesOf } from '../protobuf.js';
import {
  bias,
  constantOf,
  expected,
  floats,
  int64s,
  other,
  raw,
  type TestTensor,
  varints,
  weight,
} from '../tensors.js';
import { functionModels } from './functions.js';
import { type GeneratedModel, generated, io, matmul } from './model.js';
import { subgraphModels } from './subgraphs.js';

export function placeModels(): GeneratedModel[] {
  return [...constantModels(), ...functionModels(), ...sparseModels(), ...attributeModels(), ...subgraphModels()];
}

function constantModels(): GeneratedModel[] {
  const w = floats('W', [4, 3]);
  const b = floats('B', [3]);
  const inner = floats('inner name', [4, 3]);
  const nameless = { ...inner, name: 'W' };
  return [
    matmul('top-level initializer', w),
    generated(
      'initializers listed as graph inputs',
      {
        graph: {
          nodes: [node('Gemm', ['X', 'W', 'B'], ['Y'])],
          initializers: [w.proto, b.proto],
          inputs: [
            valueInfo('X', 'float32', ['batch', 4]),
            valueInfo('W', 'float32', [4, 3]),
            valueInfo('B', 'float32', [3]),
          ],
          outputs: io([]).outputs,
        },
      },
      [weight(w, 'Gemm'), bias(b)],
    ),
    generated(
      'Constant value',
      { graph: { nodes: [constantOf(w), node('MatMul', ['X', 'W'], ['Y'])], ...io(['batch', 4]) } },
      [weight(w, 'MatMul')],
    ),
    generated(
      'Constant value whose tensor has another name',
      {
        graph: {
          nodes: [constant('W', attrTensor('value', inner.proto)), node('MatMul', ['X', 'W'], ['Y'])],
          ...io(['batch', 4]),
        },
      },
      [weight(nameless, 'MatMul')],
    ),
    listModel('unpacked'),
    listModel('packed'),
  ];
}

/** Constants that are plain lists. Unpacked ones stay in the skeleton; packed ones may be seen as windows. */
function listModel(how: 'packed' | 'unpacked'): GeneratedModel {
  const values = Array.from({ length: 12 }, (_, i) => i / 8);
  const flat = raw('flat', 'float32', [12], bytesOf(Float32Array.from(values)));
  const shape = varints('shape', 'int64', [2], 7, [4, 3]);
  const [floatList, intList] = how === 'packed' ? [attrFloatsPacked, attrIntsPacked] : [attrFloats, attrInts];
  const nodes = [
    constant('flat', floatList('value_floats', values)),
    constant('shape', intList('value_ints', [4, 3])),
    node('Reshape', ['flat', 'shape'], ['W']),
    node('MatMul', ['X', 'W'], ['Y']),
  ];
  const windows = [weight({ ...flat, form: 'fixed' }, 'MatMul', { optional: true }), other(shape, { optional: true })];
  const graph = { nodes, ...io(['batch', 4]) };
  return generated(`Constant value_floats and value_ints, ${how}`, { graph }, how === 'packed' ? windows : []);
}

function sparseModels(): GeneratedModel[] {
  const values = floats('W', [5]);
  const indices = int64s('W indices', [0, 2, 5, 7, 11]);
  const coordinates = int64s('W coordinates', [0, 0, 0, 2, 1, 2, 2, 1, 3, 2], [5, 2]);
  const sparse = (of: TestTensor) => sparseTensorProto(values.proto, of.proto, [4, 3]);
  const matmulNode = node('MatMul', ['X', 'W'], ['Y']);
  const frame = io(['batch', 4]);
  const found = (of: TestTensor, name: boolean) => [
    expected(values, 'weight', 'MatMul', { anyName: !name }),
    expected(of, 'other', undefined, { anyName: true }),
  ];
  const listed = node('TestSparse', ['X'], ['Y'], [attrSparses('tables', [sparse(indices)])], { domain: 'test' });
  return [
    generated(
      'sparse_initializer',
      { graph: { ...frame, nodes: [matmulNode], sparseInitializers: [sparse(indices)] } },
      found(indices, true),
    ),
    generated(
      'sparse_initializer with coordinates',
      { graph: { ...frame, nodes: [matmulNode], sparseInitializers: [sparse(coordinates)] } },
      found(coordinates, true),
    ),
    generated(
      'Constant sparse_value',
      { graph: { ...frame, nodes: [constant('W', attrSparse('sparse_value', sparse(indices))), matmulNode] } },
      found(indices, false),
    ),
    generated(
      'sparse tensors of a foreign operator',
      { domains: ['test'], graph: { ...frame, nodes: [listed] } },
      [expected(values, undefined, undefined, { anyName: true }), other(indices, { anyName: true })],
      { runnable: false },
    ),
  ];
}

/** Tensors in attributes of nodes other than Constant; they have no output of their own to be named by. */
function attributeModels(): GeneratedModel[] {
  const filler = raw('', 'float32', [1], bytesOf(Float32Array.of(0.25)));
  const shape = int64s('shape', [2, 3]);
  const first = floats('first', [4, 3]);
  const second = floats('second', [3, 2]);
  const inTraining = floats('in training', [3, 2]);
  const foreign = node(
    'TestOp',
    ['X'],
    ['Y'],
    [attrInt('axis', 1), attrTensors('tables', [first.proto, second.proto])],
    {
      domain: 'test',
    },
  );
  return [
    generated(
      'ConstantOfShape value',
      {
        graph: {
          nodes: [node('ConstantOfShape', ['shape'], ['Y'], [attrTensor('value', filler.proto)])],
          initializers: [shape.proto],
          outputs: io([]).outputs,
        },
      },
      [other(shape), other(filler, { anyName: true })],
    ),
    generated(
      'tensors of a foreign operator',
      { domains: ['test'], graph: { ...io(['batch', 4]), nodes: [foreign] } },
      [other(first, { anyName: true }), other(second, { anyName: true })],
      { runnable: false },
    ),
    generated(
      'training_info',
      {
        graph: { nodes: [node('Identity', ['X'], ['Y'])], ...io([1]) },
        after: bytesField(20, bytesField(1, graphProto({ initializers: [inTraining.proto] }))),
      },
      [expected(inTraining, undefined, undefined, { optional: true })],
    ),
  ];
}
