import onnxProto, { type onnx } from 'onnx-proto';
import { toHalf } from '../../src/binary/half.js';
import type { InputArray } from '../../src/data/dataset.js';
import type { DecodedGraph } from '../../src/graph/decoded-graph.js';
import { graphOf } from '../../src/graph/decoded-graph.js';
import { findLayers, type Layer } from '../../src/graph/layers.js';
import type { Skipped } from '../../src/model/model.js';
import { isPatchable } from '../../src/model/weights.js';
import { openOnnx } from '../../src/onnx/open.js';
import type { Feeder } from '../../src/runtime/batches.js';
import { loadRuntime } from '../../src/runtime/runtime.js';
import { Random } from '../support/random.js';

const { AttributeProto, ModelProto, TensorProto } = onnxProto.onnx;

export type Attribute = number | readonly number[] | string | { float: number } | onnx.IGraphProto | onnx.ITensorProto;

export function node(
  opType: string,
  input: string[],
  output: string[],
  attributes: Record<string, Attribute> = {},
  domain = '',
): onnx.INodeProto {
  const types = AttributeProto.AttributeType;
  const attribute = Object.entries(attributes).map(([name, value]): onnx.IAttributeProto => {
    if (typeof value === 'number') return { name, type: types.INT, i: value };
    if (typeof value === 'string') return { name, type: types.STRING, s: new TextEncoder().encode(value) };
    if ('float' in value) return { name, type: types.FLOAT, f: value.float };
    if ('node' in value) return { name, type: types.GRAPH, g: value };
    if ('dataType' in value) return { name, type: types.TENSOR, t: value };
    return { name, type: types.INTS, ints: [...(value as readonly number[])] };
  });
  return { opType, name: `${opType}_${output[0]}`, input, output, attribute, domain };
}

/** A stored tensor: random floats, or the integers given. */
export function stored(name: string, dims: readonly number[], values?: readonly number[] | 'half'): onnx.ITensorProto {
  const count = dims.reduce((all, dim) => all * dim, 1);
  const floats = new Random(name.length + count).floats(count, 1);
  if (Array.isArray(values)) {
    const rawData = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
    return { name, dims: [...dims], dataType: TensorProto.DataType.INT64, rawData };
  }
  const isHalf = values === 'half';
  const rawData = new Uint8Array(isHalf ? Uint16Array.from(floats, toHalf).buffer : floats.buffer);
  return {
    name,
    dims: [...dims],
    dataType: isHalf ? TensorProto.DataType.FLOAT16 : TensorProto.DataType.FLOAT,
    rawData,
  };
}

export interface Parts {
  nodes: onnx.INodeProto[];
  tensors?: onnx.ITensorProto[];
  /** Shapes of what is fed; the first axis, and those of length 0, are declared as free. */
  inputs: Record<string, readonly number[]>;
  output?: string;
  opset?: number;
  /** Element type of inputs and output. Default: float32. */
  type?: number;
  domains?: string[];
}

export function modelOf({
  nodes,
  tensors = [],
  inputs,
  output = 'y',
  opset = 17,
  type = 1,
  domains = [],
}: Parts): Uint8Array {
  const value = (name: string, dims?: readonly number[]): onnx.IValueInfoProto => {
    const dim = dims?.map((dimValue, i) => {
      if (i === 0) return { dimParam: `${name}_n` };
      return dimValue === 0 ? { dimParam: `${name}_${i}` } : { dimValue };
    });
    return { name, type: { tensorType: { elemType: type, ...(dim && { shape: { dim } }) } } };
  };
  const graph = {
    name: 'graph',
    node: nodes,
    initializer: tensors,
    input: Object.entries(inputs).map(([name, dims]) => value(name, dims)),
    output: [value(output)],
  };
  const opsetImport = [{ domain: '', version: opset }, ...domains.map((domain) => ({ domain, version: 1 }))];
  return ModelProto.encode({ irVersion: 8, graph, opsetImport }).finish();
}

/** Random inputs of these shapes. */
function feedOf(inputs: Record<string, readonly number[]>, seed = 1): Record<string, InputArray> {
  const random = new Random(seed);
  return Object.fromEntries(
    Object.entries(inputs).map(([name, dims]) => {
      return [
        name,
        {
          dims,
          data: random.floats(
            dims.reduce((all, dim) => all * dim, 1),
            1,
          ),
        },
      ];
    }),
  );
}

export async function feederOf(inputs: Record<string, readonly number[]>): Promise<Feeder> {
  const batch = { inputs: feedOf(inputs) };
  return {
    runtime: await loadRuntime(),
    threads: 1,
    signal: undefined,
    async *batches() {
      yield batch;
    },
  };
}

/** The layers of a model given as bytes, among the tensors that are weights to it; with tables, also those. */
export function layersOf(
  bytes: Uint8Array,
  tables = false,
): { graph: DecodedGraph; layers: Layer[]; skipped: Skipped[] } {
  const model = openOnnx(bytes);
  const graph = graphOf(model);
  return {
    graph,
    ...findLayers(graph, model.tensors, {
      isWanted: ({ role, dtype }) => role === 'weight' && dtype.startsWith('float'),
      isTableWanted: (tensor) => tables && isPatchable(tensor),
    }),
  };
}
