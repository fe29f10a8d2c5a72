import { PREFIX_BYTES } from '../container/constants.js';
import { elements, type TensorEntry } from '../container/header.js';
import type { Head } from '../container/read/index.js';
import { pieces } from '../decode/container.js';
import { openRanges, type Ranges, reusedRoom } from '../decode/ranges.js';
import { FxqError, throwIfAborted } from '../errors.js';
import { loadKernels } from '../kernels/decode/index.js';
import { squeeze } from '../kernels/encode/index.js';
import { expectModel } from '../model/expect-model.js';
import type { ByteSource, Model, Tensor } from '../model/model.js';
import { type OffloadOptions, offload } from '../offload.js';
import { readRecords } from '../onnx/metadata.js';
import { inMemory, openOnnx } from '../onnx/open.js';
import type { Overhead, Report, TensorReport } from './figures.js';
import { measurePayload, measureSection } from './measure.js';
import { modelFile } from './model-file.js';
import { formatFinder } from './recorded.js';

/** Bytes at the start of a section that are sure to hold its codebook, steps or classes of its lines, and its code tables. */
const TABLES_BYTES = 1 << 23;

/** Settings of `inspectContainer` and `inspectOnnx`. */
export interface InspectOptions {
  /** For the report: what the file is called. */
  readonly file?: string | undefined;
  /** The model that a container decodes to, where it is open already, so that it is not taken apart once more. */
  readonly model?: Model | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called with the share of the weights' bytes that is measured, from 0 to 1. */
  readonly onProgress?: ((share: number) => void) | undefined;
}

/**
 * An ONNX model in figures: what each tensor is for, how many of its weights are zero and how many values they share.
 *
 * @example
 * const { tensors } = inspectOnnx(await readFile('model.onnx'));
 * for (const { name, role, density, clusters } of tensors) console.log(name, role, density, clusters);
 */
export function inspectOnnx(
  given: Uint8Array | Model,
  options?: InspectOptions & { readonly worker?: undefined },
): Report;
/** The same in a worker. */
export function inspectOnnx(given: Uint8Array, options: InspectOptions & OffloadOptions): Promise<Report>;
export function inspectOnnx(
  given: Uint8Array | Model,
  options: InspectOptions & OffloadOptions = {},
): Report | Promise<Report> {
  if (options.worker === undefined) return figuresOf(given, options);
  return offload<Report>('inspectOnnx', given, options).then((done) => done ?? figuresOf(given, options));
}

function figuresOf(given: Uint8Array | Model, options: InspectOptions): Report {
  const model = given instanceof Uint8Array ? openOnnx(given) : given;
  expectModel('inspectOnnx', model, ' or the bytes of an ONNX file');
  const bytes = model.files.reduce((sum, { size }) => sum + size, model.appendix.length);
  const formatOf = formatFinder(model);
  let done = 0;
  const tensors = model.tensors.map((tensor) => {
    throwIfAborted(options.signal);
    done += tensor.length;
    options.onProgress?.(done / bytes);
    const format = formatOf(tensor.name);
    return { ...subject(tensor), ...(format && { format }), ...measurePayload(tensor, tensor.payload.read()) };
  });
  const payloads = tensors.reduce((sum, tensor) => sum + tensor.bytes, 0);
  return {
    file: options.file ?? model.files[0].name,
    bytes,
    originalBytes: bytes,
    ratio: 1,
    tensors,
    overhead: { header: 0, skeleton: bytes - payloads, codebooks: 0, tables: 0, other: 0 },
  };
}

/**
 * A container in figures, all measured on its bytes. It is decoded for that, and checked in full.
 *
 * @throws FxqError as `decode` does
 *
 * @example
 * const { ratio, tensors } = await inspectContainer(await readFile('model.fxq'));
 */
