import { int } from '../graph/attributes.js';
import type { GraphBuilder } from '../graph/builder.js';
import { type LossHead, sizeOf } from './loss.js';

/** Appends the mean over all elements of (output − target)², for an output of any shape. */
export function meanSquaredError(builder: GraphBuilder, output: string, target: string): LossHead {
  const error = builder.emit('Sub', [output, target]);
  const loss = builder.emit('ReduceMean', [builder.emit('Mul', [error, error])], [int('keepdims', 0)]);
  // d loss / d output = 2 · (output − target) / elements
  const rate = builder.emit('Div', [builder.float(2), sizeOf(builder, error)]);
  return { loss, gradient: builder.emit('Mul', [error, rate]) };
}
