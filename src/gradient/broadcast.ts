import { int } from '../graph/attributes.js';
import type { GraphBuilder } from '../graph/builder.js';

/**
 * Sums a gradient over the axes along which `operand` was broadcast, so that it has the operand's shape again. The axes
 * are found when the graph runs: a batch dimension is a symbol before that, and it may be 1 in one run and not in the next.
 */
export function reduceTo(builder: GraphBuilder, gradient: string, operand: string): string {
  const target = builder.shape(operand);
  const full = builder.shape(gradient);
  const differs = builder.emit('Not', [builder.emit('Equal', [aligned(builder, target, full), full])]);
  const axes = builder.emit('Squeeze', [builder.emit('NonZero', [differs]), builder.ints([0])]);
  const sum = builder.emit('ReduceSum', [gradient, axes], [int('keepdims', 1), int('noop_with_empty_axes', 1)]);
  return builder.emit('Reshape', [sum, target]);
}

/** Gives `operand` the rank of `other`, which is not lower, by axes of size 1 in front. */
export function raiseTo(builder: GraphBuilder, operand: string, other: string): string {
  return builder.emit('Reshape', [operand, aligned(builder, builder.shape(operand), builder.shape(other))]);
}

/** Broadcasting aligns ranks at the right: `shape` gets ones in front until it is as long as `full`. */
function aligned(builder: GraphBuilder, shape: string, full: string): string {
  const missing = builder.emit('Sub', [builder.emit('Shape', [full]), builder.emit('Shape', [shape])]);
  const ones = builder.emit('Expand', [builder.ints([1]), missing]);
  return builder.emit('Concat', [ones, shape], [int('axis', 0)]);
}
