import { gunzipSync } from 'fflate';
import { crc32 } from '../binary/crc32.js';
import { FxqError } from '../errors.js';
import { messageOf } from '../guards.js';
import { arrayDataset, type Dataset } from './dataset.js';
import { readIdx } from './idx.js';
import { toLabels } from './labels.js';
import { markPixels } from './samples.js';
import { MAX_INFLATION } from './zip.js';

/** A pair of IDX files as MNIST, Fashion-MNIST and EMNIST have it, each plain or gzipped. */
export interface IdxPair {
  readonly images: Uint8Array;
  readonly labels?: Uint8Array | undefined;
}

/** Whether the bytes begin as an IDX file does: two zeros, an element type, a number of dimensions. */
export function isIdx(bytes: Uint8Array): boolean {
  return bytes[0] === 0 && bytes[1] === 0 && bytes[2] >= 8 && bytes[2] <= 14 && bytes[3] > 0;
}

/** Whether the bytes begin as a gzip file does. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * The data set in a pair of IDX files: images [N, rows, columns], fed as the model's single input, and labels [N].
 * Pixels are multiplied by `scale` when the model takes floats.
 *
 * @param options.scale default 1 / 255; 1 for models that take pixels from 0 to 255
 * @param options.file for messages
 * @throws FxqError `DATASET`
 * @example
 * const images = await readFile('t10k-images-idx3-ubyte');
 * const labels = await readFile('t10k-labels-idx1-ubyte');
 * const dataset = mnistDataset({ images, labels });
 */
export function mnistDataset(pair: IdxPair, options: { scale?: number | undefined; file?: string } = {}): Dataset {
  const { scale, file = 'IDX images' } = options;
  const images = readIdx(gunzipped(pair.images, file));
  const labels = pair.labels && readIdx(gunzipped(pair.labels, `labels of ${file}`));
  const input = markPixels({ data: images.data, dims: images.dims }, scale);
  return arrayDataset({ inputs: { images: input }, ...(labels && { labels: toLabels(labels, file) }) }, file);
}

/**
 * The bytes, unpacked if they are gzipped.
 *
 * @throws FxqError `DATASET` for a damaged file, and for a size that the bytes present cannot hold
 */
export function gunzipped(bytes: Uint8Array, file: string): Uint8Array {
  if (!isGzip(bytes)) return bytes;
  const damaged = (what: string, cause?: unknown) =>
    new FxqError('DATASET', `${file}: expected a gzip file, got ${what}; download it again`, { file, cause });
  if (bytes.length < 18) throw damaged(`only ${bytes.length} bytes`);
  // The last four bytes are a claim about the size, which is what gets allocated (CWE-409).
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const size = view.getUint32(bytes.length - 4, true);
  if (size > bytes.length * MAX_INFLATION) throw damaged(`a claim of ${size} bytes from ${bytes.length} packed ones`);
  let unpacked: Uint8Array;
  try {
    unpacked = gunzipSync(bytes);
  } catch (error) {
    throw damaged(`a damaged one (${messageOf(error)})`, error);
  }
  if (unpacked.length !== size) throw damaged(`${unpacked.length} of ${size} bytes`);
  if (crc32(unpacked) !== view.getUint32(bytes.length - 8, true)) throw damaged('other bytes than its checksum is of');
  return unpacked;
}
