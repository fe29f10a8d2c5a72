import { FxqError } from '../errors.js';
import { arrayDataset, type Dataset } from './dataset.js';
import { gunzipped, isGzip, isIdx, mnistDataset } from './mnist.js';
import { moduleDataset } from './module-dataset.js';
import { isNpy, parseNpy } from './npy.js';
import { isZip, npzDataset } from './npz.js';
import { markPixels } from './samples.js';

/** Access to files, handed in: the command line has the disk, tests and browsers have something else. */
export interface DatasetReader {
  readFile(path: string): Promise<Uint8Array>;
  /** Whether there is a file or folder of this path. */
  exists(path: string): Promise<boolean>;
  /** The names in a folder; `undefined` when the path is not a folder. */
  list(path: string): Promise<readonly string[] | undefined>;
  /** The namespace of a JavaScript module, as `import()` gives it. */
  importModule(path: string): Promise<unknown>;
}

/** Options of {@link openDataset}. */
export interface OpenDatasetOptions {
  /** Factor on uint8 pixels when the model takes floats. Default: 1 / 255; 1 for models that take 0 to 255. */
  readonly scale?: number | undefined;
}

const ACCEPTED = 'a .npz or .npy file, an IDX images file or IMAGES,LABELS, a folder with MNIST files, or a .js module';

/**
 * Opens what `--data` names, by what it is rather than by what it is called where the content tells:
 *
 * - a `.js`, `.mjs`, `.cjs`, `.ts`, `.mts` or `.cts` module: its default export is the data set ({@link moduleDataset})
 * - a `.npz` archive: arrays by the model's input names, and `labels`; a `.npy` file: the model's single input
 * - an IDX images file, plain or gzipped; its labels file is found beside it by name (`images-idx3` → `labels-idx1`)
 * - `IMAGES,LABELS`: the pair by name
 * - a folder with the MNIST test pair (`t10k-…`), or else the training pair (`train-…`)
 *
 * @throws FxqError `DATASET` when it is none of these, missing, or damaged
 * @example
 * const dataset = await openDataset('t10k-images-idx3-ubyte.gz', reader, { scale: 1 });
 */
export async function openDataset(
  data: string,
  reader: DatasetReader,
  options: OpenDatasetOptions = {},
): Promise<Dataset> {
  const { scale } = options;
  if (!(await reader.exists(data))) {
    const [images, labels] = await splitPair(data, reader);
    return mnistDataset(
      { images: await reader.readFile(images), labels: await reader.readFile(labels) },
      { scale, file: images },
    );
  }
  const names = await reader.list(data);
  if (names) return openIdx(imagesIn(data, names), reader, scale);
  if (/\.[cm]?[jt]s$/i.test(data)) return moduleDataset(await importModule(data, reader), data);

  const bytes = await reader.readFile(data);
  if (isZip(bytes) || /\.npz$/i.test(data)) return npzDataset(bytes, { scale, file: data });
  if (isNpy(bytes)) return arrayDataset({ inputs: { input: markPixels(parseNpy(bytes, data), scale) } }, data);
  if (isIdx(isGzip(bytes) ? gunzipped(bytes, data) : bytes)) return openIdx(data, reader, scale);
  throw new FxqError('DATASET', `${data}: expected ${ACCEPTED}, got something else`, { file: data });
}

/** `IMAGES,LABELS`, where either path may hold commas itself: the split at which both are there. */
async function splitPair(data: string, reader: DatasetReader): Promise<[string, string]> {
  const parts = data.split(',');
  for (let at = 1; at < parts.length; at++) {
    const pair: [string, string] = [parts.slice(0, at).join(','), parts.slice(at).join(',')];
    if ((await reader.exists(pair[0])) && (await reader.exists(pair[1]))) return pair;
  }
  const missing =
    parts.length === 2 && (await reader.exists(parts[0])) ? parts[1] : parts.length === 2 ? parts[0] : data;
  throw new FxqError('DATASET', `${missing}: expected ${ACCEPTED}, found nothing of this name`, { file: missing });
}

/** The images file of a folder: the test pair before the training pair, unpacked before packed. */
function imagesIn(folder: string, names: readonly string[]): string {
  for (const set of ['t10k', 'train']) {
    const images = [...names].sort().find((name) => new RegExp(`^${set}-images[.-]idx3-ubyte(\\.gz)?$`).test(name));
    if (images) return `${folder.replace(/[\\/]+$/, '')}/${images}`;
  }
  const message = `${folder}: expected t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte (or train-…) in this folder, found neither`;
  throw new FxqError('DATASET', message, { file: folder, expected: 't10k-images-idx3-ubyte' });
}

/** An images file and the labels beside it; without labels a model can still be held against a reference. */
async function openIdx(path: string, reader: DatasetReader, scale: number | undefined): Promise<Dataset> {
  const images = await reader.readFile(path);
  const start = Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1;
  const name = path.slice(start).replace(/\.gz$/, '');
  const sibling = path.slice(0, start) + name.replace('images', 'labels').replace('idx3', 'idx1');
  for (const labels of name.includes('images') ? [sibling, `${sibling}.gz`] : []) {
    if (!(await reader.exists(labels))) continue;
    return mnistDataset({ images, labels: await reader.readFile(labels) }, { scale, file: path });
  }
  return mnistDataset({ images }, { scale, file: path });
}

async function importModule(path: string, reader: DatasetReader): Promise<unknown> {
  try {
    return await reader.importModule(path);
  } catch (cause) {
    const advice = /ts$/i.test(path) ? '; Node.js runs TypeScript from version 22.18 on, or give a .js file' : '';
    const message = `${path}: expected a module that can be imported, got ${(cause as Error)?.message ?? cause}${advice}`;
    throw new FxqError('DATASET', message, { file: path, cause });
  }
}
