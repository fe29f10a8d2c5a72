// What int8 weights through brotli make of a model, and how near their answers are: the baselines of README, report and benchmarks.
import { compressors } from '../../../build/cli/compressors.js';
import {
  compress,
  decode,
  evaluate,
  measureBaselines,
  openOnnx,
  roundedToInt8,
  syntheticDataset,
} from '../../../build/index.js';
import { readInterface } from '../../../build/onnx/interface.js';
import { BROTLI_BYTES, INT8_BASELINES, INT8_BY } from '../../../build/report/baselines.js';
import { bytesOf } from './subject.js';

/** Made inputs that answers are compared on, where there are no others. */
const SAMPLES = 32;
const SEED = 77;

/**
 * @param bytes - of an ONNX file
 * @returns bytes by the name of the baseline, `null` where a file is too large for that
 */
export async function baselineSizes(bytes) {
  const baselines = await measureBaselines(openOnnx(bytes), compressors);
  return Object.fromEntries(baselines.map(({ name, bytes }) => [name, bytes]));
}

/**
 * How near models answer to an original: share of decisions that are the same, and mean difference.
 *
 * @param others - the models, by name
 * @param dataset - inputs; made ones where there are none
 * @returns by name; nothing where the model does not run on such inputs
 */
async function fidelityOf(bytes, others, dataset = undefined) {
  const ports = readInterface(openOnnx(bytes)).inputs;
  const found = {};
  for (const [name, model] of Object.entries(others)) {
    try {
      const inputs = dataset ?? syntheticDataset(ports, { samples: SAMPLES, seed: SEED });
      const { agreement, meanAbsDiff } = await evaluate({ model, reference: bytes, dataset: inputs });
      found[name] = { agreement, meanAbsDiff };
    } catch {
      // What cannot be run is not measured.
    }
  }
  return found;
}

/**
 * Both, of the default, too: sizes and answers by name, that of the default being `compress`. Large models are left out.
 *
 * @returns `undefined` for those
 */
export async function besideInt8(bytes, dataset = undefined) {
  if (bytes.length > BROTLI_BYTES) return undefined;
  const { container } = await compress(bytes);
  const sizes = { compress: container.length, ...(await baselineSizes(bytes)) };
  const models = { compress: await decode(container), ...int8Models(bytes) };
  return { sizes, answers: await fidelityOf(bytes, models, dataset) };
}

/** The names of what {@link besideInt8} has answers of. */
export const WAYS = ['compress', ...INT8_BY.map((by) => INT8_BASELINES[by])];

/** Cells of a table for {@link besideInt8}: of each way bytes, agreement, mean difference. */
export function cellsOf({ sizes, answers }) {
  const rounded = (number, scale = 1, unit = '') =>
    number === null ? '–' : `${(scale * number).toLocaleString('en', { maximumSignificantDigits: 4 })}${unit}`;
  return WAYS.flatMap((way) => {
    const { agreement = null, meanAbsDiff = null } = answers[way] ?? {};
    return [(sizes[way] ?? '–').toLocaleString('en'), rounded(agreement, 100, ' %'), rounded(meanAbsDiff)];
  });
}

/** The model as int8 has it, by the names of the baselines. */
export function int8Models(bytes) {
  const model = openOnnx(bytes);
  return Object.fromEntries(INT8_BY.map((by) => [INT8_BASELINES[by], bytesOf(roundedToInt8(model, by))]));
}
