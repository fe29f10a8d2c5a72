import onnxProto, { type onnx } from 'onnx-proto';
import { fromBfloat16, fromHalf } from '../binary/half.js';
import { readGraphs } from './attributes.js';

const { DataType } = onnxProto.onnx.TensorProto;

/** Half-width types, each with how its elements are read. */
const HALVES: ReadonlyMap<number, (bits: number) => number> = new Map([
  [DataType.FLOAT16, fromHalf],
  [DataType.BFLOAT16, fromBfloat16],
]);

/** Attributes whose integer is a type. */
export const TYPE_ATTRIBUTES: ReadonlySet<string> = new Set(['to', 'dtype', 'stash_type', 'output_dtype']);

/**
 * Makes a model of half-width floats compute in float32, its values being the same: small steps of training would be lost in
 * eleven bits.
 *
 * @param proto - is edited; its tensors stay the objects they are, with payloads of their own
 */
export function widen({ graph }: onnx.IModelProto): void {
  if (graph) widenGraph(graph);
}

function widenGraph(graph: onnx.IGraphProto): void {
  for (const tensor of graph.initializer ?? []) widenTensor(tensor);
  for (const { type } of [...(graph.input ?? []), ...(graph.output ?? []), ...(graph.valueInfo ?? [])]) {
    if (type?.tensorType && HALVES.has(type.tensorType.elemType ?? 0)) type.tensorType.elemType = DataType.FLOAT;
  }
  for (const node of graph.node ?? []) {
    for (const attribute of node.attribute ?? []) {
      if (attribute.t) widenTensor(attribute.t);
      if (TYPE_ATTRIBUTES.has(attribute.name ?? '') && HALVES.has(Number(attribute.i ?? 0)))
        attribute.i = DataType.FLOAT;
    }
    for (const nested of readGraphs(node)) widenGraph(nested);
  }
}

/** Makes floats of a tensor of half-width ones, in place. */
export function widenTensor(tensor: onnx.ITensorProto): void {
  const convert = HALVES.get(tensor.dataType ?? 0);
  if (!convert) return;
  const { rawData, int32Data } = tensor;
  const raw = rawData?.length ? new DataView(rawData.buffer, rawData.byteOffset, rawData.byteLength) : undefined;
  const floats = raw
    ? Float32Array.from({ length: raw.byteLength / 2 }, (_, i) => convert(raw.getUint16(2 * i, true)))
    : Float32Array.from(int32Data ?? [], convert);
  tensor.dataType = DataType.FLOAT;
  tensor.rawData = new Uint8Array(floats.buffer);
  tensor.int32Data = [];
}
