import type { onnx } from 'onnx-proto';
import onnxProto from 'onnx-proto';
import { isStandard, readInt } from '../graph/attributes.js';
import type { DecodedGraph } from '../graph/decoded-graph.js';
import type { Records } from '../graph/payloads.js';
import { present } from '../guards.js';
import type { Tensor } from '../model/model.js';
import { readOwn } from '../model/payload.js';
import { isPatchable, readWeights } from '../model/weights.js';
import { ALIVE, type Parameter, PRUNED } from './parameter.js';

const { DataType } = onnxProto.onnx.TensorProto;

/** Types of stored integers that can be trained: those of an array element each, with the least and the greatest. */
const TYPES: ReadonlyMap<string, { readonly array: ArrayOf; readonly range: readonly [number, number] }> = new Map([
  ['int8', { array: Int8Array, range: [-128, 127] }],
  ['uint8', { array: Uint8Array, range: [0, 255] }],
  ['int16', { array: Int16Array, range: [-32_768, 32_767] }],
  ['uint16', { array: Uint16Array, range: [0, 65_535] }],
  // What float32 holds exactly.
  ['int32', { array: Int32Array, range: [-(2 ** 24), 2 ** 24] }],
]);

type ArrayOf =
  | Int8ArrayConstructor
  | Uint8ArrayConstructor
  | Int16ArrayConstructor
  | Uint16ArrayConstructor
  | Int32ArrayConstructor;

/** Stored integers and the numbers that they mean: (code − zero) · scale. */
export interface StoredIntegers {
  readonly tensor: Tensor;
  readonly codes: ArrayLike<number>;
  /** The scale and the zero of an element. */
  scaleOf(i: number): number;
  zeroOf(i: number): number;
}

/**
 * Puts the floats that stored integers mean in the place of their DequantizeLinear, so that a gradient reaches them. Where
 * scales are not stored, or of blocks, the integers stay.
 *
 * @param records - get the new tensors, for those of the integers
 * @returns the integers by the value that they are now
 */
export function floatIntegers(
  { open, stored, readers }: DecodedGraph,
  records: Map<onnx.ITensorProto, Tensor> & Records,
): Map<string, StoredIntegers> {
  const { graph } = open.builder;
  const found = new Map<string, StoredIntegers>();
  const outputs = new Set((graph.output ?? []).map(({ name }) => name));
  const numbersOf = (name: string | undefined) => {
    const tensor = stored.get(name ?? '')?.tensor;
    if (tensor && isPatchable(tensor)) return readWeights(tensor);
    return tensor && codesOf(tensor);
  };
  for (const node of graph.node ?? []) {
    if (node.opType !== 'DequantizeLinear' || !isStandard(node) || readInt(node, 'block_size', 0) !== 0) continue;
    const [name = '', scaleName, zeroName] = node.input ?? [];
    const output = node.output?.[0] ?? '';
    const tensor = stored.get(name)?.tensor;
    const codes = tensor && codesOf(tensor);
    const scales = numbersOf(scaleName);
    const zeros = zeroName ? numbersOf(zeroName) : Float32Array.of(0);
    const isAlone = readers.get(name)?.length === 1 && !outputs.has(name) && !outputs.has(output);
    if (!tensor || !codes || !scales || !zeros || !isAlone) continue;
    const axis = readInt(node, 'axis', 1);
    const after = tensor.dims.slice((axis < 0 ? axis + tensor.dims.length : axis) + 1).reduce((a, b) => a * b, 1);
    const of = (numbers: ArrayLike<number>) => (i: number) => numbers[Math.floor(i / after) % numbers.length];
    found.set(output, { tensor, codes, scaleOf: of(scales), zeroOf: of(zeros) });
  }
  graph.node = (graph.node ?? []).filter(
    ({ opType, output }) => opType !== 'DequantizeLinear' || !found.has(output?.[0] ?? ''),
  );
  for (const [name, integers] of found) {
    const values = valuesOf(integers);
    const proto = {
      name,
      dims: [...integers.tensor.dims],
      dataType: DataType.FLOAT,
      rawData: new Uint8Array(values.buffer),
    };
    graph.initializer = [...(graph.initializer ?? []), proto];
    records.set(proto, integers.tensor);
  }
  return found;
}

/** Integers in training: floats move behind them, and the model sees what their rounded codes mean, of the scales that they came with. */
export function openIntegers(name: string, integers: StoredIntegers): Parameter {
  const { tensor, scaleOf, zeroOf } = integers;
  const {
    array,
    range: [lowest, highest],
  } = present(TYPES.get(tensor.dtype));
  const values = valuesOf(integers);
  const free = values.slice();
  const alive = new Uint8Array(values.length).fill(ALIVE);
  const codeAt = (i: number, value: number) => Math.round(value / scaleOf(i)) + zeroOf(i);
  const cut = (code: number) => Math.min(highest, Math.max(lowest, code));
  return {
    ...{ name, tensor, values, free, alive, isShared: false },
    collect(gradient, into) {
      for (let i = 0; i < into.length; i++) {
        const code = codeAt(i, free[i]);
        into[i] = alive[i] === ALIVE && code >= lowest && code <= highest ? gradient[i] : 0;
      }
    },
    publish(turn) {
      const isRounded = !turn?.areFloats;
      for (let i = 0; i < values.length; i++) {
        const value = isRounded ? (cut(codeAt(i, free[i])) - zeroOf(i)) * scaleOf(i) : free[i];
        values[i] = alive[i] === PRUNED ? 0 : value;
      }
    },
    payloadOf(kept) {
      const codes = Array.from(kept, (value, i) => cut(codeAt(i, value)));
      return new Uint8Array(array.from(codes).buffer);
    },
  };
}

function valuesOf({ codes, scaleOf, zeroOf }: StoredIntegers): Float32Array {
  return Float32Array.from(codes, (code, i) => (code - zeroOf(i)) * scaleOf(i));
}

/** The elements of a tensor of integers; `undefined` for other types, and where the payload's length depends on them. */
function codesOf(tensor: Tensor): ArrayLike<number> | undefined {
  const type = TYPES.get(tensor.dtype);
  if (!type || tensor.form === 'varint' || tensor.count === 0) return undefined;
  return new type.array(readOwn(tensor).buffer);
}
