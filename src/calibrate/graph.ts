import type { onnx } from 'onnx-proto';
import { concat } from '../binary/bytes.js';
import { valuesRead } from '../gradient/builder.js';
import { type OpenModel, openGraph } from '../gradient/model.js';
import type { Model, Tensor } from '../layers/model.js';
import { scanTensors } from '../onnx/scan.js';
import { writeOnnx } from '../onnx/write.js';

/** A model's graph as calibration works on it: decoded, with its weights inside, and who makes and reads each value. */
export interface CalibrationGraph {
  readonly open: OpenModel;
  /** The stored tensors of the main graph by the value they define. */
  readonly stored: ReadonlyMap<string, Stored>;
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
 * Decodes a model for calibration. External data is taken in, so that ONNX Runtime gets the model as one piece.
 *
 * @param model - as the stages so far have left it
 */
export function readCalibrationGraph(model: Model): CalibrationGraph {
  const bytes = mainFile(model);
  const open = openGraph(bytes);
  const places = new Map(model.tensors.map((tensor) => [`${tensor.file}:${tensor.offset}`, tensor]));
  const protos = new Map<onnx.ITensorProto, Tensor>();
  for (const { path, window, external } of scanTensors(bytes).tensors) {
    const file = external ? model.files.findIndex(({ name }, i) => i > 0 && name === external.location) : 0;
    const tensor = places.get(`${file}:${window?.start ?? external?.offset ?? 0}`);
    const proto = at(open.proto, path);
    if (!tensor || !proto) continue;
    protos.set(proto, tensor);
    if (external) {
      proto.rawData = tensor.read();
      proto.externalData = [];
      proto.dataLocation = 0;
    }
  }
  return withStored(open, protos);
}

/** Finds the stored tensors of the main graph, and the makers and readers of its values. */
function withStored(open: OpenModel, protos: ReadonlyMap<onnx.ITensorProto, Tensor>): CalibrationGraph {
  const { graph } = open.builder;
  const stored = new Map<string, Stored>();
  const producers = new Map<string, onnx.INodeProto>();
  const readers = new Map<string, onnx.INodeProto[]>();
  const store = (name: string, proto: onnx.ITensorProto | null | undefined) => {
    const tensor = proto ? protos.get(proto) : undefined;
    if (proto && tensor) stored.set(name, { tensor, proto });
  };
  for (const proto of graph.initializer ?? []) store(proto.name ?? '', proto);
  for (const node of graph.node ?? []) {
    for (const name of node.output ?? []) if (name) producers.set(name, node);
    for (const name of valuesRead(node)) readers.set(name, [...(readers.get(name) ?? []), node]);
    if (node.opType === 'Constant') store(node.output?.[0] ?? '', node.attribute?.find(({ t }) => t)?.t);
  }
  return { open, stored, producers, readers };
}

/** The model file as one piece, with the records of the stages left out: they come after the weights. */
export function mainFile(model: Model): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const { file, bytes } of writeOnnx(model)) {
    if (file > 0) break;
    // A piece may be a view that is used again.
    parts.push(bytes.slice());
  }
  return concat(parts);
}

/** The tensor at a dotted path of the decoded model; none for a list of numbers, which is no tensor of its own. */
function at(root: object, path: string): onnx.ITensorProto | undefined {
  let value: unknown = root;
  for (const [, key, index] of path.matchAll(/([A-Za-z]+|\[(\d+)\])\.?/g)) {
    value = index === undefined ? (value as Record<string, unknown>)?.[key] : (value as unknown[])?.[Number(index)];
  }
  return value !== null && typeof value === 'object' && !Array.isArray(value)
    ? (value as onnx.ITensorProto)
    : undefined;
}
