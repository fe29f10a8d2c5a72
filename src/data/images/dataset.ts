import { FxqError } from '../../errors.js';
import { type Batch, checkPositive, type Dataset, DEFAULT_BATCH_SIZE, type InputArray } from '../dataset.js';
import type { ModelInput } from '../fit.js';
import { fitDims } from '../fit.js';
import { type DatasetReader, join } from '../reader.js';
import type { ImageDecoder } from './decode.js';
import type { ImageFolder } from './folder.js';
import { describePlan, type Plan } from './plan.js';
import { type PreparedImage, prepare } from './prepare.js';

/** Images that are decoded at a time: as many as Node's threads for such work by default. */
const AT_A_TIME = 4;

/** Prepared images are kept up to so many bytes, since calibration goes through the same ones again and again. */
const KEPT_BYTES = 2 ** 28;

/** Images, and what is made of them. */
export interface ImageSource {
  readonly folder: string;
  readonly images: ImageFolder;
  readonly plan: Plan;
  /** The model's. */
  readonly input: ModelInput;
  readonly reader: DatasetReader;
  readonly decode: ImageDecoder;
}

/**
 * The data set of the images in a folder. Files are read, decoded and prepared a few at a time as they are asked for; of
 * images that come in several sizes each batch holds those of one size that follow each other.
 *
 * @throws FxqError `DATASET`, while it is read, for an image that comes out in a shape that the model does not take
 */
export function imageDataset({
  folder,
  images: { files, classes },
  plan,
  input,
  reader,
  decode,
}: ImageSource): Dataset {
  const kept = new Map<number, PreparedImage>();
  let keptBytes = 0;
  const load = async (place: number): Promise<PreparedImage> => {
    const path = join(folder, files[place]);
    const before = kept.get(place);
    if (before) return before;
    const prepared = prepare(await decode(await reader.readFile(path), path), plan.steps);
    checkShape(path, prepared, input);
    if (keptBytes + prepared.data.length <= KEPT_BYTES) {
      kept.set(place, prepared);
      keptBytes += prepared.data.length;
    }
    return prepared;
  };
  const samples = async function* (options: Parameters<Dataset>[0] = {}): AsyncGenerator<Batch> {
    checkPositive('limit', options.limit);
    checkPositive('batchSize', options.batchSize);
    const { limit = files.length, batchSize = DEFAULT_BATCH_SIZE, isWanted } = options;
    const places = Array.from({ length: Math.min(limit, files.length) }, (_, place) => place);
    const wanted = isWanted ? places.filter((place) => isWanted(Math.floor(place / batchSize))) : places;
    let images: PreparedImage[] = [];
    let labels: number[] = [];
    const take = (): Batch => {
      const batch = { inputs: { [input.name]: toInput(images, plan) }, ...(classes && { labels }) };
      [images, labels] = [[], []];
      return batch;
    };
    for await (const [place, prepared] of inOrder(wanted, load)) {
      if (images.length > 0 && `${images[0].dims}` !== `${prepared.dims}`) yield take();
      images.push(prepared);
      if (classes) labels.push(classes.labels[place]);
      if (images.length === batchSize) yield take();
    }
    if (images.length > 0) yield take();
  };
  // Only where all come out alike are the batches those that can be counted beforehand.
  const { crop, resize } = plan.steps;
  const isUniform = crop !== undefined || typeof resize === 'object';
  return isUniform ? Object.assign(samples, { samples: files.length }) : samples;
}

/** Where an edge is left open, images that are no squares come out in other shapes than a model may take. */
function checkShape(path: string, { dims }: PreparedImage, { name, shape }: ModelInput): void {
  if (fitDims(shape, [1, ...dims])) return;
  const expected = `[${shape.map((dim) => dim || '?').join(', ')}]`;
  const message = `${path}: expected what fits '${name}', ${expected}, got [1, ${dims.join(', ')}] after preprocessing; crop it, or resize it to width and height`;
  throw new FxqError('DATASET', message, { file: path, tensor: name, expected: shape, actual: dims });
}

/** Does work on items a few at a time, and gives the results in the items' order. */
async function* inOrder<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<[Item, Result]> {
  const started: Promise<Result>[] = [];
  for (const [i, item] of items.entries()) {
    while (started.length < Math.min(items.length, i + AT_A_TIME)) {
      const promise = work(items[started.length]);
      // What fails is reported when its turn comes, if it comes.
      promise.catch(() => {});
      started.push(promise);
    }
    const result = await started[i];
    delete started[i];
    yield [item, result];
  }
}

/** Images as one array: bytes and a factor where that is all, otherwise the numbers that the model takes. */
function toInput(images: readonly PreparedImage[], { scale, mean, std, steps }: Plan): InputArray {
  const { dims } = images[0];
  const size = images[0].data.length;
  const shape = [images.length, ...dims];
  if (!mean || !std) {
    const data = new Uint8Array(images.length * size);
    for (const [i, image] of images.entries()) data.set(image.data, i * size);
    return { data, dims: shape, scale };
  }
  const tables = mean.map((each, channel) => {
    return Float32Array.from({ length: 256 }, (_, value) => (value * scale - each) / std[channel]);
  });
  const data = new Float32Array(images.length * size);
  const plane = steps.layout === 'nchw' ? size / tables.length : 1;
  for (const [i, image] of images.entries()) {
    for (let at = 0; at < size; at++) {
      data[i * size + at] = tables[Math.floor(at / plane) % tables.length][image.data[at]];
    }
  }
  return { data, dims: shape };
}

/** What the images are and what happens to them, in a line each. */
export function describeImages(folder: string, { files, classes, names }: ImageFolder, plan: Plan): string[] {
  const count = `${files.length.toLocaleString('en')} image${files.length === 1 ? '' : 's'}`;
  const known = classes ? `${names} class${names === 1 ? '' : 'es'}, ${classes.how}` : 'without labels';
  return [`${folder}: ${count}, ${known}`, `  ${describePlan(plan)}`];
}
