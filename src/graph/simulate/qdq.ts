import type { Model } from '../../model/model.js';
import { isPatchable, readWeights } from '../../model/weights.js';
import type { ValueRounding } from '../../quantize/values.js';
import { int, readFloat } from '../attributes.js';
import { edit } from '../edit/edit.js';
import type { EditedGraph } from '../edit/graph.js';
import type { EditedNode } from '../edit/node.js';
import { channelAxis } from './channel-axis.js';
import { codesOf, INT8_REACH } from './codes.js';
import { IN_FLOATS } from './qdq-plan.js';
import type { Site } from './sites.js';

/** Beyond this a bias is told in steps that are too fine for 32 bits. */
const MOST_BIAS = 2 ** 30;

export interface QdqPlan {
  /** How values are rounded: uint8 or uint16, with a zero point. */
  readonly values: ReadonlyMap<string, ValueRounding>;
  readonly sites: readonly Site[];
  /** The names of tensors that are weights with a format. */
  readonly weights: ReadonlySet<string>;
  /** Told of weights that are no integers of at most 8 bits: their layer computes in floats. */
  readonly onInexact?: ((name: string) => void) | undefined;
}

/**
 * Writes QuantizeLinear and DequantizeLinear around everything between layers, weights as int8 and biases as int32: the form
 * that ONNX Runtime and others make integer kernels of.
 *
 * @param model - of operator set 13 or later
 */
export function insertQdq(model: Model, { values, sites, weights, onInexact }: QdqPlan): Model {
  const editor = edit(model);
  const { graph } = editor;
  const { nodes } = graph;
  const quantized = new Map<string, string>();
  for (const { index, value, weights: tensor } of sites) {
    const rounding = values.get(value);
    const node = nodes[index];
    const name = node.inputs[1];
    const record = graph.tensor(name)?.record;
    if (!rounding || !tensor || record?.name !== tensor.name || !weights.has(tensor.name) || !isPatchable(record))
      continue;
    const { dims } = record;
    const axis = channelAxis([{ node: node.decode(), input: 1 }], dims);
    const codes = codesOf(readWeights(record), { dims, axis, reach: INT8_REACH, dtype: record.dtype });
    if (!codes.isExact) {
      onInexact?.(tensor.name);
      continue;
    }
    const { steps } = codes;
    if (node.inputs[2]) quantizeBias(graph, node, rounding, steps);
    const key = `${name} ${codes.axis}`;
    const known = quantized.get(key);
    const made = known ?? dequantized(graph, name, Int8Array.from(codes.codes), { dims, steps, axis: codes.axis });
    quantized.set(key, made);
    node.setInput(1, made);
    graph.removeUnread(name);
  }
  for (const [value, rounding] of values) {
    graph.interpose(
      value,
      (name) => roundTrip(graph, name, rounding),
      ({ node }) => node !== undefined && node.opType !== 'Shape' && node.opType !== IN_FLOATS,
    );
  }
  return editor.finish();
}

/** QuantizeLinear and DequantizeLinear of a value. */
function roundTrip(graph: EditedGraph, value: string, { format, fitted }: ValueRounding): string {
  const { low } = fitted.set;
  const isWide = /16$/.test(format);
  const zeroPoint = isWide ? Uint16Array.of(-low) : Uint8Array.of(-low);
  const scale = storeFloat(graph, `${value}/scale`, [], Float32Array.of(fitted.scale));
  const bytes = new Uint8Array(zeroPoint.buffer);
  const zero = graph.store(`${value}/zero`, { dtype: isWide ? 'uint16' : 'uint8', dims: [], bytes });
  const codes = graph.insert({
    opType: 'QuantizeLinear',
    input: [value, scale, zero],
    output: [graph.fresh(`${value}/q`)],
  });
  return graph.insert({
    opType: 'DequantizeLinear',
    input: [codes.outputs[0], scale, zero],
    output: [graph.fresh(`${value}/dq`)],
  }).outputs[0];
}

interface Grid {
  readonly dims: readonly number[];
  readonly steps: Float32Array;
  readonly axis: number | undefined;
}

/** Integers that are stored, as floats. */
function dequantized(
  graph: EditedGraph,
  name: string,
  codes: Int8Array | Int32Array,
  { dims, steps, axis }: Grid,
): string {
  const bytes = new Uint8Array(codes.buffer, codes.byteOffset, codes.byteLength);
  const stored = graph.store(`${name}/q`, { dtype: codes instanceof Int8Array ? 'int8' : 'int32', dims, bytes });
  const scale = storeFloat(graph, `${name}/scale`, axis === undefined ? [] : [steps.length], steps);
  const attribute = axis === undefined ? [] : [int('axis', axis)];
  const output = [graph.fresh(`${name}/dq`)];
  // Without a zero point ONNX Runtime makes no integer kernel of Gemm.
  const zeros = {
    dtype: 'int8',
    dims: axis === undefined ? [] : [steps.length],
    bytes: new Uint8Array(steps.length),
  } as const;
  const zero = codes instanceof Int8Array ? [graph.store(`${name}/zero`, zeros)] : [];
  return graph.insert({ opType: 'DequantizeLinear', input: [stored, scale, ...zero], output, attribute }).outputs[0];
}

/** The bias in steps of the product of input and weights; one that 32 bits cannot tell that way stays as it is. */
function quantizeBias(graph: EditedGraph, node: EditedNode, { fitted }: ValueRounding, steps: Float32Array): void {
  const proto = node.decode();
  const isPlain = ['alpha', 'beta'].every((name) => readFloat(proto, name, 1) === 1);
  const name = node.inputs[2];
  const record = graph.tensor(name)?.record;
  if (!record || !isPatchable(record) || record.dims.length !== 1 || !isPlain) return;
  const bias = readWeights(record);
  const products = steps.map((step) => step * fitted.scale);
  const stepOf = (i: number) => products[products.length === 1 ? 0 : i];
  if (bias.some((value, i) => Math.abs(value / stepOf(i)) > MOST_BIAS)) return;
  const codes = Int32Array.from(bias, (value, i) => Math.round(value / stepOf(i)));
  const grid = { dims: record.dims, steps: products, axis: products.length === 1 ? undefined : 0 };
  node.setInput(2, dequantized(graph, name, codes, grid));
  graph.removeUnread(name);
}

function storeFloat(graph: EditedGraph, name: string, dims: readonly number[], values: Float32Array): string {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return graph.store(name, { dtype: 'float32', dims, bytes });
}
