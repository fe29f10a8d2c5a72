import type { Port } from '../onnx/interface.js';
import { createRandom, normal, type Random } from '../random.js';
import { isFloat } from './cast.js';
import { type Batch, checkPositive, type Dataset, type InputArray } from './dataset.js';
import { isFixed } from './fit.js';
import { isRate } from './synthetic/kinds.js';
import { RATE } from './synthetic/sound.js';

/** Sizes of dynamic dimensions by their names; `input[axis]` for those without one. */
export type Dims = Readonly<Record<string, number>>;

/** Options of {@link randomDataset}. */
export interface RandomOptions {
  readonly dims?: Dims | undefined;
  /** Default 0. */
  readonly seed?: number | undefined;
}

/** Samples where no limit is set, and in a batch: large images must fit. */
const RANDOM_SAMPLES = 64;
const BATCH_SIZE = 8;

/** Sizes taken for dynamic dimensions: edges of images, samples of a waveform, and tokens and everything else. */
const DYNAMIC = { image: 224, waveform: 512, other: 128 } as const;

/**
 * Inputs at random, of the shapes that the model's inputs have, for want of a data set: good for holding a compressed model
 * against the original, and for nothing else. Floats are normally distributed (mean 0, deviation 1); whole numbers pick
 * rows of a table where the model uses them so, are 16000 for sample rates, ones for masks, zeros for segments, and
 * their place for positions, otherwise 0 or 1 (pixels 0 to 255). Dynamic dimensions are {@link DYNAMIC}'s, or 1 for
 * batches of models that keep a state.
 *
 * @throws RangeError for sizes that are no whole numbers of at least 1, and for names that no dimension has
 * @example
 * const dataset = randomDataset(readInterface(model).inputs, { dims: { width: 320 } });
 */
export function randomDataset(inputs: readonly Port[], { dims = {}, seed = 0 }: RandomOptions = {}): Dataset {
  for (const [name, size] of Object.entries(dims)) checkPositive(`dimension '${name}'`, size);
  const shapes = shapesOf(inputs, dims);
  return async function* samples(options = {}) {
    checkPositive('limit', options.limit);
    checkPositive('batchSize', options.batchSize);
    const { limit = RANDOM_SAMPLES, batchSize = BATCH_SIZE } = options;
    const random = createRandom(seed);
    for (let start = 0; start < limit; start += shapes.batch ?? batchSize) {
      yield drawBatch(inputs, shapes.of, shapes.batch ?? Math.min(batchSize, limit - start), random);
    }
  };
}

/** The shapes in words: what was drawn for what the model leaves open. */
export function describeRandom(inputs: readonly Port[], dims: Dims = {}): string {
  const { of, batch } = shapesOf(inputs, dims);
  return inputs.map((input, i) => `${input.name} ${input.type} [${of[i](batch ?? 'N').join(', ')}]`).join(', ');
}

/** Values that an input made for a model may have: a colour picture of 4096 by 4096 pixels has three quarters of them. */
const MOST_VALUES = 2 ** 26;

type ShapeOf = <Count extends number | string>(count: Count) => (number | Count)[];

/**
 * Shapes by the number of samples. That is free where the first axis of every input is dynamic; a model that keeps a state,
 * or has a batch size of its own, gets one batch at a time.
 *
 * @throws RangeError for names that no dimension has, and for sizes that make an input of more than {@link MOST_VALUES} values
 */
