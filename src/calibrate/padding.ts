import { isMask } from '../evaluate/padding.js';
import { int } from '../graph/attributes.js';
import type { GraphBuilder } from '../graph/builder.js';
import type { DecodedGraph } from '../graph/decoded-graph.js';
import type { Read } from '../graph/layers.js';
import { product } from '../graph/view.js';
import { asFloat, reshape } from './columns.js';

/** Tells columns of real positions from those of padding, by the mask that is among the model's inputs. */
export interface Padding {
  /**
   * Appends a factor for each column that a read is multiplied with, [1, n, 1]: one, or nought for padding.
   *
   * @returns nothing where columns are no positions, or none of the mask's
   */
  emitFactor(builder: GraphBuilder, read: Read): string | undefined;
}

const BOOL = 9;

/** The inputs of a model that are such masks, by their names. */
export function masksIn({ open, stored }: DecodedGraph): string[] {
  const names = (open.builder.graph.input ?? []).map(({ name }) => name ?? '');
  return names.filter((name) => isMask(name) && !stored.has(name));
}

/** @param dims - the shape of a value, for a batch */
export function paddingOf(graph: DecodedGraph, dims: (value: string) => readonly number[]): Padding | undefined {
  const [mask] = masksIn(graph).filter((name) => dims(name).length === 2);
  if (mask === undefined) return undefined;
  const [samples, positions] = dims(mask);
  const isPositions = (shape: readonly number[]) => {
    const [first, second] = shape;
    if (shape.length === 2) return positions > 1 && first === samples * positions;
    return shape.length > 2 && first === samples && second === positions && product(shape.slice(2, -1)) === 1;
  };
  return {
    emitFactor(builder, { node, operand }) {
      const isRows = operand === 1 && (node.opType === 'MatMul' || node.opType === 'Gemm');
      if (!isRows || !isPositions(dims(node.input?.[0] ?? ''))) return undefined;
      // Whatever is not nought is real.
      const real = asFloat(builder, builder.emit('Cast', [mask], [int('to', BOOL)]));
      return reshape(builder, real, [1, -1, 1]);
    },
  };
}
