import type { onnx as Onnx } from 'onnx-proto';
import { dtypeOf } from '../binary/dtype.js';
import type { Model } from '../model/model.js';

/** A graph's input or output as the file declares it. */
export interface Port {
  readonly name: string;
  /** Element type by its ONNX name; `undefined` for sequences and maps. */
  readonly type: string;
  /** Dynamic dimensions are names, or `''` without one. Empty for scalars, and where the file says nothing. */
  readonly shape: readonly (number | string)[];
  /** For whole numbers that pick rows of a table, as tokens pick embeddings: how many rows there are. */
  readonly rows?: number | undefined;
}

/** What goes into a model and comes out of it. */
export interface Interface {
  /** Without initializers, which old files list as inputs, too. */
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
}

/**
 * Reads what a model takes and gives.
 *
 * @example
 * readInterface(openOnnx(bytes)).inputs; // [{ name: 'input', type: 'float32', shape: ['N', 3, 224, 224] }]
 */
export function readInterface(model: Model): Interface {
  const graph = model.structure.proto.graph ?? {};
  const stored = new Map((graph.initializer ?? []).map(({ name, dims }) => [name ?? '', (dims ?? []).map(Number)]));
  const inputs = (graph.input ?? []).filter(({ name }) => !stored.has(name ?? ''));
  const rows = rowsPicked(graph, stored);
  return {
    inputs: inputs.map((info) => ({ ...portOf(info), rows: rows.get(info.name ?? '') })),
    outputs: (graph.output ?? []).map(portOf),
  };
}

/** Samples that a model takes at a time; 1 where it takes any number. */
export function pieceOf(model: Model): number {
  const firsts = readInterface(model).inputs.map(({ shape: [first] }) => first);
  return Math.max(1, ...firsts.filter((first) => typeof first === 'number'));
}

function portOf({ name, type }: Onnx.IValueInfoProto): Port {
  const { elemType, shape } = type?.tensorType ?? {};
  return {
    name: name ?? '',
    type: dtypeOf(elemType ?? 0),
    // A value of 0 is what protobuf gives where there is none; some exporters write −1.
    shape: (shape?.dim ?? []).map(({ dimParam, dimValue }) => dimParam || Math.max(0, Number(dimValue ?? 0)) || ''),
  };
}

/** The rows of the tables that Gather picks from by an input's values, as they are or cast; the smallest of several. */
function rowsPicked(graph: Onnx.IGraphProto, stored: ReadonlyMap<string, readonly number[]>): Map<string, number> {
  const source = new Map((graph.input ?? []).map(({ name }) => [name ?? '', name ?? '']));
  const tables = new Map(stored);
  const rows = new Map<string, number>();
  for (const { opType, input = [], output = [], attribute } of graph.node ?? []) {
    const [first, second] = input ?? [];
    const [result] = output ?? [];
    if (opType === 'Constant') {
      const dims = attribute?.find(({ t }) => t)?.t?.dims;
      if (dims) tables.set(result, dims.map(Number));
    }
    if (SAME.has(opType ?? '')) {
      const from = source.get(first);
      if (from !== undefined) source.set(result, from);
      const dims = tables.get(first);
      if (dims && opType !== 'Reshape') tables.set(result, dims);
    }
    if (opType !== 'Gather') continue;
    const from = source.get(second);
    const axis = Number(attribute?.find(({ name }) => name === 'axis')?.i ?? 0);
    const count = tables.get(first)?.at(axis);
    if (from !== undefined && count) rows.set(from, Math.min(count, rows.get(from) ?? count));
  }
  return rows;
}

/** Operators that leave the values as they are. */
const SAME = new Set(['Identity', 'Cast', 'Reshape', 'Squeeze', 'Unsqueeze', 'DequantizeLinear']);
