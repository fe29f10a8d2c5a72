import { FxqError } from '../errors.js';
import type { ByteRun, Enclosure, ScannedTensor } from '../model/structure.js';
import { MAX_GRAPH_DEPTH } from './limits.js';
import { addRun, enclosure, scanList, scanLoose, scanTensor } from './scan-tensor.js';
import { type Bytes, LENGTH_DELIMITED, malformed, readFields } from './wire.js';

/** Field numbers of onnx.proto: only what can lead to a tensor, everything else is passed over unread. */
export const CHILDREN: Record<string, Record<number, { name: string; kind: string; repeated: boolean }>> = {
  model: {
    7: { name: 'graph', kind: 'graph', repeated: false },
    20: { name: 'trainingInfo', kind: 'training', repeated: true },
    25: { name: 'functions', kind: 'function', repeated: true },
  },
  training: {
    1: { name: 'initialization', kind: 'graph', repeated: false },
    2: { name: 'algorithm', kind: 'graph', repeated: false },
  },
  graph: {
    1: { name: 'node', kind: 'node', repeated: true },
    5: { name: 'initializer', kind: 'tensor', repeated: true },
    15: { name: 'sparseInitializer', kind: 'sparse', repeated: true },
  },
  function: {
    7: { name: 'node', kind: 'node', repeated: true },
    11: { name: 'attributeProto', kind: 'attribute', repeated: true },
  },
  node: { 5: { name: 'attribute', kind: 'attribute', repeated: true } },
  attribute: {
    5: { name: 't', kind: 'tensor', repeated: false },
    6: { name: 'g', kind: 'graph', repeated: false },
    7: { name: 'floats', kind: 'floats', repeated: false },
    8: { name: 'ints', kind: 'ints', repeated: false },
    10: { name: 'tensors', kind: 'tensor', repeated: true },
    11: { name: 'graphs', kind: 'graph', repeated: true },
    22: { name: 'sparseTensor', kind: 'sparse', repeated: false },
    23: { name: 'sparseTensors', kind: 'sparse', repeated: true },
  },
  sparse: {
    1: { name: 'values', kind: 'tensor', repeated: false },
    2: { name: 'indices', kind: 'tensor', repeated: false },
  },
};

/** Bytes from which on a list is worth being taken out of what is decoded; decision trees have lists of megabytes. */
const LONG_LIST = 1 << 10;

/**
 * Finds every tensor of an ONNX file at the wire level: initializers, sparse initializers, tensor attributes (so
 * Constant nodes), subgraphs to any legal depth, model-local functions, training graphs. Nothing is decoded or copied.
 *
 * @throws FxqError `ONNX_MALFORMED` or `LIMIT`, naming tensor or field and byte offset
 */
export function scanTensors(bytes: Bytes): { tensors: ScannedTensor[]; model: Enclosure } {
  const tensors: ScannedTensor[] = [];
  const model: Enclosure = { tag: -1, lengthAt: -1, start: 0, end: bytes.length, parent: undefined };
  const counts = new Map<string, Record<string, number>>();
  let graphs = 0;

  function visit(kind: string, message: Enclosure, path: string, depth: number): void {
    if (kind === 'graph' && depth > MAX_GRAPH_DEPTH) {
      throw new FxqError(
        'LIMIT',
        `${path.slice(0, 80)}…: graphs nested deeper than ${MAX_GRAPH_DEPTH} (byte ${message.start})`,
        {
          tensor: path,
          offset: message.start,
          expected: MAX_GRAPH_DEPTH,
        },
      );
    }
    if (kind === 'tensor') {
      tensors.push(scanTensor(bytes, message, path));
      return;
    }
    if (kind === 'floats' || kind === 'ints') {
      tensors.push(scanList(bytes, message, path, kind));
      return;
    }
    // A message that stands in several parts is one, whose lists go on.
    const seen = counts.get(path) ?? {};
    counts.set(path, seen);
    const loose: Record<'floats' | 'ints', ByteRun[]> = { floats: [], ints: [] };
    for (const field of readFields(bytes, message.start, message.end, path || 'model')) {
      const child = CHILDREN[kind][field.number];
      if (child === undefined) continue;
      if (field.type !== LENGTH_DELIMITED) {
        // A list that is not packed stands in many small fields: skeleton. Anything else is not ONNX.
        if (child.kind === 'floats' || child.kind === 'ints') {
          addRun(loose[child.kind], field, message);
          continue;
        }
        throw malformed(path || 'model', field.tag, `${child.name} has wire type ${field.type}, expected a message`);
      }
      const index = seen[child.name] ?? 0;
      seen[child.name] = index + 1;
      const name = child.repeated ? `${child.name}[${index}]` : child.name;
      if (kind === 'model' && child.name === 'graph') graphs++;
      visit(
        child.kind,
        enclosure(field, message),
        path ? `${path}.${name}` : name,
        depth + (child.kind === 'graph' ? 1 : 0),
      );
    }
    for (const list of ['floats', 'ints'] as const) {
      const length = loose[list].reduce((sum, { start, end }) => sum + end - start, 0);
      if (length >= LONG_LIST) tensors.push(scanLoose(`${path}.${list}`, list, loose[list]));
    }
  }

  visit('model', model, '', 0);
  if (graphs === 0) {
    throw malformed(
      'model',
      bytes.length,
      `expected an ONNX model, found no graph in ${bytes.length} bytes; is this the right file?`,
    );
  }
  return { tensors, model };
}
