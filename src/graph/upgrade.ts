import type { onnx } from 'onnx-proto';
import { FxqError } from '../errors.js';
import type { Model } from '../model/model.js';
import { int, isStandard, readFloat, readInt, readInts } from './attributes.js';
import { describeNode, type GraphBuilder } from './builder.js';
import { edit } from './edit/edit.js';
import type { EditedGraph } from './edit/graph.js';

/** The rules emit operators as of this set: ScatterElements with reduction came with 16, BatchNormalization's form with 15. */
const EMITTED_OPSET = 17;
/** Before it, broadcasting had to be asked for, and every arithmetic operator meant something else. */
const OLDEST_OPSET = 7;
/** From here to {@link EMITTED_OPSET} nothing changed its meaning. */
const SETTLED_OPSET = 13;
/** Of the file format: from here on stored tensors are not listed as inputs. */
const LISTS_NO_TENSORS = 4;

/** Where a rewritten node's attributes go that are inputs now, and what is known of its graph. */
interface Surroundings {
  ints(values: readonly number[]): string;
  float(value: number): string;
  fresh(wanted: string): string;
  /** The rank a value is declared to have, where the model says so. */
  rank(value: string): number | undefined;
}

/** Rewrites one node of an older set, in place, in the form it has had since 13; nodes to stand in its place, if one is not enough. */
type Rewrite = (node: onnx.INodeProto, around: Surroundings, version: number) => onnx.INodeProto[] | undefined;

const REWRITES: Readonly<Record<string, Rewrite>> = {
  Squeeze: (node, around) => moveInts(node, around, 'axes', 1),
  Unsqueeze: (node, around) => moveInts(node, around, 'axes', 1),
  ReduceSum: (node, around) => moveInts(node, around, 'axes', 1),
  Split: (node, around) => moveInts(node, around, 'split', 1),
  Slice(node, around, version) {
    if (version >= 10) return undefined;
    moveInts(node, around, 'starts', 1);
    moveInts(node, around, 'ends', 2);
    return moveInts(node, around, 'axes', 3);
  },
  Pad(node, around, version) {
    if (version >= 11) return undefined;
    moveInts(node, around, 'pads', 1);
    return moveFloat(node, around, 'value', 2);
  },
  Clip(node, around, version) {
    if (version >= 11) return undefined;
    moveFloat(node, around, 'min', 1);
    return moveFloat(node, around, 'max', 2);
  },
  Dropout: (node) => drop(node, 'ratio'),
  BatchNormalization(node) {
    if (readInt(node, 'spatial', 1) !== 1) throw unsettled(node);
    drop(node, 'spatial');
    return drop(node, 'momentum');
  },
  Softmax: wholeRows,
  LogSoftmax: wholeRows,
};

/** Operators whose form before the set given no rewrite of a single node can follow. */
const UNSETTLED: Readonly<Record<string, number>> = {
  Hardmax: SETTLED_OPSET,
  If: SETTLED_OPSET,
  Loop: SETTLED_OPSET,
  Resize: 11,
  Scan: SETTLED_OPSET,
  Scatter: SETTLED_OPSET,
  TopK: 10,
  Upsample: SETTLED_OPSET,
};

/**
 * Brings a model to the operator set the gradient rules are written for. Nodes of sets 7 to 12 are rewritten where their
 * form changed; those of 13 and later are left alone, and a set newer than the rules' stays what it is.
 *
 * @throws FxqError `UNSUPPORTED` for a set older than 7, or an operator that cannot be brought up.
 */
export function upgrade(proto: onnx.IModelProto, builder: GraphBuilder): void {
  const standard = proto.opsetImport?.find(isStandard);
  const version = Number(standard?.version ?? 1);
  if (!standard || version < OLDEST_OPSET) {
    const message = `model: gradients need operator set ${OLDEST_OPSET} or later, this one uses ${version}; convert it first`;
    throw new FxqError('UNSUPPORTED', message, { expected: OLDEST_OPSET, actual: version });
  }
  if (version < SETTLED_OPSET) {
    const { graph } = builder;
    const around: Surroundings = {
      ints: (values) => builder.ints(values),
      float: (value) => builder.float(value),
      fresh: (wanted) => builder.fresh(wanted),
      rank: (value) => rankIn(graph, value),
    };
    graph.node = graph.node!.flatMap((node) => rewritten(node, around, version));
  }
  standard.version = Math.max(version, EMITTED_OPSET);
  // What this set of operators demands of the file format.
  proto.irVersion = Math.max(Number(proto.irVersion), 8);
}

/**
 * A node of an older set as it is written from 13 on, perhaps with others around it. The node itself is changed.
 *
 * @throws FxqError `UNSUPPORTED` for an operator that cannot be brought up
 */
