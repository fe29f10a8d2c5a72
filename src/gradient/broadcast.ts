import { int } from './attributes.js';
import type { GraphBuilder } from './builder.js';

/**
 * Sums a gradient over the axes along which `operand` was broadcast, so that it has the operand's shape again. The axes
 * are found when the graph runs: a batch dimension is a symbol before that, and it may be 1 in one run and not in the next.
 */
export function reduceTo(builder: GraphBuilder, gradient: string, operand: string): string {
  const target = builder.shape(operand);
  const full = builder.shape(gradient);
  // Ranks are aligned at the right: the operand's shape gets ones in front until both have the same length.
  const missing = builder.emit('Sub', [builder.emit('Shape', [full]), builder.emit('Shape', [target])]);
  const ones = builder.emit('Expand', [builder.ints([1]), missing]);
  const aligned = builder.emit('Concat', [ones, target], [int('axis', 0)]);
  const differs = builder.emit('Not', [builder.emit('Equal', [aligned, full])]);
  const axes = builder.emit('Squeeze', [builder.emit('NonZero', [differs]), builder.ints([0])]);
  const sum = builder.emit('ReduceSum', [gradient, axes], [int('keepdims', 1), int('noop_with_empty_axes', 1)]);
  return builder.emit('Reshape', [sum, target]);
}
