import { unzipSync } from 'fflate';
import { FxqError } from '../errors.js';
import { arrayDataset, type Batch, type Dataset, type InputArray } from './dataset.js';
import { parseNpy } from './npy.js';
import { markPixels, toLabels } from './samples.js';

/** Deflate cannot expand further than 1032 to 1, so a larger claim is a false one (CWE-409). */
export const MAX_INFLATION = 1032;

/** An archive has a model's inputs and the labels; thousands of entries are a damaged or hostile directory (CWE-770). */
const MAX_ENTRIES = 4096;

/** Larger arrays do not fit one typed array on every platform; hand such data sets in through a module. */
const MAX_ENTRY_BYTES = 2 ** 32 - 1;

/** Whether the bytes begin as a zip archive does. */
export function isZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b && (bytes[2] === 3 || bytes[2] === 5);
}

/**
 * Reads every array of a `.npz` archive (`numpy.savez` or `numpy.savez_compressed`), by name, as {@link parseNpy} does.
 *
 * @param file for messages
 * @throws FxqError `DATASET` for a damaged archive, and for sizes that the bytes present cannot hold
 * @example
 * const { input, labels } = parseNpz(await readFile('test.npz'), 'test.npz');
 */
export function parseNpz(bytes: Uint8Array, file = 'archive'): Record<string, InputArray> {
  const names = new Set<string>();
  let entries: Record<string, Uint8Array>;
  try {
    entries = unzipSync(bytes, {
      filter: ({ name, size, originalSize, compression }) => {
        const wrong = (expected: string, actual: unknown) =>
          damaged(file, `entry '${name}': expected ${expected}, got ${actual}`);
        if (name === '' || names.has(name)) throw wrong('a name of its own', name === '' ? 'none' : 'it twice');
        names.add(name);
        if (names.size > MAX_ENTRIES) throw wrong(`at most ${MAX_ENTRIES} entries`, 'more');
        if (compression !== 0 && compression !== 8) throw wrong('a stored or deflated entry', `method ${compression}`);
        if (size > bytes.length) throw wrong(`at most the archive's ${bytes.length} bytes`, size);
        const most = Math.min(compression === 0 ? size : size * MAX_INFLATION, MAX_ENTRY_BYTES);
        if (originalSize > most) throw wrong(`at most ${most} bytes from ${size} packed ones`, originalSize);
        return name.endsWith('.npy');
      },
    });
  } catch (error) {
    if (error instanceof FxqError) throw error;
    throw damaged(file, `expected a .npz archive, got a damaged zip file (${(error as Error).message})`, error);
  }
  // fromEntries, since an assignment would lose an array named `__proto__`.
  return Object.fromEntries(
    Object.entries(entries).map(([name, npy]) => [name.slice(0, -'.npy'.length), parseNpy(npy, `${file}/${name}`)]),
  );
}

/**
 * The data set in a `.npz` archive: arrays named after the model's inputs, first axis the sample, and `labels`
 * (integers, one a sample; optional). Scalars go to every batch. uint8 arrays of rank 3 and more are pixels and are
 * multiplied by `scale` when the model takes floats; all other numbers are fed as they are.
 *
 * @param options.scale default 1 / 255
 * @param options.file for messages
 * @throws FxqError `DATASET`
 * @example
 * const dataset = npzDataset(await readFile('cifar10-test.npz'));
 */
export function npzDataset(bytes: Uint8Array, options: { scale?: number | undefined; file?: string } = {}): Dataset {
  const { scale, file = 'archive' } = options;
  return arrayDataset(npzBatch(bytes, file, scale), file);
}

/** All that is in an archive, as one batch. */
export function npzBatch(bytes: Uint8Array, file: string, scale: number | undefined): Batch {
  const { labels, ...inputs } = parseNpz(bytes, file);
  const marked = Object.entries(inputs).map(([name, input]) => [name, markPixels(input, scale)] as const);
  return { inputs: Object.fromEntries(marked), ...(labels && { labels: toLabels(labels, file) }) };
}

function damaged(file: string, what: string, cause?: unknown): FxqError {
  return new FxqError('DATASET', `${file}: ${what}; save or download it again`, { file, cause });
}
