import type { FileEntry, TensorEntry } from '../container/header.js';
import { openContainer, pieces, type ReadOptions } from './container.js';
import { type ModelFile, type OrtModel, partOf, rebuildFiles, rebuildForOrt } from './files.js';
import { inWorker } from './remote.js';
import type { Source } from './source.js';
import { type DecodedTensor, toTensor } from './tensor.js';

/** How a container is read, and in which thread. */
export interface WorkerOptions extends ReadOptions {
  /**
   * Decodes in a Worker, or a worker thread of Node, so that nothing here has to wait; the results are handed over, not
   * copied. Where none can be started, as under a policy that forbids it, everything is done here.
   */
  worker?: boolean | undefined;
}

/** Settings of `decode`. */
export interface DecodeOptions extends WorkerOptions {
  /**
   * Memory to decode the model's file into, at least as long as the file; the result is the part of it that the file
   * takes. Saves a start-up the time that fresh memory takes. When decoding fails its content is undefined. From a
   * worker the file is copied there.
   */
  into?: Uint8Array | undefined;
}

/**
 * Rebuilds the ONNX file of a `.fxq` container, byte for byte the file that was encoded. Runs in browsers, workers and
 * Node; never keeps or alters its input. A `Response` or a stream is decoded while it arrives.
 *
 * @returns the bytes of the ONNX file
 * @throws FxqError `CONTAINER_MALFORMED`, `CONTAINER_VERSION`, `CHECKSUM`, `LIMIT`, `IO` (the connection broke), `ABORTED`
 *
 * @example
 * import { decode } from 'fxq-compress/decode';
 * const onnx = await decode(await fetch('model.fxq'), {
 *   onProgress: ({ phase, loaded, total }) => phase === 'download' && showProgress(loaded / total),
 * });
 * const session = await ort.InferenceSession.create(onnx);
 */
export async function decode(source: Source, options: DecodeOptions = {}): Promise<Uint8Array> {
  const files = await decodeFiles(source, options);
  if (files.length > 1) {
    const names = files.slice(1).map(({ name }) => `"${name}"`);
    throw new TypeError(
      `this model has external data (${names.join(', ')}): use decodeFiles, which returns every file`,
    );
  }
  return files[0].bytes;
}

/**
 * Rebuilds every file of a container: the model, with the empty name, and its external data files under the relative
 * paths by which the model refers to them.
 */
export async function decodeFiles(source: Source, options: DecodeOptions = {}): Promise<ModelFile[]> {
  const { worker, into } = options;
  const files = worker && (await inWorker<ModelFile[]>(false, source, options));
  if (!files) return rebuildFiles(source, options, into);
  if (into) {
    const room = partOf(into, files[0].bytes.length);
    room.set(files[0].bytes);
    files[0].bytes = room;
  }
  return files;
}

/**
 * Decodes a container for ONNX Runtime: the model without the payloads of its large tensors, and these on their own, so
 * that no weight is in memory twice before the session is made. Tensors that the runtime would not take from outside,
 * those of subgraphs and functions, stay in the model.
 *
 * @throws FxqError as {@link decode}
 *
 * @example
 * const { model, externalData } = await decodeForOrt(await fetch('model.fxq'));
 * const session = await ort.InferenceSession.create(model, { externalData });
 */
export async function decodeForOrt(source: Source, options: WorkerOptions = {}): Promise<OrtModel> {
  const result = options.worker && (await inWorker<OrtModel>(true, source, options));
  return result || rebuildForOrt(source, options);
}

/**
 * Decodes a container tensor by tensor, each as soon as its bytes have arrived; nothing is held back, so memory is that
 * of what the caller keeps. Leaving the loop ends the download.
 *
 * @example
 * for await (const { name, dims, dtype, data } of decodeTensors(await fetch('model.fxq'))) {
 *   upload(name, dims, dtype, data);
 * }
 */
export async function* decodeTensors(source: Source, options: ReadOptions = {}): AsyncGenerator<DecodedTensor> {
  const opened = await openContainer(source, options);
  for await (const { tensor, bytes, isInPlace } of pieces(opened, options)) {
    if (tensor === undefined) continue;
    // What comes from the skeleton is a view of it; the caller gets memory of its own.
    yield toTensor(tensor, (isInPlace ? bytes : bytes.slice()) as Uint8Array<ArrayBuffer>);
  }
}

/** What a container's header says. */
export interface ContainerInfo {
  readonly bytes: number;
  readonly files: readonly FileEntry[];
  readonly tensors: readonly TensorEntry[];
}

/**
 * Reads a container's header: files, tensors, layouts, sizes. Decodes no weight; of a download it takes the first bytes
 * only.
 *
 * @example
 * const { tensors } = await inspect(await readFile('model.fxq'));
 * for (const { name, dims, layout, section } of tensors) console.log(name, dims, layout, section.length);
 */
export async function inspect(source: Source, options: Pick<ReadOptions, 'signal'> = {}): Promise<ContainerInfo> {
  const { head, input } = await openContainer(source, options);
  input.cancel();
  const { bytes, files, tensors } = head;
  return { bytes, files, tensors };
}
