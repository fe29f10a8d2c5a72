import type { FileEntry, TensorEntry } from '../container/header.js';
import { FxqError } from '../errors.js';
import { openContainer, pieces, type ReadOptions, VERIFY } from './container.js';
import { type ModelFile, type OrtModel, partOf, rebuildFiles, rebuildForOrt } from './files.js';
import { inWorker } from './remote.js';
import { bytesOf, fetchFrom, isUrl, letGo, type OpenSource, type Source } from './source.js';
import { type DecodedTensor, tensorRoom, toTensor } from './tensor.js';
import type { DecodeWorker } from './thread.js';

/** How a container is read, and in which thread. */
export interface WorkerOptions extends ReadOptions {
  /**
   * Decodes in a Worker, or a worker thread of Node, so that nothing here has to wait; the results are handed over, not
   * copied. `true` starts the one that bundlers find beside the decoder, and ends it afterwards; a URL says where
   * `fxq-compress/decode/worker` is instead; a worker that runs it is used and left running. Where none can be started, as
   * under a policy that forbids it, everything is done here, and `console.warn` says so once.
   */
  worker?: boolean | string | URL | DecodeWorker | undefined;
}

/** Settings of `decode`. */
export interface DecodeOptions extends WorkerOptions {
  /**
   * Memory to decode the model's file into, at least as long as the file; the result is the part of it that the file
   * takes. It shares no bytes with the source. Saves a start-up the time that fresh memory takes. When decoding fails its content is undefined. From a
   * worker the file is copied there.
   */
  into?: Uint8Array<ArrayBuffer> | undefined;
}

/**
 * Rebuilds the ONNX file of a `.fxq` container, byte for byte the file that was encoded. Runs in browsers, workers and
 * Node; never keeps or alters its input. What is fetched from a URL, a `Response` or a stream is decoded while it arrives.
 *
 * @returns the bytes of the ONNX file
 * @throws FxqError `CONTAINER_MALFORMED` (what is no container is named, with where a response is from), `CONTAINER_VERSION`,
 *   `CHECKSUM`, `LIMIT`, `IO` (there was no answer, the connection broke, or the response is an error or was read), `ABORTED`; TypeError for a
 *   source or `into` that is none; RangeError for `into` that is too short, and for an unknown `verify`
 *
 * @example
 * import { decode } from 'fxq-compress/decode';
 * const onnx = await decode('model.fxq', {
 *   onProgress: ({ phase, loaded, total }) => phase === 'download' && showProgress(loaded / total),
 * });
 * const session = await ort.InferenceSession.create(onnx);
 */
export async function decode(source: Source, options: DecodeOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
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
  return about(source, options, async (source) => {
    const files = worker && (await inWorker<ModelFile[]>(false, worker, source, options));
    if (!files) return rebuildFiles(source, options, into);
    if (into) {
      const room = partOf(into, files[0].bytes.length);
      room.set(files[0].bytes);
      files[0].bytes = room;
    }
    return files;
  });
}

/**
 * Decodes a container for ONNX Runtime: the model without the payloads of its large tensors, and these on their own, so
 * that no weight is in memory twice before the session is made. Tensors that the runtime would not take from outside,
 * those of subgraphs and functions, stay in the model.
 *
 * @throws FxqError as {@link decode}
 *
 * @example
 * const { model, externalData } = await decodeForOrt('model.fxq');
 * const session = await ort.InferenceSession.create(model, { externalData });
 */
export async function decodeForOrt(source: Source, options: WorkerOptions = {}): Promise<OrtModel> {
  return about(source, options, async (source) => {
    const { worker } = options;
    const result = worker && (await inWorker<OrtModel>(true, worker, source, options));
    return result || rebuildForOrt(source, options);
  });
}

/**
 * Decodes a container tensor by tensor, each as soon as its bytes have arrived; nothing is held back, so memory is that
 * of what the caller keeps. Leaving the loop ends the download. Of models with many thousands of tensors of a few bytes,
 * a container lists the larger ones, and these are given.
 *
 * @throws FxqError as {@link decode}; also `LIMIT` where small numbers that the file has as varints would take 8 MiB more in
 *   arrays than in the file
 *
 * @example
 * for await (const { name, dims, dtype, data } of decodeTensors(await fetch('model.fxq'))) {
 *   upload(name, dims, dtype, data);
 * }
 */
export async function* decodeTensors(source: Source, options: ReadOptions = {}): AsyncGenerator<DecodedTensor> {
  const opened = await about(source, options, (source) => openContainer(source, options));
  const room = tensorRoom();
  for await (const { tensor, bytes, isInPlace } of pieces(opened, options, room)) {
    if (!tensor?.name) continue;
    let payload = bytes;
    if (!isInPlace) {
      // What comes from the skeleton is a view of it; the caller gets memory of its own.
      payload = room(tensor);
      payload.set(bytes);
    }
    yield toTensor(tensor, payload as Uint8Array<ArrayBuffer>);
  }
}

/** Does the work on a source, once the options make sense; an error about what a response has in place of a container says where that is from. */
async function about<Result>(
  from: Source,
  { verify = 'sections', into, signal }: DecodeOptions,
  work: (source: OpenSource) => Promise<Result>,
): Promise<Result> {
  if (!VERIFY.includes(verify)) throw new RangeError(`verify: expected ${VERIFY.join(', ')}, got ${verify}`);
  const bytes = bytesOf(from);
  const isShared = (a: Uint8Array, b?: Uint8Array) =>
    a.buffer === b?.buffer && a.byteOffset < b.byteOffset + b.length && b.byteOffset < a.byteOffset + a.length;
  if (into !== undefined && (!(into instanceof Uint8Array) || isShared(into, bytes)))
    throw new TypeError('into: expected a Uint8Array that shares no bytes with the source');
  const fetched = isUrl(from) ? await fetchFrom(from, signal) : undefined;
  const source = fetched ?? (from as OpenSource);
  try {
    return await work(source);
  } catch (cause) {
    letGo(fetched);
    if (!(cause instanceof FxqError && source instanceof Response && cause.offset === 0)) throw cause;
    const { url, status, headers } = source;
    throw new FxqError(
      cause.code,
      `${url || 'the response'} (status ${status}, ${headers.get('content-type')}): ${cause.message}`,
      { file: url, offset: 0, actual: status, cause },
    );
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
  const { head, input } = await about(source, options, (source) => openContainer(source, options));
  input.cancel();
  const { bytes, files, tensors } = head;
  return { bytes, files, tensors };
}
