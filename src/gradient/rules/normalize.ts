import { int } from '../../graph/attributes.js';
import type { GraphBuilder } from '../../graph/builder.js';
import { reduceTo } from '../broadcast.js';
import { timesSmaller } from './reduce.js';

/**
 * The way back through X̂ = (X − mean) · inverse, where mean and inverse = 1 / deviation are taken over the axes that have
 * size 1 in `inverse`. They move with X: what arrives at X̂ loses its own mean and its part along X̂.
 */
export function throughNormal(builder: GraphBuilder, arriving: string, normal: string, inverse: string): string {
  const count = timesSmaller(builder, normal, inverse);
  const meanOf = (value: string) => builder.emit('Div', [reduceTo(builder, value, inverse), count]);
  const along = builder.emit('Mul', [normal, meanOf(builder.emit('Mul', [arriving, normal]))]);
  const lost = builder.emit('Add', [meanOf(arriving), along]);
  return builder.emit('Mul', [builder.emit('Sub', [arriving, lost]), inverse]);
}

/** X̂ and 1 / deviation of a value [N, groups, elements], over its elements. */
export function normalised(builder: GraphBuilder, x: string, epsilon: number): { normal: string; inverse: string } {
  const extent = builder.emit('CastLike', [builder.shape(x, 2), x]);
  const meanOf = (value: string) => {
    return builder.emit('Div', [builder.emit('ReduceSum', [value, builder.ints([2])], [int('keepdims', 1)]), extent]);
  };
  const centred = builder.emit('Sub', [x, meanOf(x)]);
  const variance = meanOf(builder.emit('Mul', [centred, centred]));
  const root = builder.emit('Sqrt', [builder.emit('Add', [variance, builder.float(epsilon)])]);
  const inverse = builder.emit('Reciprocal', [root]);
  return { normal: builder.emit('Mul', [centred, inverse]), inverse };
}
