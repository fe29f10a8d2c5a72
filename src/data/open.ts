import { FxqError } from '../errors.js';
import { messageOf } from '../guards.js';
import { readInterface } from '../onnx/interface.js';
import { type ArrayPicker, arrayPicker } from './arrays.js';
import { arrayDataset, type Dataset } from './dataset.js';
import { isImageName } from './images/decode.js';
import { openImages } from './images/open.js';
import { gunzipped, isGzip, isIdx, mnistDataset } from './mnist.js';
import { moduleDataset } from './module.js';
import { isNpy, parseNpy } from './npy.js';
import { npzDataset } from './npz.js';
import type { OpenDatasetOptions } from './open-options.js';
import { describeRandom, randomDataset } from './random.js';
import { type DatasetReader, join } from './reader.js';
import { recordedDataset } from './recorded.js';
import { markPixels } from './samples.js';
import { isZip } from './zip.js';

const ACCEPTED =
  'a .npz or .npy file, an IDX images file or IMAGES,LABELS, a folder of images, of recorded inputs or with MNIST files, a .js module, or the word random';

/** What stands in place of a path for inputs at random; a folder of this name is `./random`. */
export const RANDOM = 'random';

/**
 * Opens what `--data` names, by what it is rather than by what it is called where the content tells:
 *
 * - a folder of images, in folders of the names of their classes (ImageNet's way) or all in one: see {@link Preprocessing};
 *   read by the optional package sharp
 * - a `.js`, `.mjs`, `.cjs`, `.ts`, `.mts` or `.cts` module: its default export is the data set
 * - a `.npz` archive: arrays by the model's input names, and `labels`; a `.npy` file: the model's single input
 * - a folder of recorded inputs: `.npz` or `.npy` files, or ONNX's `test_data_set_0/input_0.pb`
 * - an IDX images file, plain or gzipped; its labels file is found beside it by name (`images-idx3` → `labels-idx1`)
 * - `IMAGES,LABELS`: the pair by name
 * - a folder with the MNIST test pair (`t10k-…`), or else the training pair (`train-…`)
 * - `random`: inputs at random, to hold a model against another
 *
 * @throws FxqError `DATASET` when it is none of these, missing, or damaged; for images also `MISSING_PACKAGE` without sharp,
 *   and `CONFIG` for preprocessing that makes no sense or does not fit the model
 * @example
 * const model = openOnnx(await readFile('model.onnx'));
 * const dataset = await openDataset('imagenet/val', reader, { model, preprocessing: { resize: 256, crop: 224 } });
 */
export async function openDataset(
  data: string,
  reader: DatasetReader,
  options: OpenDatasetOptions = {},
): Promise<Dataset> {
  const { scale, onNote } = options;
  const ports = lazily(() => readPorts(data, options.model));
  // Without a model nothing is known to be of no use.
  const picker = async () => (options.model ? arrayPicker((await ports()).inputs, data, onNote) : undefined);
  if (data === RANDOM) {
    refuseImages(data, options, 'random inputs');
    const { inputs } = await ports();
    onNote?.(
      `warning: inputs at random: they tell how alike two models are, and nothing of how good (${describeRandom(inputs, options.dims)})`,
    );
    return randomDataset(inputs, options);
  }
  const names = (await reader.exists(data)) ? await reader.list(data) : undefined;
  const isImages = names !== undefined && !names.some((name) => IDX_IMAGES.test(name));
  if (isImages) {
    const images = await openImages(data, names, reader, ports, options);
    if (images) {
      refuseSizes(data, options);
      return images;
    }
  }
  refuseImages(data, options, names ? 'a folder without any' : 'something else');
  refuseSizes(data, options);
  if (!(await reader.exists(data))) {
    const [images, labels] = await splitPair(data, reader);
    return mnistDataset(
      { images: await reader.readFile(images), labels: await reader.readFile(labels) },
      { scale, file: images },
    );
  }
  if (names) {
    const inputs = async () => (await ports()).inputs;
    const recorded = isImages && (await recordedDataset(data, names, reader, inputs, scale, await picker()));
    return recorded || openIdx(imagesIn(data, names), reader, scale);
  }
  if (/\.[cm]?[jt]s$/i.test(data)) return named(moduleDataset(await importModule(data, reader), data), await picker());
  if (isImageName(data)) {
    throw new FxqError('DATASET', `${data}: expected ${ACCEPTED}, got one image; give its folder`, { file: data });
  }

  const bytes = await reader.readFile(data);
  if (isZip(bytes) || /\.npz$/i.test(data)) return npzDataset(bytes, { scale, file: data, pick: await picker() });
  if (isNpy(bytes)) return arrayDataset({ inputs: { input: markPixels(parseNpy(bytes, data), scale) } }, data);
  if (isIdx(isGzip(bytes) ? gunzipped(bytes, data) : bytes)) return openIdx(data, reader, scale);
  throw new FxqError('DATASET', `${data}: expected ${ACCEPTED}, got something else`, { file: data });
}

/** What the model takes and gives; it is opened when this is first asked for. */
async function readPorts(data: string, model: OpenDatasetOptions['model']) {
  if (!model) throw new TypeError(`openDataset: expected the option model, by which '${data}' is read, got none`);
  return readInterface(typeof model === 'function' ? await model() : model);
}

/** The same data set, after a look at the names of its arrays. */
function named(dataset: Dataset, pick: ArrayPicker | undefined): Dataset {
  if (!pick) return dataset;
  return async function* batches(options) {
    for await (const batch of dataset(options)) {
      pick([...Object.keys(batch.inputs), ...(batch.labels ? ['labels'] : [])]);
      yield batch;
    }
  };
}

function lazily<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/** Options that say something of images are a mistake beside other data. */
function refuseImages(data: string, { preprocessing, labels }: OpenDatasetOptions, got: string): void {
  const stray = preprocessing !== undefined ? 'preprocessing' : labels?.length ? 'labels' : undefined;
  if (stray) {
    const message = `${data}: expected a folder of images, since ${stray} ${stray === 'labels' ? 'are' : 'is'} given, got ${got}`;
    throw new FxqError('DATASET', message, { file: data });
  }
}

/** The same for sizes of dimensions beside inputs that have theirs. */
function refuseSizes(data: string, { dims }: OpenDatasetOptions): void {
  if (dims && Object.keys(dims).length > 0) {
    const message = `${data}: expected the word random, since sizes of dimensions are given, got a path; leave the sizes out`;
    throw new FxqError('DATASET', message, { file: data });
  }
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

const IDX_IMAGES = /^(t10k|train)-images[.-]idx3-ubyte(\.gz)?$/;

/** The images file of a folder: the test pair before the training pair, unpacked before packed. */
function imagesIn(folder: string, names: readonly string[]): string {
  for (const set of ['t10k', 'train']) {
    const images = [...names].sort().find((name) => new RegExp(`^${set}-images[.-]idx3-ubyte(\\.gz)?$`).test(name));
    if (images) return join(folder, images);
  }
  const message = `${folder}: expected images, or folders of them, or .npz or .npy files, test_data_set_0 or t10k-images-idx3-ubyte in this folder, found none`;
  throw new FxqError('DATASET', message, { file: folder });
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
    const message = `${path}: expected a module that can be imported, got ${messageOf(cause).split('\n', 1)[0]}${advice}`;
    throw new FxqError('DATASET', message, { file: path, cause });
  }
}
