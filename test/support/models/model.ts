import { attrInt, type DataTypeName, type ModelFields, modelProto, node, valueInfo } from '../onnx-builder.js';
import { type ExpectedTensor, type TestTensor, weight } from '../tensors.js';

export interface GeneratedModel {
  name: string;
  bytes: Uint8Array;
  /** External data files by location. */
  external?: Record<string, Uint8Array>;
  /** ONNX Runtime makes a session of it. */
  runnable?: boolean;
  expect: { tensors: ExpectedTensor[] };
}

/** A runnable model unless told otherwise. */
export function generated(
  name: string,
  fields: ModelFields,
  tensors: ExpectedTensor[],
  rest: Pick<GeneratedModel, 'external' | 'runnable'> = {},
): GeneratedModel {
  return { name, bytes: modelProto(fields), runnable: true, ...rest, expect: { tensors } };
}

/** `Y = X · W` around one weight of dims [k, n]: the smallest frame in which a tensor's form can be shown. */
export function matmul(name: string, w: TestTensor, fields: ModelFields = {}, runnable = true): GeneratedModel {
  return generated(name, { ...fields, graph: matmulGraph(w) }, [weight(w, 'MatMul')], { runnable });
}

export function matmulGraph(w: TestTensor) {
  return {
    nodes: [node('MatMul', ['X', w.name], ['Y'])],
    initializers: [w.proto],
    inputs: [valueInfo('X', w.dtype as DataTypeName, ['batch', w.dims[0]])],
    outputs: [valueInfo('Y', w.dtype as DataTypeName, ['batch', w.dims[1]])],
  };
}

/** Tensors that go straight to outputs through Identity: they have no role. */
export function identities(tensors: readonly TestTensor[]) {
  return {
    nodes: tensors.map((tensor, i) => node('Identity', [tensor.name], [`out${i}`])),
    initializers: tensors.map((tensor) => tensor.proto),
    outputs: tensors.map((tensor, i) => valueInfo(`out${i}`, tensor.dtype as DataTypeName, tensor.dims)),
  };
}

/** Tensors that go to outputs through Cast, for types that ONNX Runtime's Node binding has no outputs of. */
export function casts(tensors: readonly TestTensor[]) {
  return {
    nodes: tensors.map((tensor, i) => node('Cast', [tensor.name], [`out${i}`], [attrInt('to', 1)])),
    initializers: tensors.map((tensor) => tensor.proto),
    outputs: tensors.map((tensor, i) => valueInfo(`out${i}`, 'float32', tensor.dims)),
  };
}

/** X (float32) of these dims goes in, Y of unknown shape comes out. */
export function io(dims: readonly (number | string)[], output = 'Y') {
  return { inputs: [valueInfo('X', 'float32', dims)], outputs: [valueInfo(output, 'float32')] };
}

/** One model of these nodes over X, with these initializers. */
export function network(
  name: string,
  dims: readonly (number | string)[],
  nodes: Uint8Array[],
  tensors: ExpectedTensor[],
  initializers: TestTensor[],
): GeneratedModel {
  const graph = { nodes, initializers: initializers.map((tensor) => tensor.proto), ...io(dims) };
  return generated(name, { graph }, tensors);
}
