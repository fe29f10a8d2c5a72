import { throwIfAborted } from '../errors.js';
import { decibels } from '../evaluate/fidelity.js';
import type { Model, Tensor } from '../model/model.js';
import { readWeights, writeWeights } from '../model/weights.js';
import { writeOnnx } from '../onnx/write.js';
import { type Lines, placesOf } from '../quantize/lines.js';
import { energies } from '../sensitivity/weights.js';
import { quantizedLayers } from '../stages/quantize.js';
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
/** What weights in int8 have beside their bytes: a float32 a tensor or a channel. */
const SCALE_BYTES = 4;

/** Which weights share a scale of int8, and what that is called. */
export const INT8_BASELINES = {
  layer: 'int8 + brotli 11',
  channel: 'int8 by channel + brotli 11',
} as const;

/** Of int8: a scale a tensor, or one an output channel. */
export type Int8By = keyof typeof INT8_BASELINES;
export const INT8_BY: readonly Int8By[] = ['layer', 'channel'];

/**
 * The sizes that a model gets by means that every server has: its files through gzip 9 and brotli 11, and with weights in
 * int8 (one scale a tensor, or one a channel, symmetric; the rest as it is) through brotli 11.
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
  const int8 = INT8_BY.map((by) => {
    const { model: quantised, saved } = inInt8(model, by);
    const [name, bytes] = [INT8_BASELINES[by], () => plainBytes(quantised, signal)];
    return {
      name,
      compressor: compressors.brotli11,
      bytes,
      size: size - saved,
      most: BROTLI_BYTES,
      snr: noiseOf(model, by),
    };
  });
  const plain = () => plainBytes(model, signal);
  const tasks = [
    { name: 'gzip 9', compressor: compressors.gzip9, bytes: plain, size, most: Number.POSITIVE_INFINITY, snr: null },
    { name: 'brotli 11', compressor: compressors.brotli11, bytes: plain, size, most: BROTLI_BYTES, snr: null },
    ...int8,
  ];
  // gzip is some twenty times faster than brotli.
  const cost = (task: (typeof tasks)[number]) =>
    task.size > task.most ? 0 : task.size * (task.compressor === compressors.gzip9 ? 0.05 : 1);
  const total = tasks.reduce((sum, task) => sum + cost(task), 0) || 1;
  const baselines: Baseline[] = [];
  let done = 0;
  for (const task of tasks) {
    throwIfAborted(signal);
    const base = { name: task.name, top1: null, agreement: null, snr: task.snr };
    if (task.size > task.most) {
      baselines.push({ ...base, bytes: null, reason: `larger than ${task.most / 1e6} MB, which would take minutes` });
      continue;
    }
    const start = done;
    const pieces = function* () {
      let read = 0;
      for (const piece of task.bytes()) {
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
 * The model with its weights rounded to int8, one scale a tensor or one a channel, and back: what a runtime computes with.
 *
 * @example
 * const rounded = [...writeOnnx(roundedToInt8(model, 'channel'))].map(({ bytes }) => bytes);
 */
export function roundedToInt8(model: Model, by: Int8By = 'layer'): Model {
  return withWeights(model, by, (tensor, lines) => writeWeights(tensor, rounded(readWeights(tensor), lines))).model;
}

function rounded(weights: Float32Array, lines: Lines): Float32Array {
  const values = new Float32Array(weights.length);
  const { levels, scales } = toInt8(weights, lines);
  for (const [line, places] of placesOf(lines, weights.length).entries()) {
    for (const place of places) values[place] = levels[place] * scales[line];
  }
  return values;
}

/** Signal-to-noise ratio of all weights together, once rounded to int8. */
function noiseOf(model: Model, by: Int8By): number {
  let [all, off] = [0, 0];
  for (const [tensor, { lines }] of quantizedLayers(model, { weights: 'int8', by }).layers) {
    const weights = readWeights(tensor);
    const { signal, noise } = energies(weights, rounded(weights, lines));
    all += signal;
    off += noise;
  }
  return decibels(all, off);
}

/** What the model takes with weights in int8, one scale a tensor, through a compressor; nothing where that would take minutes. */
export async function int8Size(
  model: Model,
  compressor: Compressor,
  signal?: AbortSignal,
): Promise<number | undefined> {
  const { model: quantised, saved } = inInt8(model, 'layer');
  const size = model.files.reduce((sum, file) => sum + file.size, model.appendix.length) - saved;
  return size > BROTLI_BYTES ? undefined : compressor(plainBytes(quantised, signal), size);
}

/** The model with scales and levels in the places of its weights, and how many bytes that saves. */
function inInt8(model: Model, by: Int8By): { model: Model; saved: number } {
  const { model: quantised, layers } = withWeights(model, by, (tensor, lines) => {
    const { levels, scales } = toInt8(readWeights(tensor), lines);
    const bytes = new Uint8Array(SCALE_BYTES * scales.length + levels.length);
    const view = new DataView(bytes.buffer);
    for (const [line, scale] of scales.entries()) view.setFloat32(SCALE_BYTES * line, scale, true);
    bytes.set(new Uint8Array(levels.buffer), SCALE_BYTES * scales.length);
    return bytes;
  });
  let saved = 0;
  for (const [{ length, count }, { lines }] of layers) saved += length - count - SCALE_BYTES * lines.count;
  return { model: quantised, saved };
}

/** The model with other payloads of its weights, made when they are read. */
function withWeights(model: Model, by: Int8By, read: (tensor: Tensor, lines: Lines) => Uint8Array) {
  const { model: raw, layers } = quantizedLayers(model, { weights: 'int8', by });
  const tensors = raw.tensors.map((tensor) => {
    const layer = layers.get(tensor);
    return layer ? { ...tensor, payload: { read: () => read(tensor, layer.lines) } } : tensor;
  });
  return { model: { ...raw, tensors }, layers };
}

/** The levels of weights, and the scale of each line. */
function toInt8(weights: Float32Array, lines: Lines): { levels: Int8Array<ArrayBuffer>; scales: Float32Array } {
  const levels = new Int8Array(weights.length);
  const scales = Float32Array.from(placesOf(lines, weights.length), (places) => {
    let largest = 0;
    // What is no number has no place on a scale, and takes none from the others.
    for (const place of places) {
      if (Number.isFinite(weights[place])) largest = Math.max(largest, Math.abs(weights[place]));
    }
    const scale = Math.fround(largest / INT8_LEVELS);
    for (const place of places) levels[place] = scale === 0 ? 0 : Math.round(weights[place] / scale);
    return scale;
  });
  return { levels, scales };
}

function* plainBytes(model: Model, signal?: AbortSignal): Generator<Uint8Array> {
  for (const { bytes } of writeOnnx(model)) {
    throwIfAborted(signal);
    yield bytes;
  }
}
