import { deflateSync } from 'fflate';
import { PREFIX_BYTES } from '../container/constants.js';
import { decodeFiles, openContainer } from '../decode/index.js';
import { FxqError, throwIfAborted } from '../errors.js';
import type { Model, Tensor } from '../layers/model.js';
import { inMemory, openOnnx } from '../onnx/open.js';
import { measurePayload, measureSection } from './measure.js';
import type { Overhead, Report, TensorReport } from './report.js';

/** The settings that the writer compresses the head with. */
const DEFLATE = { level: 9, mem: 12 } as const;

export interface InspectOptions {
  /** For the report: what the file is called. */
  readonly file?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * An ONNX model in figures: what each tensor is for, how many of its weights are zero and how many values they share.
 *
 * @example
 * const { tensors } = inspectOnnx(openOnnx(await readFile('model.onnx')));
 * for (const { name, role, density, clusters } of tensors) console.log(name, role, density, clusters);
 */
export function inspectOnnx(model: Model, options: InspectOptions = {}): Report {
  const bytes = model.files.reduce((sum, { size }) => sum + size, model.appendix.length);
  const tensors = model.tensors.map((tensor) => {
    throwIfAborted(options.signal);
    return { ...subject(tensor), ...measurePayload(tensor, tensor.read()) };
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
export async function inspectContainer(container: Uint8Array, options: InspectOptions = {}): Promise<Report> {
  const { signal } = options;
  const head = await openContainer(container);
  const files = await decodeFiles(container, { verify: 'all', ...(signal && { signal }) });
  const tensorAt = places(files);
  const tensors = head.tensors.map((entry): TensorReport => {
    throwIfAborted(signal);
    const { file, offset, length } = entry;
    const payload = files[file].bytes.subarray(offset, offset + length);
    const section = container.subarray(entry.section.offset, entry.section.offset + entry.section.length);
    const tensor = tensorAt(entry.file, offset);
    // A container may hold what no ONNX reader takes apart: then only the header tells what a tensor is.
    const count = entry.dims.reduce((product, dim) => product * dim, 1);
    const known = tensor ?? { role: 'other', op: '', form: 'raw', count };
    return {
      name: entry.name,
      role: known.role,
      op: known.op,
      dims: entry.dims,
      dtype: entry.dtype,
      weights: known.count,
      ...measureSection(entry, known, section, payload),
    };
  });
  const originalBytes = head.files.reduce((sum, { size }) => sum + size, 0);
  const skeleton = deflateSync(head.skeleton, DEFLATE).length;
  const overhead: Overhead = {
    header: head.prefix.deflatedBytes - skeleton,
    skeleton,
    codebooks: tensors.reduce((sum, { codebookBytes }) => sum + codebookBytes, 0),
    tables: tensors.reduce((sum, { tableBytes }) => sum + tableBytes, 0),
    other: PREFIX_BYTES,
  };
  return {
    file: options.file ?? 'model.fxq',
    bytes: container.length,
    originalBytes,
    ratio: originalBytes / container.length,
    tensors,
    overhead,
  };
}

function subject({ name, role, op, dims, dtype, count }: Tensor) {
  return { name, role, op, dims, dtype, weights: count };
}

/** Finds a tensor of the rebuilt model by file and offset; names might differ between versions of the reader. */
function places(files: readonly { name: string; bytes: Uint8Array }[]) {
  const byName = new Map(files.map(({ name, bytes }) => [name, bytes]));
  const external = (location: string) => {
    const bytes = byName.get(location);
    return bytes && inMemory(location, bytes);
  };
  const found = new Map<string, Tensor>();
  try {
    const model = openOnnx(files[0].bytes, { external });
    const indexOf = model.files.map(({ name }, i) => (i === 0 ? 0 : files.findIndex((file) => file.name === name)));
    for (const tensor of model.tensors) found.set(`${indexOf[tensor.file]}:${tensor.offset}`, tensor);
  } catch (error) {
    if (!(error instanceof FxqError)) throw error;
  }
  return (file: number, offset: number) => found.get(`${file}:${offset}`);
}
