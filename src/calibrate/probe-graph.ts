import { FxqError } from '../errors.js';
import { logitsBehind } from '../gradient/cross-entropy.js';
import { appendJacobian } from '../gradient/gradient-graph.js';
import { firstOutput } from '../gradient/outputs.js';
import type { GraphBuilder } from '../graph/builder.js';
import { isConvolution, type Layer, productsOf, type Read, readsOf } from '../graph/layers.js';
import { floatValue, type OpenModel, openModel, writeModel } from '../graph/open-model.js';
import { widen } from '../graph/widen.js';
import { present } from '../guards.js';
import { asFloat, reshape, transpose } from './columns.js';
import type { Survey } from './survey.js';

/** Of more rows, products are as much work and memory as the inputs' moments, and more. */
const MOST_COUPLED = 1024;

/** Rows make up for errors of others in their own group only; of batched matrices the costs of all groups are seen as one. */
export function canCouple(layer: Layer): boolean {
  const { groups, rows } = layer;
  return rows > 1 && rows <= MOST_COUPLED && (isConvolution(layer) || groups === 1);
}

/** What runs forwards, and what sends a probe of the output back. */
interface ProbeGraph {
  readonly forward: Uint8Array;
  readonly backward: Uint8Array;
  readonly output: string;
  readonly seed: string;
  /** Of `backward`: the value with the sums over a layer's rows, of squares or of products. */
  readonly sums: ReadonlyMap<Layer, string>;
  /** The same of the elements of rows that are looked up: [1, inputs, inputs]. */
  readonly lookups: ReadonlyMap<Layer, string>;
  /** Of `forward`: the values that say which rows are looked up. */
  readonly indices: ReadonlyMap<Layer, readonly string[]>;
}

/** @returns nothing where an operator has no gradient rule, or the output does not depend on one of the layers */
export function probeGraph(
  original: OpenModel,
  layers: readonly Layer[],
  survey: Survey,
  isCoupled: (layer: Layer) => boolean,
): ProbeGraph | undefined {
  try {
    const forward = openWide(original);
    const output = logitsBehind(forward.builder, firstOutput(forward));
    const indices = new Map(
      layers.map((layer) => {
        const gathers = readsOf(layer).filter(({ node, isLookup }) => isLookup && node.opType === 'Gather');
        return [layer, gathers.map(({ node }) => asFloat(forward.builder, node.input?.[1] ?? ''))];
      }),
    );
    const targetOf = ({ output }: Read) => output ?? '';
    const targets = [...new Set(layers.flatMap((layer) => readsOf(layer).map(targetOf)))];
    const backward = openWide(original);
    const { seed, gradients } = appendJacobian(backward, { output, targets });
    const { builder } = backward;
    const all = (reads: readonly Read[], emit: (read: Read, gradient: string) => string) => {
      const parts = reads.map((read) => emit(read, present(gradients.get(targetOf(read)))));
      return parts.length > 1 ? builder.emit('Sum', parts) : parts[0];
    };
    const sums = new Map<Layer, string>();
    const lookups = new Map<Layer, string>();
    for (const layer of layers) {
      const [products, others] = [productsOf(layer), readsOf(layer).filter(({ isLookup }) => isLookup)];
      const emit = isCoupled(layer) ? sumOfProducts : sumOfSquares;
      if (products.length > 0) {
        const ofRead = (read: Read, gradient: string) =>
          emit(builder, layer, rowsLast(builder, { ...layer, ...read }, gradient, survey.dims(targetOf(read))));
        sums.set(layer, all(products, ofRead));
      }
      if (others.length > 0) {
        const elements = { groups: 1, rows: layer.inputs };
        const ofRead = (_: Read, gradient: string) =>
          sumOfProducts(builder, elements, reshape(builder, asFloat(builder, gradient), [-1, layer.inputs]));
        lookups.set(layer, all(others, ofRead));
      }
    }
    const values = (names: Iterable<string>) => Array.from(names, (name) => floatValue(name));
    return {
      forward: writeModel(forward, values([output, ...[...indices.values()].flat()])),
      backward: writeModel(backward, values([...sums.values(), ...lookups.values()])),
      ...{ output, seed, sums, lookups, indices },
    };
  } catch (error) {
    // An operator has no gradient rule, or the output does not depend on one of the layers.
    if (error instanceof FxqError && (error.code === 'UNSUPPORTED' || error.code === 'CONFIG')) return undefined;
    throw error;
  }
}

/** Half floats are computed in float32: errors and gradients are floats, and may be smaller than a half float has them. */
function openWide(original: OpenModel): OpenModel {
  const open = openModel(original);
  widen(open.proto);
  return open;
}

/** Appends what brings a layer's output in lines, a value for each row in them: [n, rows], of convolutions all groups' rows. */
function rowsLast(builder: GraphBuilder, layer: Layer, gradient: string, dims: readonly number[]): string {
  const { groups, rows, operand } = layer;
  const isImage = isConvolution(layer);
  const float = asFloat(builder, gradient);
  const rank = dims.length;
  const last = isImage
    ? transpose(builder, reshape(builder, float, [0, groups * rows, -1]), [0, 2, 1])
    : operand === 0
      ? transpose(builder, float, [...Array(rank - 2).keys(), rank - 1, rank - 2])
      : float;
  return reshape(builder, last, [-1, isImage ? groups * rows : rows]);
}

/** Appends the sum of squares of every row. */
function sumOfSquares(builder: GraphBuilder, _: unknown, lines: string): string {
  const squares = builder.emit('Mul', [lines, lines]);
  return builder.emit('ReduceSum', [squares, builder.ints([0])], [{ name: 'keepdims', type: 2, i: 0 }]);
}

/** Appends the sums of the products of every two rows of a group: [groups, rows, rows]. */
function sumOfProducts(builder: GraphBuilder, { groups, rows }: Pick<Layer, 'groups' | 'rows'>, lines: string): string {
  const apart = reshape(builder, lines, [-1, groups, rows]);
  const turned = transpose(builder, apart, [1, 2, 0]);
  return builder.emit('MatMul', [turned, transpose(builder, apart, [1, 0, 2])]);
}
