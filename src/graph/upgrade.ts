import type { onnx } from 'onnx-proto';
import { FxqError } from '../errors.js';
import { int, isStandard, readFloat, readInt, readInts } from './attributes.js';
import { describeNode, type GraphBuilder } from './builder.js';

/** The rules emit operators as of this set: ScatterElements with reduction came with 16, BatchNormalization's form with 15. */
const EMITTED_OPSET = 17;
/** Before it, broadcasting had to be asked for, and every arithmetic operator meant something else. */
const OLDEST_OPSET = 7;
/** From here to {@link EMITTED_OPSET} nothing changed its meaning. */
const SETTLED_OPSET = 13;

/** Rewrites one node of an older set in the form it has had since 13. */
type Rewrite = (node: onnx.INodeProto, builder: GraphBuilder, version: number) => void;

const REWRITES: Readonly<Record<string, Rewrite>> = {
  Squeeze: (node, builder) => moveInts(node, builder, 'axes', 1),
  Unsqueeze: (node, builder) => moveInts(node, builder, 'axes', 1),
  ReduceSum: (node, builder) => moveInts(node, builder, 'axes', 1),
  Split: (node, builder) => moveInts(node, builder, 'split', 1),
  Slice(node, builder, version) {
    if (version >= 10) return;
    moveInts(node, builder, 'starts', 1);
    moveInts(node, builder, 'ends', 2);
    moveInts(node, builder, 'axes', 3);
  },
  Pad(node, builder, version) {
    if (version >= 11) return;
    moveInts(node, builder, 'pads', 1);
    moveFloat(node, builder, 'value', 2);
  },
  Clip(node, builder, version) {
    if (version >= 11) return;
    moveFloat(node, builder, 'min', 1);
    moveFloat(node, builder, 'max', 2);
  },
  Dropout: (node) => drop(node, 'ratio'),
  BatchNormalization(node) {
    if (readInt(node, 'spatial', 1) !== 1) throw unsettled(node);
    drop(node, 'spatial');
    drop(node, 'momentum');
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
    for (const node of [...builder.graph.node!]) {
      if (!isStandard(node)) continue;
      if (version < (UNSETTLED[node.opType!] ?? 0)) throw unsettled(node);
      REWRITES[node.opType!]?.(node, builder, version);
    }
  }
  standard.version = Math.max(version, EMITTED_OPSET);
  // What this set of operators demands of the file format.
  proto.irVersion = Math.max(Number(proto.irVersion), 8);
}

function unsettled(node: onnx.INodeProto): FxqError {
  const message = `${describeNode(node)}: its form in this operator set has no gradient rule; convert the model to ${SETTLED_OPSET}`;
  return new FxqError('UNSUPPORTED', message, { actual: node.opType });
}

/** Makes an attribute an input: `position` is the place the operator gives it since. */
function moveInts(node: onnx.INodeProto, builder: GraphBuilder, name: string, position: number): void {
  const values = readInts(node, name);
  drop(node, name);
  if (values) place(node, position, builder.ints(values));
}

function moveFloat(node: onnx.INodeProto, builder: GraphBuilder, name: string, position: number): void {
  const value = node.attribute?.some((attribute) => attribute.name === name) ? readFloat(node, name, 0) : undefined;
  drop(node, name);
  if (value !== undefined) place(node, position, builder.float(value));
}

function place(node: onnx.INodeProto, position: number, value: string): void {
  node.input ??= [];
  while (node.input.length <= position) node.input.push('');
  node.input[position] = value;
}

function drop(node: onnx.INodeProto, name: string): void {
  node.attribute = (node.attribute ?? []).filter((attribute) => attribute.name !== name);
}

/**
 * Before 13, Softmax ran over everything from `axis` on as one row. Over the last axis that is what it does today; for any
 * other, the input is flattened into such rows first and gets its shape back afterwards.
 */
function wholeRows(node: onnx.INodeProto, builder: GraphBuilder): void {
  const axis = readInt(node, 'axis', 1);
  drop(node, 'axis');
  node.attribute!.push(int('axis', -1));
  if (axis === -1 || rankOf(builder, node.output![0]) === axis + 1) return;
  const { graph } = builder;
  const [x] = node.input!;
  const [y] = node.output!;
  const rows = builder.fresh(`${x}/rows`);
  const result = builder.fresh(`${y}/rows`);
  const shape = builder.fresh(`${x}/shape`);
  const at = graph.node!.indexOf(node);
  node.input = [rows];
  node.output = [result];
  graph.node!.splice(
    at,
    1,
    { opType: 'Flatten', name: rows, input: [x], output: [rows], attribute: [int('axis', axis)] },
    node,
    { opType: 'Shape', name: shape, input: [x], output: [shape] },
    { opType: 'Reshape', name: builder.fresh(`${y}/reshape`), input: [result, shape], output: [y] },
  );
}

/** The rank a value is declared to have, where the model says so. */
function rankOf({ graph }: GraphBuilder, name: string): number | undefined {
  const declared = [...(graph.output ?? []), ...(graph.valueInfo ?? [])].find((value) => value.name === name);
  return declared?.type?.tensorType?.shape?.dim?.length;
}
