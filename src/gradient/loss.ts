import onnxProto from 'onnx-proto';
import { int } from '../graph/attributes.js';
import type { GraphBuilder } from '../graph/builder.js';

const { DataType } = onnxProto.onnx.TensorProto;

/** The names of a loss and of its gradient with respect to the output it judges. */
export interface LossHead {
  readonly loss: string;
  readonly gradient: string;
}

/** The sum of `terms` [.., classes] over the classes, averaged over the rows; and how many rows that are. */
export function meanOfRows(builder: GraphBuilder, terms: string): { mean: string; count: string } {
  const rows = builder.emit('ReduceSum', [terms, builder.ints([-1])], [int('keepdims', 0)]);
  return { mean: builder.emit('ReduceMean', [rows], [int('keepdims', 0)]), count: sizeOf(builder, rows) };
}

/** How many elements a value has, as a float. */
export function sizeOf(builder: GraphBuilder, value: string): string {
  return builder.emit('Cast', [builder.emit('Size', [value])], [int('to', DataType.FLOAT)]);
}
