import { Xxh32 } from '../binary/xxh32.js';
import type { FileEntry, TensorEntry } from '../container/header.js';
import { checksumError, type Head, malformed, readHead } from '../container/read/index.js';
import { loadKernels } from '../kernels/index.js';
import { allocate } from './allocate.js';
import { type Room, rebuild } from './rebuild.js';

export type { FileEntry, TensorEntry } from '../container/header.js';
export { ERROR_CODES, type ErrorCode, type ErrorDetails, FxqError } from '../errors.js';

/** What is checked while decoding: the checksums of the compressed bytes, also the rebuilt files' hashes, or nothing. */
export type Verify = 'sections' | 'all' | 'none';

export interface DecodeOptions {
  /** Default `'sections'`: every byte of the container is checked before it is used. */
  verify?: Verify;
  /** Stops the work between two tensors; `decode` then throws an `FxqError` with code `ABORTED`. */
  signal?: AbortSignal;
  /**
   * Memory to decode the model's file into, at least as long as the file; the result is the part of it that the file
   * takes. Saves a start-up the time that fresh memory takes. When decoding fails its content is undefined.
   */
  into?: Uint8Array;
}

/**
 * Rebuilds the ONNX file of a `.fxq` container, byte for byte the file that was encoded. Runs in browsers, workers and
 * Node; never keeps or alters its input.
 *
 * @param container - the whole container
 * @returns the bytes of the ONNX file
 * @throws FxqError `CONTAINER_MALFORMED`, `CONTAINER_VERSION`, `CHECKSUM`, `LIMIT`, `ABORTED`
 *
 * @example
 * import { decode } from 'fxq-compress/decode';
 * const response = await fetch('model.fxq');
 * const onnx = await decode(await response.arrayBuffer());
 * const session = await ort.InferenceSession.create(onnx);
 */
export async function decode(container: Uint8Array | ArrayBuffer, options: DecodeOptions = {}): Promise<Uint8Array> {
  const files = await decodeFiles(container, options);
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
export async function decodeFiles(
  container: Uint8Array | ArrayBuffer,
  options: DecodeOptions = {},
): Promise<{ name: string; bytes: Uint8Array }[]> {
  const bytes = container instanceof Uint8Array ? container : new Uint8Array(container);
  const head = await openContainer(bytes);
  const { into } = options;
  const [{ size: modelSize }] = head.files;
  if (into !== undefined && into.length < modelSize)
    throw new RangeError(`into: expected at least ${modelSize} bytes for the model, got ${into.length}`);
  const files = head.files.map(({ name, size }, i) => ({
    name,
    bytes: i === 0 && into !== undefined ? into.subarray(0, size) : allocate(size, name || 'the model'),
  }));
  const room: Room = ({ file, offset, length }) => files[file].bytes.subarray(offset, offset + length);
  for await (const piece of pieces(head, bytes, options, room)) {
    if (!piece.isInPlace) files[piece.file].bytes.set(piece.bytes, piece.offset);
  }
  return files;
}

/** The rebuilt files in pieces, in order, hashed on the way if asked: what `decodeFiles` does, without holding them. */
export async function* pieces(head: Head, container: Uint8Array, options: DecodeOptions = {}, room?: Room) {
  const { verify = 'sections', signal } = options;
  const { stripes } = await loadKernels();
  const hashes = head.files.map(() => new Xxh32(0, stripes));
  const read = (start: number, end: number) => container.subarray(start, end);
  for await (const piece of rebuild(head, read, verify !== 'none', signal, room)) {
    if (verify === 'all') hashes[piece.file].update(piece.bytes);
    yield piece;
  }
  if (verify !== 'all') return;
  for (const [i, { name, hash }] of head.files.entries()) {
    const actual = hashes[i].digest();
    if (actual !== hash) throw checksumError(name || 'the rebuilt model', 0, hash, actual);
  }
}

/** What a container's header says. */
export interface ContainerInfo {
  readonly bytes: number;
  readonly files: readonly FileEntry[];
  readonly tensors: readonly TensorEntry[];
}

/**
 * Reads a container's header: files, tensors, layouts, sizes. Decodes no weight.
 *
 * @example
 * const { tensors } = await inspect(await readFile('model.fxq'));
 * for (const { name, dims, layout, section } of tensors) console.log(name, dims, layout, section.length);
 */
export async function inspect(container: Uint8Array | ArrayBuffer): Promise<ContainerInfo> {
  const { bytes, files, tensors } = await openContainer(
    container instanceof Uint8Array ? container : new Uint8Array(container),
  );
  return { bytes, files, tensors };
}

/** Reads the head of a container that must be there as a whole, not a byte less or more. */
export async function openContainer(bytes: Uint8Array): Promise<Head> {
  const head = await readHead(bytes);
  if (bytes.length < head.bytes)
    throw malformed(`cut short: expected ${head.bytes} bytes, got ${bytes.length}`, bytes.length);
  if (bytes.length > head.bytes)
    throw malformed(`${bytes.length - head.bytes} bytes follow the end of the container`, head.bytes);
  return head;
}
