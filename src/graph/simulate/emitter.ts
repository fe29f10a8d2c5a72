import type { onnx } from 'onnx-proto';
import type { DType } from '../../binary/dtype.js';
import { present } from '../../guards.js';
import { ints } from '../attributes.js';
import type { GraphBuilder } from '../builder.js';
import type { ModelEditor } from '../edit/edit.js';
import type { EditedGraph } from '../edit/graph.js';

/** The first operator set in which axes of all reductions are inputs. */
const AXES_AS_INPUT = 18;

/** What appends nodes to a graph, whichever way the graph is held. */
export interface Emitter {
  /** Of ONNX's own operators. */
  readonly opset: number;
  emit(op: string, inputs: readonly string[], attributes?: readonly onnx.IAttributeProto[]): string;
  /** A float32 constant of rank 0. */
  float(value: number): string;
  ints(values: readonly number[]): string;
}

/** Appends to a decoded graph. */
export function builderEmitter(builder: GraphBuilder, opset: number): Emitter {
  return {
    opset,
    emit: (op, inputs, attributes) => builder.emit(op, inputs, attributes),
    float: (value) => builder.float(value),
    ints: (values) => builder.ints(values),
  };
}

/**
 * Inserts into a graph that is edited.
 *
 * @param prefix - what new values are named by
 */
export function editEmitter(editor: ModelEditor, graph: EditedGraph, prefix: string): Emitter {
  const opset = present(editor.opset());
  const stored = storing(graph, prefix);
  return {
    opset,
    emit(op, inputs, attributes = []) {
      const output = [graph.fresh(`${prefix}/${op}`)];
      return graph.insert({ opType: op, input: [...inputs], output, attribute: [...attributes] }).outputs[0];
    },
    float: (value) => stored('float32', [], Float32Array.of(value)),
    ints: (values) => stored('int64', [values.length], BigInt64Array.from(values, BigInt)),
  };
}

/** Stores constants, equal ones once. */
function storing(graph: EditedGraph, prefix: string) {
  const names = new Map<string, string>();
  return (dtype: DType, dims: readonly number[], values: Float32Array | BigInt64Array): string => {
    const key = `${dtype} ${values.join()}`;
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    const name = names.get(key) ?? graph.store(`${prefix}/${names.size}`, { dtype, dims, bytes });
    names.set(key, name);
    return name;
  };
}

/** A reduction over one axis. */
export function reduce(emitter: Emitter, op: 'ReduceMax' | 'ReduceMean', value: string, axis: number): string {
  if (emitter.opset >= AXES_AS_INPUT) return emitter.emit(op, [value, emitter.ints([axis])]);
  return emitter.emit(op, [value], [ints('axes', [axis])]);
}
