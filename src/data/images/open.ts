import { FxqError } from '../../errors.js';
import { messageOf } from '../../guards.js';
import type { Interface } from '../../onnx/interface.js';
import type { Dataset } from '../dataset.js';
import { isFixed } from '../fit.js';
import type { OpenDatasetOptions } from '../open-options.js';
import { type DatasetReader, join, readText } from '../reader.js';
import { describeImages, imageDataset } from './dataset.js';
import { loadImageDecoder } from './decode.js';
import { type ImageFolder, readImageFolder } from './folder.js';
import { isHuggingFace, readHuggingFace } from './huggingface.js';
import { planImages } from './plan.js';
import { type Preprocessing, readPreprocessing } from './preprocessing.js';
import { imageInputOf } from './target.js';

const HUGGING_FACE = 'preprocessor_config.json';

/**
 * The data set of a folder of images, made to the measure of a model.
 *
 * @param names - what is in the folder
 * @returns `undefined` where there are no images in it
 */
export async function openImages(
  folder: string,
  names: readonly string[],
  reader: DatasetReader,
  ports: () => Promise<Interface>,
  options: OpenDatasetOptions,
): Promise<Dataset | undefined> {
  const { labels, beside = [], scale, onNote } = options;
  const images = await readImageFolder(folder, names, reader, labels, beside);
  if (!images) return undefined;
  const { inputs, outputs } = await ports();
  const target = imageInputOf(inputs);
  const found = await findPreprocessing(folder, reader, options);
  const plan = planImages(target, found?.preprocessing, scale);
  for (const line of describeImages(folder, images, plan)) onNote?.(line);
  onNote?.(
    found
      ? `  as ${found.file} says`
      : '  assumed from the shape of the input, for want of a preprocessor_config.json or a description',
  );
  if (images.foreign?.length) {
    const message = `warning: ${images.foreign.length} images passed over, such as ${images.foreign[0]}: files of this kind are not read`;
    onNote?.(message);
  }
  checkClasses(images, outputs[0]?.shape ?? [], onNote);
  const decode = options.decodeImage ?? (await loadImageDecoder());
  return imageDataset({ folder, images, plan, input: target.input, reader, decode });
}

async function findPreprocessing(
  folder: string,
  reader: DatasetReader,
  { preprocessing, beside = [] }: OpenDatasetOptions,
): Promise<{ preprocessing: Preprocessing; file: string } | undefined> {
  if (preprocessing !== undefined) {
    const file = 'preprocessing';
    const read = isHuggingFace(preprocessing)
      ? readHuggingFace(preprocessing, file)
      : readPreprocessing(preprocessing, file);
    return { preprocessing: read, file: 'the description given' };
  }
  for (const place of [folder, ...beside]) {
    const file = join(place, HUGGING_FACE);
    if (!(await reader.exists(file))) continue;
    const config = parseJson(await readText(file, reader), file);
    // Those of audio models are called the same.
    if (isHuggingFace(config)) return { preprocessing: readHuggingFace(config, file), file };
  }
  return undefined;
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const message = `${file}: expected JSON, got damaged JSON (${messageOf(cause)})`;
    throw new FxqError('CONFIG', message, { file, cause });
  }
}

/** Labels that the model cannot give are a mix-up; folders that are numbered by order while it has other classes may be. */
function checkClasses(
  { classes, names }: ImageFolder,
  output: readonly (number | string)[],
  onNote: OpenDatasetOptions['onNote'],
): void {
  const count = output.at(-1);
  if (!classes || output.length !== 2 || !isFixed(count) || count < 2) return;
  const wrong = classes.labels.find((label) => label >= count);
  if (wrong !== undefined) {
    const message = `labels: expected classes from 0 to ${count - 1}, as many as the model has, got ${wrong} (${classes.how})`;
    throw new FxqError('DATASET', message, { expected: count, actual: wrong });
  }
  if (classes.isByOrder && names !== count) {
    onNote?.(
      `warning: ${names} classes numbered in order of their names, but the model has ${count}; give their names in the model's order`,
    );
  }
}
