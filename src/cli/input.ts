import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { MAGIC } from '../container/constants.js';
import { decodeFiles } from '../decode/index.js';
import { type ErrorCode, FxqError } from '../errors.js';
import { dropUnclaimed } from '../graph/edit/drop-unclaimed.js';
import type { Report } from '../inspect/figures.js';
import { formatBytes } from '../inspect/format.js';
import { inspectContainer, inspectOnnx } from '../inspect/inspect.js';
import type { ByteSource, Model } from '../model/model.js';
import { type DiskFile, type OpenedFile, openFile, openOnnxFile } from '../onnx/files.js';
import { inMemory, openOnnx } from '../onnx/open.js';
import { unclaimedRanges } from '../onnx/unclaimed.js';
import { foldNormalization } from '../stages/fold.js';
import { recover } from './output/workshop.js';

/** Options of commands that open a model to write it. */
interface OpenFlags {
  readonly dropUnused?: boolean;
  readonly fold?: boolean;
}

/** An input file by what it holds; its name says nothing. */
export type Input =
  | { readonly kind: 'fxq'; readonly file: DiskFile }
  | { readonly kind: 'onnx'; readonly opened: OpenedFile };

/**
 * Opens an ONNX file or a container, whichever it is.
 *
 * @throws FxqError `IO`, and what opening a model throws
 */
export function openInput(path: string): Input {
  // A run that was killed while it put a file in place may have moved it aside.
  if (!existsSync(path)) recover(dirname(path));
  const file = openFile(path);
  return isContainer(file) ? { kind: 'fxq', file } : { kind: 'onnx', opened: openOnnxFile(path, file) };
}

/**
 * Opens an ONNX file for a command that takes nothing else.
 *
 * @param flags - whether bytes of external data that belong to no tensor are left out, and whether BatchNormalization is folded
 * @param onNote - told what could not be folded
 */
export function openModel(path: string, flags: OpenFlags = {}, onNote?: (text: string) => void): OpenedFile {
  const input = openInput(path);
  if (input.kind === 'onnx') {
    const { opened } = input;
    const model = flags.dropUnused ? dropUnclaimed(opened.model) : opened.model;
    return { ...opened, model: flags.fold ? foldNormalization(model, onNote) : model };
  }
  input.file.close();
  const message = `${path}: expected an ONNX file, got a .fxq container; decode it first`;
  throw new FxqError('ONNX_MALFORMED', message, { file: path });
}

/** The same, once, when the model is first asked for. */
export function openLater(
  path: string,
  flags: OpenFlags = {},
  onNote?: (text: string) => void,
): { readonly opened: () => OpenedFile; close(): void } {
  let opened: OpenedFile | undefined;
  return {
    opened() {
      opened ??= openModel(path, flags, onNote);
      return opened;
    },
    close: () => opened?.close(),
  };
}

/** A model to look at, and what lets go of its files. */
export interface OpenedModel {
  readonly model: Model;
  /** The container that it was decoded from; absent for an ONNX file. */
  readonly container?: ByteSource;
  /** The files that it was read from, and their paths. */
  readonly files: readonly ByteSource[];
  readonly paths: readonly string[];
  close(): void;
}

/** Opens the model of an ONNX file, or the one that a container decodes to. */
export function openEither(path: string, signal?: AbortSignal): Promise<OpenedModel> {
  return aboutFile(path, async () => {
    const input = openInput(path);
    if (input.kind === 'onnx') return { ...input.opened, files: input.opened.model.files };
    const { file } = input;
    const bytes = file.read(0, file.size);
    file.close();
    const [main, ...external] = await decodeFiles(bytes, { verify: 'all', ...(signal && { signal }) });
    const files = new Map(external.map(({ name, bytes }) => [name, inMemory(name, bytes)]));
    const model = openOnnx(main.bytes, { external: (name) => files.get(name) });
    const container = inMemory(path, bytes);
    return { model, container, files: [container], paths: [path], close() {} };
  });
}

/** The report of an ONNX file or a container as it stands on the disk. */
export async function inspectFile(path: string, signal?: AbortSignal): Promise<Report> {
  const input = openInput(path);
  const { close } = input.kind === 'fxq' ? input.file : input.opened;
  try {
    return input.kind === 'fxq'
      ? await inspectContainer(input.file, { file: path, signal })
      : inspectOnnx(input.opened.model, { file: path, signal });
  } finally {
    close();
  }
}

/** The same of a file that is open already. */
export async function inspectOpened({ model, container }: OpenedModel, file: string, signal?: AbortSignal) {
  return container ? inspectContainer(container, { file, model, signal }) : inspectOnnx(model, { file, signal });
}

/** What to say of a model whose files hold more than it. */
export function unclaimedWarnings(model: Model): string[] {
  return unclaimedRanges(model).flatMap((ranges, file) => {
    const bytes = ranges.reduce((sum, { start, end }) => sum + end - start, 0);
    if (bytes === 0) return [];
    return [`${formatBytes(bytes)} of ${model.files[file].name} belong to no tensor; --drop-unused leaves them out`];
  });
}

/** Bytes of a model's tensors together. */
export function tensorBytes({ tensors }: Model): number {
  return tensors.reduce((sum, { length }) => sum + length, 0);
}

/** Size of the files together. */
export function sizeOf(paths: readonly string[]): number {
  return paths.reduce((sum, path) => sum + statSync(path).size, 0);
}

function isContainer(file: DiskFile): boolean {
  const start = file.read(0, Math.min(MAGIC.length, file.size));
  return MAGIC.every((byte, i) => start[i] === byte);
}

/** The codes of errors that are about the bytes of one file, which the library does not know the name of. */
const ABOUT_BYTES: readonly ErrorCode[] = [
  'ONNX_MALFORMED',
  'WEIGHTS',
  'CONTAINER_MALFORMED',
  'CONTAINER_VERSION',
  'CHECKSUM',
  'LIMIT',
];

/** Does the work on a file; what goes wrong with its bytes is reported with its name. */
export async function aboutFile<T>(path: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof FxqError) || error.file !== undefined || !ABOUT_BYTES.includes(error.code)) throw error;
    const { code, message, tensor, offset, expected, actual } = error;
    const known = Object.entries({ tensor, offset, expected, actual }).filter(([, value]) => value !== undefined);
    throw new FxqError(code, `${path}: ${message}`, { file: path, ...Object.fromEntries(known), cause: error });
  }
}
