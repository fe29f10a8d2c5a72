import type { Port } from '../../onnx/interface.js';
import { createRandom, normal, type Random } from '../../random.js';
import { isFloat } from '../cast.js';
import type { Batch, Dataset, InputArray } from '../dataset.js';
import { isFixed } from '../fit.js';
import { type Dims, drawing, shapesOf } from '../random.js';
import { isRate, kindOf, stripEdges } from './kinds.js';
import { picture } from './pictures.js';
import { RATE, sound } from './sound.js';
import { tokens } from './tokens.js';

/** Options of {@link syntheticDataset}. */
export interface SyntheticOptions {
  /** How many samples there are. */
  readonly samples: number;
  /** Data sets of different seeds have no sample in common. Default 0. */
  readonly seed?: number | undefined;
  /** Sizes of dynamic dimensions, as for random inputs. */
  readonly dims?: Dims | undefined;
  /** Whether pictures whose edges a model leaves open are squares only. Default false: every other batch is of strips. */
  readonly isSquare?: boolean | undefined;
  /** Samples of sound a second, which inputs for the rate are told. Default 16,000. */
  readonly rate?: number | undefined;
  /** Seconds of sound before it that a window begins with once more, where the model leaves its length open. Default 0. */
  readonly context?: number | undefined;
}

const BATCH_SIZE = 8;
/** Sounds that a model which keeps a state hears side by side, a window of each at a time. */
const STREAMS = 16;
/** Seconds of such a window, where the model leaves it open. */
const WINDOW = 0.032;
/** Seeds of the data set are this far apart in those of its samples. */
const SEED_STRIDE = 1_000_003;

/**
 * Inputs that resemble real ones enough to calibrate on, made to the measure of a model's inputs: dead leaves and drawings for pictures,
 * voices for sound, words as frequent as in text for tokens; normal numbers for features, zeros for states, and for what
 * controls a model what `random` has. A sample depends on the seed and its number alone; for a model that keeps a state, batches
 * are the windows of 16 sounds, one behind the other.
 *
 * @example
 * const dataset = syntheticDataset(readInterface(model).inputs, { samples: 48 });
 */
export function syntheticDataset(
  inputs: readonly Port[],
  { samples, seed = 0, dims = {}, rate = RATE, isSquare = false, context = 0 }: SyntheticOptions,
): Dataset {
  const isStream = inputs.some((input) => kindOf(input) === 'state');
  const shapes = shapesOf(inputs, { ...(isStream && streamDims(inputs, rate, WINDOW + context)), ...dims });
  const again = hasOpenWindow(inputs) ? Math.round(context * rate) : 0;
  const strip = isSquare ? undefined : stripEdges(inputs, dims);
  const strips = strip ? shapesOf(inputs, { ...dims, ...strip }) : shapes;
  const dataset: Dataset = async function* ({ limit = samples, batchSize = BATCH_SIZE, isWanted } = {}) {
    const step = shapes.batch ?? batchSize;
    const end = Math.min(limit, samples);
    const windows = isStream ? Math.ceil(samples / step) : 1;
    const streams = new Map<Random, Float32Array>();
    const hear = (random: Random, size: number, window: number) => {
      const step = size - again;
      const wave = streams.get(random) ?? sound(random, windows * step + again, rate);
      if (isStream) streams.set(random, wave);
      return wave.subarray(window * step, window * step + size);
    };
    let randoms: Random[] = [];
    for (let start = 0, index = 0; start < end; start += step, index++) {
      if (isWanted && !isWanted(index)) continue;
      const count = shapes.batch ?? Math.min(step, end - start);
      // A stream goes on where its last window has ended.
      if (!isStream || randoms.length === 0) {
        const first = seed * SEED_STRIDE + (isStream ? 0 : start);
        randoms = Array.from({ length: count }, (_, i) => createRandom(first + i));
      }
      const arrays = inputs.map((input, i): [string, InputArray] => [
        input.name,
        draw(input, (index % 2 === 0 ? shapes : strips).of[i](count), randoms, rate, (random, size) =>
          hear(random, size, isStream ? index : 0),
        ),
      ]);
      yield { inputs: Object.fromEntries(arrays) } satisfies Batch;
    }
  };
  return Object.assign(dataset, { samples });
}

/** Whether a model that hears streams leaves open how long its windows are. */
export function hasOpenWindow(inputs: readonly Port[]): boolean {
  const isStream = inputs.some((input) => kindOf(input) === 'state');
  return isStream && inputs.some((input) => kindOf(input) === 'sound' && !isFixed(input.shape.at(-1)));
}

/** How many streams side by side, and how long their windows, where the model leaves that open. */
function streamDims(inputs: readonly Port[], rate: number, seconds: number): Dims {
  const dims: Record<string, number> = {};
  const open = ({ name, shape }: Port, axis: number, size: number) => {
    const dim = shape[axis];
    if (!isFixed(dim)) dims[dim || `${name}[${axis}]`] = size;
  };
  const [main] = inputs.filter(({ shape }) => shape.length > 0);
  if (main) open(main, 0, STREAMS);
  for (const input of inputs) {
    if (kindOf(input) === 'sound') open(input, input.shape.length - 1, Math.round(seconds * rate));
  }
  return dims;
}

function draw(
  input: Port,
  dims: readonly number[],
  randoms: readonly Random[],
  rate: number,
  hear: (random: Random, size: number) => Float32Array,
): InputArray {
  const [rows = 1, ...rest] = dims;
  const size = rest.reduce((product, dim) => product * dim, 1);
  const data = isFloat(input.type) ? new Float32Array(rows * size) : new Float64Array(rows * size);
  const kind = kindOf(input);
  for (let row = 0; row < rows; row++) {
    const random = randoms[row % randoms.length];
    const part = data.subarray(row * size, (row + 1) * size);
    switch (kind) {
      case 'pictures':
        part.set(picture(random, rest, !isFloat(input.type)));
        break;
      case 'sound':
        part.set(hear(random, size));
        break;
      case 'tokens':
        part.set(tokens(random, input.rows ?? 1, size));
        break;
      case 'features':
        for (let i = 0; i < size; i++) part[i] = normal(random);
        break;
      case 'control': {
        const next = isRate(input.name)
          ? () => rate
          : isFloat(input.type)
            ? () => 1
            : drawing(input, dims.at(-1) ?? 1, random);
        for (let i = 0; i < size; i++) part[i] = next(row * size + i);
        break;
      }
      case 'state':
    }
  }
  return { data, dims };
}
