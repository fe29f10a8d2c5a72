import { countOf } from './dataset.js';

/** A model's input shape; a dimension that is not a positive number is dynamic. */
export type Shape = readonly (number | string)[];

/** An input of the model as it is known from the file. */
export interface ModelInput {
  readonly name: string;
  readonly type: string;
  readonly shape: Shape;
}

/** Whether this dimension is fixed. Some exporters write 0 or -1 for "any". */
export function isFixed(dim: number | string | undefined): dim is number {
  return typeof dim === 'number' && dim > 0;
}

/**
 * The dims under which an array of `dims` goes into an input of `shape`: the first axis stays the sample, the others
 * are regrouped where the element count allows it. `undefined` when it does not fit, also where only the order of the
 * axes differs (N×32×32×3 into N×3×32×32): regrouping those would feed scrambled images. Whether the *first* axis fits
 * a fixed one is not looked at here.
 *
 * @example
 * fitDims(['N', 1, 28, 28], [50, 28, 28]); // [50, 1, 28, 28]
 * fitDims(['N', 784], [50, 28, 28]); // [50, 784]
 * fitDims([1, 3, 48, 'W'], [3, 48, 320]); // undefined: [1, 3, 48, 320] is for the data set to say
 */
export function fitDims(shape: Shape, dims: readonly number[]): number[] | undefined {
  // An empty shape is a scalar's or an unknown one: only the model can tell.
  if (shape.length === 0) return [...dims];
  const [samples, ...given] = dims;
  const wanted = shape.slice(1);
  if (dims.length === shape.length && agree(wanted, given)) return [...dims];
  if (wanted.every(isFixed)) {
    // One sample without its axis; a lone vector would be taken for N numbers otherwise.
    if (dims.length === wanted.length && agree(wanted, dims)) return [1, ...dims];
    const regrouped = countOf(wanted) === countOf(given) && !permuted(wanted, given);
    return dims.length > 0 && regrouped ? [samples, ...wanted] : undefined;
  }
  if (dims.length === 0 || dims.length === shape.length) return undefined;
  return withOnes(wanted, given, samples) ?? withTheDynamicOne(wanted, given, samples);
}

/** Whether every fixed dimension is the one given. */
function agree(wanted: Shape, given: readonly number[]): boolean {
  return wanted.length === given.length && wanted.every((dim, axis) => !isFixed(dim) || dim === given[axis]);
}

/** Whether both have the same axes (those of length 1 aside) in another order. */
function permuted(wanted: readonly number[], given: readonly number[]): boolean {
  const long = (dims: readonly number[]) => dims.filter((dim) => dim !== 1);
  const sorted = (dims: readonly number[]) => long(dims).sort((a, b) => a - b);
  return `${long(wanted)}` !== `${long(given)}` && `${sorted(wanted)}` === `${sorted(given)}`;
}

/** Puts in the axes of length 1 that the array lacks: [N, H, W] into N×1×height×width. */
function withOnes(wanted: Shape, given: readonly number[], samples: number): number[] | undefined {
  const core = wanted.filter((dim) => dim !== 1);
  if (!agree(core, given)) return undefined;
  let next = 0;
  return [samples, ...wanted.map((dim) => (dim === 1 ? 1 : given[next++]))];
}

/** Where one dimension is dynamic, the element count gives it: [N, 784] into N×28×width. */
function withTheDynamicOne(wanted: Shape, given: readonly number[], samples: number): number[] | undefined {
  const fixed = wanted.filter(isFixed);
  const rest = countOf(given) / countOf(fixed);
  if (fixed.length !== wanted.length - 1 || !Number.isSafeInteger(rest) || rest === 0) return undefined;
  return [samples, ...wanted.map((dim) => (isFixed(dim) ? dim : rest))];
}