export function shapesOf(inputs: readonly Port[], dims: Dims): { of: ShapeOf[]; batch: number | undefined } {
  const arrays = inputs.filter(({ shape }) => shape.length > 0);
  const [main] = arrays;
  const sizeOf = ({ name, shape }: Port, axis: number) => {
    const dim = shape[axis];
    if (isFixed(dim)) return dim;
    return dims[`${name}[${axis}]`] ?? (dim === '' || typeof dim === 'number' ? undefined : dims[dim]);
  };
  const isFree = arrays.length > 0 && arrays.every((input) => sizeOf(input, 0) === undefined);
  const batch = isFree ? undefined : main === undefined ? 1 : (sizeOf(main, 0) ?? 1);
  const known = new Set(inputs.flatMap(({ name, shape }) => shape.flatMap((dim, axis) => [dim, `${name}[${axis}]`])));
  const stray = Object.keys(dims).find((name) => !known.has(name));
  if (stray !== undefined) {
    const names = inputs.flatMap(({ name, shape }) =>
      shape.map((dim, axis) => (isFixed(dim) ? '' : dim || `${name}[${axis}]`)),
    );
    const message = `dimension '${stray}': expected one of the model's dynamic ones, which are ${names.filter(Boolean).join(', ') || 'none'}`;
    throw new RangeError(message);
  }
  // Dimensions of one name have one size, whichever input is met first.
  const named = new Map<string | number, number | undefined>();
  if (main && main.shape[0] !== '') named.set(main.shape[0], undefined);
  const of = inputs.map((input): ShapeOf => {
    const sizes = input.shape.map((dim, axis) => {
      const size = sizeOf(input, axis);
      if (size !== undefined) return size;
      if (axis === 0 || (named.has(dim) && named.get(dim) === undefined)) return undefined;
      // A state's second axis is the batch: [layers, batch, size].
      if (dim === '' && axis === 1 && isFixed(input.shape[0]) && input.shape.length === 3) return undefined;
      const guess = named.get(dim) ?? guessSize(input);
      if (dim !== '') named.set(dim, guess);
      return guess;
    });
    return (count) => sizes.map((size) => size ?? count);
  });
  checkValues(inputs, dims, of, batch ?? 1);
  return { of, batch };
}

/** Refuses sizes that would fill the memory; those that a model has of its own are its affair. */
function checkValues(inputs: readonly Port[], dims: Dims, of: readonly ShapeOf[], count: number): void {
  const given = Object.entries(dims).sort(([, a], [, b]) => b - a);
  for (const [i, { name }] of given.length > 0 ? inputs.entries() : []) {
    const sizes = of[i](count);
    const values = sizes.reduce((product, size) => product * size, 1);
    if (values <= MOST_VALUES) continue;
    const [dim, size] = given[0];
    const what = `input '${name}' would have ${sizes.join(' × ')} values, above ${MOST_VALUES}`;
    throw new RangeError(`dimension '${dim}': ${what}; give a smaller size than ${size}`);
  }
}

function guessSize({ type, shape }: Port): number {
  if (shape.length === 4) return DYNAMIC.image;
  return isFloat(type) && shape.length === 2 ? DYNAMIC.waveform : DYNAMIC.other;
}

/** One sample after the other, so that the first ones do not depend on how many follow. */
function drawBatch(inputs: readonly Port[], of: readonly ShapeOf[], count: number, random: Random): Batch {
  const arrays = inputs.map((input, i) => {
    const dims = of[i](count);
    const size = dims.reduce((product, dim) => product * dim, 1);
    return { input, dims, data: new Float64Array(size), row: dims.length === 0 ? 1 : size / dims[0] };
  });
  const rows = Math.max(1, ...arrays.map(({ dims }) => dims[0] ?? 1));
  for (let row = 0; row < rows; row++) {
    for (const { input, dims, data, row: size } of arrays) {
      const draw = drawing(input, dims.at(-1) ?? 1, random);
      for (let i = row * size; i < Math.min((row + 1) * size, data.length); i++) data[i] = draw(i);
    }
  }
  const entries = arrays.map(({ input, dims, data }): [string, InputArray] => [
    input.name,
    isFloat(input.type) ? { data: Float32Array.from(data), dims } : { data, dims },
  ]);
  return { inputs: Object.fromEntries(entries) };
}

/** What a value at a place of an input is drawn as. */
export function drawing({ name, type, shape, rows }: Port, last: number, random: Random): (place: number) => number {
  if (isFloat(type)) return () => normal(random);
  if (rows !== undefined && !/position|token_type|segment/i.test(name)) return () => random.below(rows);
  if (isRate(name)) return () => RATE;
  if (/mask/i.test(name)) return () => 1;
  if (/token_type|segment/i.test(name)) return () => 0;
  if (/position/i.test(name)) return (place) => place % last;
  const isPixels = type === 'uint8' && shape.length >= 3;
  return () => random.below(isPixels ? 256 : 2);
}
