import { throwIfAborted } from '../errors.js';
import type { Model, Tensor } from '../model/model.js';
import { isPatchable, readWeights, writeWeights } from '../model/weights.js';
import { writeOnnx } from '../onnx/write.js';
import type { Baseline } from './comparison.js';

/** Compresses a run of bytes and tells the size of what comes out. */
export type Compressor = (bytes: Iterable<Uint8Array>, size: number) => Promise<number>;

/** General-purpose compressors, handed in: Node has them in `node:zlib`. */
export interface Compressors {
  readonly gzip9: Compressor;
  readonly brotli11: Compressor;
}

/** Settings of `measureBaselines`. */
export interface BaselineOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called with the share of the work that is done. */
  readonly onProgress?: ((share: number) => void) | undefined;
}

/** Brotli 11 takes some two seconds a megabyte: more than this nobody waits for. */
export const BROTLI_BYTES = 64e6;

const INT8_LEVELS = 127;
/** What an int8 tensor has beside its bytes: a float32. */
const SCALE_BYTES = 4;

/**
 * The sizes that a model gets by means that every server has: its files through gzip 9 and brotli 11, and with weights in
 * int8 (one scale a tensor, symmetric; the rest as it is) through brotli 11.
 *
 * @example
 * const brotli11 = async (bytes) => brotliCompressSync(Buffer.concat([...bytes])).length;
 * const gzip9 = async (bytes) => gzipSync(Buffer.concat([...bytes]), { level: 9 }).length;
 * const baselines = await measureBaselines(openOnnx(onnx), { gzip9, brotli11 });
 */
export async function measureBaselines(
  model: Model,
  compressors: Compressors,
  options: BaselineOptions = {},
): Promise<Baseline[]> {
  const { signal, onProgress } = options;
  const size = model.files.reduce((sum, file) => sum + file.size, model.appendix.length);
  const quantised = size - savedByInt8(model);
  const tasks = [
    { name: 'gzip 9', compressor: compressors.gzip9, bytes: plainBytes, size, most: Number.POSITIVE_INFINITY },
    { name: 'brotli 11', compressor: compressors.brotli11, bytes: plainBytes, size, most: BROTLI_BYTES },
    {
      name: 'int8 + brotli 11',
      compressor: compressors.brotli11,
      bytes: int8Bytes,
      size: quantised,
      most: BROTLI_BYTES,
    },
  ];
  // gzip is some twenty times faster than brotli.
  const cost = (task: (typeof tasks)[number]) =>
    task.size > task.most ? 0 : task.size * (task.compressor === compressors.gzip9 ? 0.05 : 1);
  const total = tasks.reduce((sum, task) => sum + cost(task), 0) || 1;
  const baselines: Baseline[] = [];
  let done = 0;
  for (const task of tasks) {
    throwIfAborted(signal);
    const base = { name: task.name, top1: null, agreement: null };
    if (task.size > task.most) {
      baselines.push({ ...base, bytes: null, reason: `larger than ${task.most / 1e6} MB, which would take minutes` });
      continue;
    }
    const start = done;
    const pieces = function* () {
      let read = 0;
      for (const piece of task.bytes(model)) {
        throwIfAborted(signal);
        yield piece;
        read += piece.length;
        onProgress?.((start + (cost(task) * read) / task.size) / total);
      }
    };
    baselines.push({ ...base, bytes: await task.compressor(pieces(), task.size), reason: null });
    done += cost(task);
  }
  return baselines;
}

/**
 * The model with its weights rounded to int8, one scale a tensor, and back: what a runtime computes with.
 *
 * @example
 * const rounded = [...writeOnnx(roundedToInt8(model))].map(({ bytes }) => bytes);
 */
export function roundedToInt8(model: Model): Model {
  return withWeights(model, (tensor) => {
    const { scale, levels } = toInt8(readWeights(tensor));
    return writeWeights(
      tensor,
      Float32Array.from(levels, (level) => level * scale),
    );
  });
}

/** The model with other payloads of its weights, made when they are read. */
function withWeights(model: Model, read: (tensor: Tensor) => Uint8Array): Model {
  const tensors = model.tensors.map((tensor) =>
    isQuantised(tensor) ? { ...tensor, payload: { read: () => read(tensor) } } : tensor,
  );
  return { ...model, tensors };
}

function isQuantised(tensor: Tensor): boolean {
  return tensor.role === 'weight' && isPatchable(tensor);
}

function toInt8(weights: Float32Array): { scale: number; levels: Int8Array } {
  // What is no number has no place on a scale, and takes none from the others.
  const finite = (weight: number) => (Number.isFinite(weight) ? Math.abs(weight) : 0);
  const largest = weights.reduce((max, weight) => Math.max(max, finite(weight)), 0);
  const scale = Math.fround(largest / INT8_LEVELS);
  const levels = Int8Array.from(weights, (weight) => (scale === 0 ? 0 : Math.round(weight / scale)));
  return { scale, levels };
}

function savedByInt8(model: Model): number {
  const layers = model.tensors.filter(isQuantised);
  return layers.reduce((sum, { length, count }) => sum + length - count - SCALE_BYTES, 0);
}

function* plainBytes(model: Model): Generator<Uint8Array> {
  for (const { bytes } of writeOnnx(model)) yield bytes;
}

function* int8Bytes(model: Model): Generator<Uint8Array> {
  const quantised = withWeights(model, (tensor) => {
    const { scale, levels } = toInt8(readWeights(tensor));
    const bytes = new Uint8Array(SCALE_BYTES + levels.length);
    new DataView(bytes.buffer).setFloat32(0, scale, true);
    bytes.set(new Uint8Array(levels.buffer), SCALE_BYTES);
    return bytes;
  });
  yield* plainBytes(quantised);
}