function rewritten(node: onnx.INodeProto, around: Surroundings, version: number): onnx.INodeProto[] {
  if (!isStandard(node)) return [node];
  if (version < (UNSETTLED[node.opType!] ?? 0)) throw unsettled(node);
  return REWRITES[node.opType!]?.(node, around, version) ?? [node];
}

/**
 * The model in operator set 13, where quantisation by channel and Clip with inputs are known; a
 * newer one stays. Branches, loops and functions are rewritten, too.
 *
 * @throws FxqError `UNSUPPORTED` for a set older than 7, or an operator that cannot be brought up
 */
export function withSettledOpset(model: Model): Model {
  const editor = edit(model);
  const version = editor.opset() ?? 1;
  if (version >= SETTLED_OPSET) return model;
  if (version < OLDEST_OPSET) {
    const message = `model: expected operator set ${OLDEST_OPSET} or later, this one uses ${version}; convert it first`;
    throw new FxqError('UNSUPPORTED', message, { expected: OLDEST_OPSET, actual: version });
  }
  editor.useIrVersion(LISTS_NO_TENSORS);
  for (const graph of [editor.graph, ...editor.functions.values()]) upgradeGraph(graph, version);
  editor.useOpset('', SETTLED_OPSET);
  return editor.finish();
}

function upgradeGraph(graph: EditedGraph, version: number): void {
  const around: Surroundings = {
    ints: (values) => graph.store('ints', { dtype: 'int64', dims: [values.length], bytes: bytesOf(values) }),
    float(value) {
      const bytes = new Uint8Array(Float32Array.of(value).buffer);
      return graph.store('float', { dtype: 'float32', dims: [], bytes });
    },
    fresh: (wanted) => graph.fresh(wanted),
    rank: (value) => graph.rank(value),
  };
  for (const node of graph.nodes) {
    for (const nested of graph.nested(node)) upgradeGraph(nested, version);
    const isSame = node.domain !== '' || !(node.opType in REWRITES || node.opType in UNSETTLED);
    if (!isSame) graph.replace(node, ...rewritten(node.decode(), around, version));
  }
}

function bytesOf(values: readonly number[]): Uint8Array {
  return new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
}

function unsettled(node: onnx.INodeProto): FxqError {
  const message = `${describeNode(node)}: its form in this operator set has no gradient rule; convert the model to ${SETTLED_OPSET}`;
  return new FxqError('UNSUPPORTED', message, { actual: node.opType });
}

/** Makes an attribute an input: `position` is the place the operator gives it since. */
function moveInts(node: onnx.INodeProto, around: Surroundings, name: string, position: number): undefined {
  const values = readInts(node, name);
  drop(node, name);
  if (values) place(node, position, around.ints(values));
  return undefined;
}

function moveFloat(node: onnx.INodeProto, around: Surroundings, name: string, position: number): undefined {
  const value = node.attribute?.some((attribute) => attribute.name === name) ? readFloat(node, name, 0) : undefined;
  drop(node, name);
  if (value !== undefined) place(node, position, around.float(value));
  return undefined;
}

function place(node: onnx.INodeProto, position: number, value: string): void {
  node.input ??= [];
  while (node.input.length <= position) node.input.push('');
  node.input[position] = value;
}

function drop(node: onnx.INodeProto, name: string): undefined {
  node.attribute = (node.attribute ?? []).filter((attribute) => attribute.name !== name);
  return undefined;
}

/**
 * Before 13, Softmax ran over everything from `axis` on as one row. Over the last axis that is what it does today; for any
 * other, the input is flattened into such rows first and gets its shape back afterwards.
 */
function wholeRows(node: onnx.INodeProto, around: Surroundings): onnx.INodeProto[] | undefined {
  const axis = readInt(node, 'axis', 1);
  drop(node, 'axis');
  node.attribute!.push(int('axis', -1));
  if (axis === -1 || around.rank(node.output![0]) === axis + 1) return undefined;
  const [x] = node.input!;
  const [y] = node.output!;
  const rows = around.fresh(`${x}/rows`);
  const result = around.fresh(`${y}/rows`);
  const shape = around.fresh(`${x}/shape`);
  node.input = [rows];
  node.output = [result];
  return [
    { opType: 'Flatten', name: rows, input: [x], output: [rows], attribute: [int('axis', axis)] },
    node,
    { opType: 'Shape', name: shape, input: [x], output: [shape] },
    { opType: 'Reshape', name: around.fresh(`${y}/reshape`), input: [result, shape], output: [y] },
  ];
}

function rankIn(graph: onnx.IGraphProto, name: string): number | undefined {
  const declared = [...(graph.output ?? []), ...(graph.valueInfo ?? [])].find((value) => value.name === name);
  return declared?.type?.tensorType?.shape?.dim?.length;
}
