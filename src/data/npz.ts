import { FxqError } from '../errors.js';
import { messageOf } from '../guards.js';
import type { ArrayPicker } from './arrays.js';
import { arrayDataset, type Batch, type Dataset, type InputArray } from './dataset.js';
import { toLabels } from './labels.js';
import { parseNpy } from './npy.js';
import { markPixels } from './samples.js';
import { unzip } from './zip.js';

/**
 * Reads every array of a `.npz` archive (`numpy.savez` or `numpy.savez_compressed`), by name, as {@link parseNpy} does.
 *
 * @param file for messages
 * @param pick which of the arrays are read; the others may be of any kind. Default: all
 * @throws FxqError `DATASET` for a damaged archive, and for sizes that the bytes present cannot hold
 * @example
 * const { input, labels } = parseNpz(await readFile('test.npz'), 'test.npz');
 */
export function parseNpz(bytes: Uint8Array, file = 'archive', pick?: ArrayPicker): Record<string, InputArray> {
  let entries: [name: string, npy: Uint8Array][];
  try {
    entries = unzip(bytes, (name) => name.endsWith('.npy'));
  } catch (cause) {
    const problem = `expected a .npz archive, got a damaged zip file (${messageOf(cause)})`;
    throw new FxqError('DATASET', `${file}: ${problem}; save or download it again`, { file, cause });
  }
  // fromEntries, since an assignment would lose an array named `__proto__`.
  const named = entries.map(([name, npy]) => ({ name: name.slice(0, -'.npy'.length), npy }));
  const names = named.map(({ name }) => name);
  const picked = new Set(pick?.(names) ?? names);
  return Object.fromEntries(
    named.filter(({ name }) => picked.has(name)).map(({ name, npy }) => [name, parseNpy(npy, `${file}/${name}.npy`)]),
  );
}

/**
 * The data set in a `.npz` archive: arrays named after the model's inputs, first axis the sample, and `labels`
 * (integers, one a sample; optional). Scalars go to every batch. uint8 arrays of rank 3 and more are pixels and are
 * multiplied by `scale` when the model takes floats; all other numbers are fed as they are.
 *
 * @param options.scale default 1 / 255
 * @param options.file for messages
 * @param options.pick which of the arrays are read. Default: all
 * @throws FxqError `DATASET`
 * @example
 * const dataset = npzDataset(await readFile('cifar10-test.npz'));
 */
export function npzDataset(
  bytes: Uint8Array,
  options: { scale?: number | undefined; file?: string; pick?: ArrayPicker | undefined } = {},
): Dataset {
  const { scale, file = 'archive', pick } = options;
  return arrayDataset(npzBatch(bytes, file, scale, pick), file);
}

/** All that is in an archive, as one batch. */
export function npzBatch(bytes: Uint8Array, file: string, scale: number | undefined, pick?: ArrayPicker): Batch {
  const { labels, ...inputs } = parseNpz(bytes, file, pick);
  const marked = Object.entries(inputs).map(([name, input]) => [name, markPixels(input, scale)] as const);
  return { inputs: Object.fromEntries(marked), ...(labels && { labels: toLabels(labels, file) }) };
}
