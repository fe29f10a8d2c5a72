import type { Port } from '../../onnx/interface.js';
import { createRandom, normal, type Random } from '../../random.js';
import { isFloat } from '../cast.js';
import type { Batch, Dataset, InputArray } from '../dataset.js';
import { type Dims, drawing, shapesOf } from '../random.js';
import { kindOf } from './kinds.js';
import { picture } from './pictures.js';
import { sound } from './sound.js';
import { tokens } from './tokens.js';

/** Options of {@link syntheticDataset}. */
export interface SyntheticOptions {
  /** How many samples there are. */
  readonly samples: number;
  /** Data sets of different seeds have no sample in common. Default 0. */
  readonly seed?: number | undefined;
  /** Sizes of dynamic dimensions, as for random inputs. */
  readonly dims?: Dims | undefined;
}

const BATCH_SIZE = 8;
/** Seeds of the data set are this far apart in those of its samples. */
const SEED_STRIDE = 1_000_003;

/**
 * Inputs that resemble real ones enough to calibrate on, made to the measure of a model's inputs: dead leaves for pictures,
 * voices for sound, words as frequent as in text for tokens; normal numbers for features, zeros for states, and for what
 * controls a model what `random` has. A sample depends on the seed and its number alone.
 *
 * @example
 * const dataset = syntheticDataset(readInterface(model).inputs, { samples: 48 });
 */
export function syntheticDataset(inputs: readonly Port[], { samples, seed = 0, dims = {} }: SyntheticOptions): Dataset {
  const shapes = shapesOf(inputs, dims);
  const dataset: Dataset = async function* ({ limit = samples, batchSize = BATCH_SIZE, isWanted } = {}) {
    const step = shapes.batch ?? batchSize;
    const end = Math.min(limit, samples);
    for (let start = 0, index = 0; start < end; start += step, index++) {
      if (isWanted && !isWanted(index)) continue;
      const count = shapes.batch ?? Math.min(step, end - start);
      const randoms = Array.from({ length: count }, (_, i) => createRandom(seed * SEED_STRIDE + start + i));
      const arrays = inputs.map((input, i): [string, InputArray] => [
        input.name,
        draw(input, shapes.of[i](count), randoms),
      ]);
      yield { inputs: Object.fromEntries(arrays) } satisfies Batch;
    }
  };
  return Object.assign(dataset, { samples });
}

function draw(input: Port, dims: readonly number[], randoms: readonly Random[]): InputArray {
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
        part.set(sound(random, size));
        break;
      case 'tokens':
        part.set(tokens(random, input.rows ?? 1, size));
        break;
      case 'features':
        for (let i = 0; i < size; i++) part[i] = normal(random);
        break;
      case 'control': {
        const next = isFloat(input.type) ? () => 1 : drawing(input, dims.at(-1) ?? 1, random);
        for (let i = 0; i < size; i++) part[i] = next(row * size + i);
        break;
      }
      case 'state':
    }
  }
  return { data, dims };
}
