import { FxqError } from '../errors.js';
import type { Port } from '../onnx/interface.js';
import { readTensorProto } from '../onnx/tensor-proto.js';
import type { ArrayPicker } from './arrays.js';
import { arrayOf } from './cast.js';
import { arrayDataset, type Batch, type Dataset, type InputArray, refuseEmpty, sampleAxes } from './dataset.js';
import { toLabels } from './labels.js';
import { parseNpy } from './npy.js';
import { npzBatch } from './npz.js';
import { type DatasetReader, join } from './reader.js';
import { markPixels } from './samples.js';

const TEST_SET = /^test_data_set_(\d+)$/;
const TEST_INPUT = /^input_(\d+)\.pb$/;

/**
 * The data set of recorded inputs in a folder, file by file in the order of their names:
 *
 * - `.npz` archives, each a recording of arrays by the model's input names, with `labels` or without
 * - `.npy` files, which are the model's inputs by name (and `labels`), or else recordings of its only input
 * - ONNX's test data, `test_data_set_0/input_0.pb` and so on, of which the numbers are the inputs'; or such a folder itself
 *
 * Where the first axes of a recording's arrays differ, as with a state, it is handed on as it is.
 *
 * @param names - what is in the folder
 * @param inputs - gives the model's inputs, where they have to be known
 * @param pick - which arrays are of use; default: all
 * @returns `undefined` where there is nothing of this kind
 * @throws FxqError `DATASET`
 */
export async function recordedDataset(
  folder: string,
  names: readonly string[],
  reader: DatasetReader,
  inputs: () => Promise<readonly Port[]>,
  scale: number | undefined,
  pick: ArrayPicker | undefined,
): Promise<Dataset | undefined> {
  const sets = names
    .filter((name) => TEST_SET.test(name))
    .sort((a, b) => numberIn(a, TEST_SET) - numberIn(b, TEST_SET));
  const isSet = names.some((name) => TEST_INPUT.test(name));
  if (isSet || sets.length > 0) {
    const places = isSet ? [folder] : sets.map((name) => join(folder, name));
    const ports = await inputs();
    return inTurn(places, (place) => readTestSet(place, ports, reader));
  }
  const visible = names.filter((name) => !name.startsWith('.')).sort();
  const archives = visible.filter((name) => /\.npz$/i.test(name)).map((name) => join(folder, name));
  if (archives.length > 0) {
    return inTurn(archives, async (path) => npzBatch(await reader.readFile(path), path, scale, pick));
  }
  const arrays = visible.filter((name) => /\.npy$/i.test(name));
  if (arrays.length === 0) return undefined;
  const wanted = new Set((await inputs()).map(({ name }) => name));
  const read = async (path: string) => parseNpy(await reader.readFile(path), path);
  if (!arrays.some((name) => wanted.has(stem(name)))) {
    const paths = arrays.map((name) => join(folder, name));
    return inTurn(paths, async (path) => ({ inputs: { input: markPixels(await read(path), scale) } }));
  }
  const entries: [string, InputArray][] = [];
  const picked = new Set(pick?.(arrays.map(stem)));
  for (const name of arrays.filter((name) => picked.has(stem(name))))
    entries.push([stem(name), markPixels(await read(join(folder, name)), scale)]);
  const { labels, ...rest } = Object.fromEntries(entries);
  return arrayDataset(
    { inputs: rest, ...(labels && { labels: toLabels(labels, join(folder, 'labels.npy')) }) },
    folder,
  );
}

/** One recording after the other, split into batches where its arrays have a sample axis in common. */
function inTurn(places: readonly string[], read: (place: string) => Promise<Batch>): Dataset {
  return async function* recordings(options = {}) {
    const { limit = Number.POSITIVE_INFINITY } = options;
    let samples = 0;
    for (const place of places) {
      if (samples >= limit) return;
      const batch = await read(place);
      const found = sampleAxes(batch);
      const arrays = Object.values(batch.inputs).filter(({ dims }) => dims.length > 0);
      const count = found?.samples ?? batch.labels?.length ?? arrays[0]?.dims[0] ?? 1;
      if (found && arrays.every(({ dims }) => dims[0] === count)) {
        yield* arrayDataset(batch, place)({ ...options, ...(options.limit && { limit: limit - samples }) });
      } else {
        refuseEmpty(batch, place);
        yield batch;
      }
      samples += count;
    }
  };
}

async function readTestSet(folder: string, ports: readonly Port[], reader: DatasetReader): Promise<Batch> {
  const files = ((await reader.list(folder)) ?? []).filter((name) => TEST_INPUT.test(name));
  const entries: [string, InputArray][] = [];
  for (const name of files.sort((a, b) => numberIn(a, TEST_INPUT) - numberIn(b, TEST_INPUT))) {
    const path = join(folder, name);
    const tensor = readTensorProto(await reader.readFile(path), path);
    const place = numberIn(name, TEST_INPUT);
    const port = ports.find((input) => input.name === tensor.name) ?? ports[place];
    if (!port) {
      const message = `${path}: expected as many recorded inputs as the model has, ${ports.length}, got number ${place}`;
      throw new FxqError('DATASET', message, { file: path, expected: ports.length, actual: place });
    }
    entries.push([port.name, arrayOf(tensor.type, tensor.bytes, tensor.dims)]);
  }
  return { inputs: Object.fromEntries(entries) };
}

function numberIn(name: string, pattern: RegExp): number {
  return Number(pattern.exec(name)?.[1]);
}

function stem(name: string): string {
  return name.slice(0, -'.npy'.length);
}
