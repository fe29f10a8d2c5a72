import type { onnx } from 'onnx-proto';
import { isLossyType } from '../binary/dtype.js';
import type { Model, Tensor } from '../model/model.js';
import { writeOnnx } from '../onnx/write.js';
import { readGraphs } from './attributes.js';
import { GraphBuilder, valuesRead } from './builder.js';
import { copyMessage } from './copy.js';
import { type OpenModel, openProto, writeModel } from './open-model.js';
import { fillPayloads, type Records } from './payloads.js';

/** A model's graph, decoded, with its weights inside, and who makes and reads each value. */
export interface DecodedGraph {
  readonly open: OpenModel;
  /** The records of the model's tensors, those in nested graphs included, by their place in the decoded graph. */
  readonly records: Records;
  /** The stored tensors of the main graph by the value they define. */
  readonly stored: ReadonlyMap<string, Stored>;
  /** Tensors that stand outside the main graph, and where, in words. */
  readonly outside: ReadonlyMap<Tensor, string>;
  /** The node that computes a value. */
  readonly producers: ReadonlyMap<string, onnx.INodeProto>;
  /** The nodes that read a value, once for every time they do. */
  readonly readers: ReadonlyMap<string, readonly onnx.INodeProto[]>;
}

/** A stored tensor: the record of the model, and its place in the decoded graph. */
export interface Stored {
  readonly tensor: Tensor;
  readonly proto: onnx.ITensorProto;
}

/**
 * The graph of a model, to be looked into and edited: a copy of what was decoded when the model was opened. Payloads are
 * the model's own where it is in memory, and external data is taken in, so that ONNX Runtime gets the model as one piece.
 *
 * @param model - as the stages so far have left it
 */
export function graphOf(model: Model): DecodedGraph {
  const proto = copyMessage(model.structure.proto);
  const records = fillPayloads(proto, model);
  return indexGraph(openProto(proto), records);
}

/** The same to be looked into only: weights are not read, so that whatever is to be done to them still waits. */
export function outlineOf(model: Model): DecodedGraph {
  const proto = copyMessage(model.structure.proto);
  const records = fillPayloads(proto, model, ({ dtype }) => !isLossyType(dtype));
  return indexGraph(openProto(proto), records);
}

/**
 * Finds the stored tensors of the main graph, and the makers and readers of its values.
 *
 * @param dropped - branches that the main graph once had and that never run
 */
export function indexGraph(open: OpenModel, records: Records, dropped: readonly onnx.IGraphProto[] = []): DecodedGraph {
  const { builder, proto: model } = open;
  const stored = new Map<string, Stored>();
  const outside = new Map<Tensor, string>();
  const producers = new Map<string, onnx.INodeProto>();
  const readers = new Map<string, onnx.INodeProto[]>();
  const store = (name: string, proto: onnx.ITensorProto | null | undefined) => {
    const tensor = proto ? records.get(proto) : undefined;
    if (proto && tensor) stored.set(name, { tensor, proto });
  };
  const leaveOut = (nodes: readonly onnx.INodeProto[], reason: string) => {
    for (const proto of tensorsOf(nodes)) {
      const tensor = records.get(proto);
      if (tensor) outside.set(tensor, reason);
    }
  };
  for (const proto of builder.graph.initializer ?? []) store(proto.name ?? '', proto);
  for (const node of builder.graph.node ?? []) {
    // The states that a recurrent layer goes on from can only be seen if it gives them all.
    if (RECURRENT.has(node.opType ?? '') && !node.domain) builder.optionalOutput(node, 0);
    for (const name of node.output ?? []) if (name) producers.set(name, node);
    for (const name of valuesRead(node)) readers.set(name, [...(readers.get(name) ?? []), node]);
    if (node.opType === 'Constant') store(node.output?.[0] ?? '', node.attribute?.find(({ t }) => t)?.t);
    if (readGraphs(node).length > 0) leaveOut([node], placeOf(node));
  }
  for (const graph of dropped) {
    leaveOut([holderOf(graph)], NEVER_TAKEN);
    // What nothing but such a branch reads may stand outside it.
    for (const name of valuesRead(holderOf(graph))) {
      const tensor = stored.get(name)?.tensor;
      if (tensor && !readers.has(name)) outside.set(tensor, NEVER_TAKEN);
    }
  }
  for (const { node } of model.functions ?? []) leaveOut(node ?? [], 'inside a function');
  return { open, records, stored, outside, producers, readers };
}

export const RECURRENT: ReadonlySet<string> = new Set(['LSTM', 'GRU', 'RNN']);

/** Of tensors that another value of some input would reach. */
export const NEVER_TAKEN = 'in a branch that no input took';

const PLACES: Readonly<Record<string, string>> = {
  If: 'in a branch that only some inputs took',
  Loop: 'inside a loop',
  Scan: 'inside a loop',
};

/** Where something stands that a node's nested graphs hold or read. */
export function placeOf({ opType }: onnx.INodeProto): string {
  return PLACES[opType ?? ''] ?? `inside ${opType}`;
}

/** Every tensor in the attributes of nodes and in their nested graphs. */
function* tensorsOf(nodes: readonly onnx.INodeProto[]): Iterable<onnx.ITensorProto> {
  for (const node of nodes) {
    for (const { t, tensors } of node.attribute ?? []) yield* [...(t ? [t] : []), ...(tensors ?? [])];
    for (const { initializer, node: inner } of readGraphs(node)) {
      yield* initializer ?? [];
      yield* tensorsOf(inner ?? []);
    }
  }
}

function holderOf(graph: onnx.IGraphProto): onnx.INodeProto {
  return { attribute: [{ g: graph }] };
}

/**
 * The model as one piece, as ONNX Runtime takes it: its file, or where there is external data a file with that inside. Left to
 * itself the runtime would look for the data in the working directory.
 */
export function mainFile(model: Model): Uint8Array {
  if (model.files.length > 1) return bytesOf(graphOf(model));
  const whole = new Uint8Array(model.files[0].size + model.appendix.length);
  let at = 0;
  for (const { file, bytes } of writeOnnx(model)) {
    if (file > 0) break;
    whole.set(bytes, at);
    at += bytes.length;
  }
  return whole;
}

/** A copy to which nodes can be added; what is in it stays shared. */
export function copyOf({ proto, builder: { graph } }: OpenModel): OpenModel {
  const copy = { ...graph, node: [...(graph.node ?? [])], initializer: [...(graph.initializer ?? [])] };
  return { proto: { ...proto, graph: copy }, builder: new GraphBuilder(copy) };
}

/** The graph's model as one piece, as ONNX Runtime takes it: with external data inside, and what stages have changed. */
export function bytesOf({ open }: DecodedGraph): Uint8Array {
  const copy = copyOf(open);
  return writeModel(copy, copy.builder.graph.output ?? []);
}
