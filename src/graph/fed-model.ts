import onnxProto, { type onnx } from 'onnx-proto';
import type { Model, Tensor } from '../model/model.js';
import { int, readGraphs } from './attributes.js';
import { graphOf } from './decoded-graph.js';
import { floatValue, writeModel } from './open-model.js';
import type { Records } from './payloads.js';

const { DataType } = onnxProto.onnx.TensorProto;

/** An input that feeds a layer. */
interface LayerInput {
  readonly name: string;
  readonly tensor: Tensor;
  readonly dims: readonly number[];
}

/** A model whose layers are fed. */
export interface FedModel {
  readonly bytes: Uint8Array;
  /** The inputs that feed the layers, one for each place that a tensor stands in. */
  readonly inputs: readonly LayerInput[];
  /** Layers that no output depends on. */
  readonly unread: readonly Tensor[];
  /** Layers that stand where nothing can be fed: in functions, sparse tensors and lists of numbers. */
  readonly unfed: readonly Tensor[];
}

/**
 * Makes float32 inputs of tensors, wherever the graph stores them: a node in their place hands on what is fed, cast to
 * the tensor's type. So branches and bodies of loops, too, see what is fed, and float16 is fed exactly.
 */
export function feedLayers(model: Model, layers: ReadonlySet<Tensor>): FedModel {
  const { open, records } = graphOf(model);
  const main = open.builder.graph;
  const inputs: LayerInput[] = [];
  const feed: Feed = (tensor, proto, output) => {
    const name = open.builder.fresh(`fed/${tensor.name}`);
    const dims = (proto.dims ?? []).map(Number);
    main.input?.push(floatValue(name, dims));
    inputs.push({ name, tensor, dims });
    return passOn(name, output, proto.dataType ?? DataType.FLOAT);
  };
  replace(main, layers, records, feed);
  const bytes = writeModel(open, main.output ?? []);
  const read = new Set(main.input?.map(({ name }) => name));
  const fed = inputs.filter(({ name }) => read.has(name));
  const placed = new Set(inputs.map(({ tensor }) => tensor));
  const served = new Set(fed.map(({ tensor }) => tensor));
  return {
    bytes,
    inputs: fed,
    unread: [...layers].filter((tensor) => placed.has(tensor) && !served.has(tensor)),
    unfed: [...layers].filter((tensor) => !placed.has(tensor)),
  };
}

type Feed = (tensor: Tensor, proto: onnx.ITensorProto, name: string) => onnx.INodeProto;

/** Puts what `feed` makes in the place of initializers and constants, in nested graphs as well. */
function replace(graph: onnx.IGraphProto, layers: ReadonlySet<Tensor>, records: Records, feed: Feed): void {
  const layerOf = (proto: onnx.ITensorProto | null | undefined) => {
    const tensor = proto ? records.get(proto) : undefined;
    return tensor && layers.has(tensor) ? tensor : undefined;
  };
  const fed: onnx.INodeProto[] = [];
  graph.initializer = (graph.initializer ?? []).filter((proto) => {
    const tensor = layerOf(proto);
    if (tensor) fed.push(feed(tensor, proto, proto.name ?? ''));
    return !tensor;
  });
  const nodes = (graph.node ?? []).map((node) => {
    const proto = node.opType === 'Constant' ? node.attribute?.find(({ t }) => t)?.t : undefined;
    const tensor = layerOf(proto);
    if (tensor && proto) return feed(tensor, proto, node.output?.[0] ?? '');
    for (const nested of readGraphs(node)) replace(nested, layers, records, feed);
    return node;
  });
  graph.node = [...fed, ...nodes];
}

function passOn(from: string, to: string, type: number): onnx.INodeProto {
  const base = { input: [from], output: [to] };
  if (type === DataType.FLOAT) return { ...base, opType: 'Identity' };
  return { ...base, opType: 'Cast', attribute: [int('to', type)] };
}
