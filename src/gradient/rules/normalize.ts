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