export async function inspectContainer(
  container: Uint8Array | Ranges,
  options: InspectOptions & OffloadOptions = {},
): Promise<Report> {
  const remote = await offload<Report>('inspectContainer', container, options);
  if (remote) return remote;
  const { signal, onProgress } = options;
  const source = container instanceof Uint8Array ? inMemory('', container) : container;
  const opened = await openRanges(source, signal);
  const { head } = opened;
  const model = options.model ?? modelIn(head, modelFile(head, source, await loadKernels()));
  const tensorAt = places(head, model);
  const formatOf = formatFinder(model);
  const tensors: TensorReport[] = [];
  let index = 0;
  let stretches = 0;
  let done = 0;
  for await (const piece of pieces(opened, { verify: 'all', signal }, reusedRoom())) {
    done += piece.bytes.length;
    onProgress?.(done / head.total);
    const entry = piece.tensor;
    if (!entry) continue;
    const owner = entry.owner === index++ ? undefined : head.tensors[entry.owner];
    if (entry.name === '') stretches += owner ? 0 : entry.section.length;
    else {
      const tensor = tensorAt(piece.file, piece.offset);
      const format = tensor && formatOf(tensor.name);
      tensors.push({ ...describe(entry, tensor, source, piece.bytes, owner), ...(format && { format }) });
    }
  }
  // What stages have noted in the model was not in the file that they were given.
  const originalBytes = head.total - recordBytes(model);
  // The header stands first in the head, so it takes there what it takes alone.
  const { buffer, byteOffset } = head.skeleton;
  const { headerBytes, squeezedBytes } = head.prefix;
  const header = Math.min(squeezedBytes, squeeze(new Uint8Array(buffer, byteOffset - headerBytes, headerBytes)).length);
  const overhead: Overhead = {
    header,
    skeleton: squeezedBytes - header,
    codebooks: tensors.reduce((sum, { codebookBytes }) => sum + codebookBytes, 0),
    tables: tensors.reduce((sum, { tableBytes }) => sum + tableBytes, 0),
    other: PREFIX_BYTES + stretches,
  };
  return {
    file: options.file ?? 'model.fxq',
    bytes: head.bytes,
    originalBytes,
    ratio: originalBytes / head.bytes,
    tensors,
    overhead,
  };
}

function subject({ name, role, op, dims, dtype, count }: Tensor) {
  return { name, role, op, dims, dtype, weights: count };
}

function describe(
  entry: TensorEntry,
  tensor: Tensor | undefined,
  container: Ranges,
  payload: Uint8Array,
  owner: TensorEntry | undefined,
): TensorReport {
  const { name, dims, dtype, section } = entry;
  // A container may hold what no ONNX reader takes apart: then only the header tells what a tensor is.
  const count = elements(dims);
  const { role, op, ...known } = tensor ?? { role: 'other', op: '', form: 'raw', count };
  const bytes = container.read(section.offset, section.offset + Math.min(section.length, TABLES_BYTES));
  return {
    name,
    role,
    op,
    dims,
    dtype,
    weights: known.count,
    ...measureSection(entry, known, bytes, payload, owner?.name),
  };
}

/** The rebuilt model as far as its tensors go; none where no ONNX reader takes it apart. */
function modelIn({ files }: Head, main: ByteSource): Model | undefined {
  const external = (location: string) => {
    const entry = files.find(({ name }) => name === location);
    // Opening reads no payload.
    return entry && { name: location, size: entry.size, read: () => new Uint8Array() };
  };
  try {
    return openOnnx(main, { external });
  } catch (error) {
    if (!(error instanceof FxqError)) throw error;
    return undefined;
  }
}

/** Bytes of the stages' records; none where they cannot be read. */
function recordBytes(model: Model | undefined): number {
  try {
    return model ? readRecords(model).reduce((sum, { bytes }) => sum + bytes, 0) : 0;
  } catch (error) {
    if (!(error instanceof FxqError)) throw error;
    return 0;
  }
}

/** Finds a tensor of the rebuilt model by file and offset; names might differ between versions of the reader. */
function places({ files }: Head, model: Model | undefined): (file: number, offset: number) => Tensor | undefined {
  const found = new Map<string, Tensor>();
  const indexOf = model?.files.map(({ name }, i) => (i === 0 ? 0 : files.findIndex((entry) => entry.name === name)));
  for (const tensor of model?.tensors ?? []) found.set(`${indexOf?.[tensor.file]}:${tensor.offset}`, tensor);
  return (file, offset) => found.get(`${file}:${offset}`);
}
