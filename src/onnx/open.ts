import { bitsOf, dataTypeOf, MAX_DATA_TYPE } from '../binary/dtype.js';
import { normalLocation } from '../binary/location.js';
import { kindOfFile, SIGNATURE_BYTES } from '../binary/signatures.js';
import { FxqError } from '../errors.js';
import type { ByteSource, Model, Tensor } from '../model/model.js';
import { windowOf } from '../model/payload.js';
import type { ScannedTensor } from '../model/structure.js';
import { decodeModel } from './decode-model.js';
import { type Definition, readGraph } from './graph.js';
import { isMask, type StoredElements } from './mask.js';
import { roleFinder, type TensorRole } from './roles.js';
import { scanTensors } from './scan.js';
import { type Edit, splice } from './splice.js';
import type { Value } from './value.js';
import { type Bytes, bytesOf } from './wire.js';

/** Settings of `openOnnx`. */
export interface OpenOptions {
  /** Gives an external data file by the relative path that the model names, asked for as the model spells it and, if there is
   * none, normalised (`m.data` for `./m.data`); `undefined` when there is none. Spellings of the same path are one file. */
  external?: (location: string) => ByteSource | undefined;
}

/**
 * Opens an ONNX model: finds every tensor payload and what it is for. Reads no payload, but the beginning of what may be
 * a weight or its mask, and changes nothing.
 *
 * @param file - the model file, at any byte offset of its buffer; it is kept, not copied, and must not change
 * @throws FxqError `ONNX_MALFORMED`, `LIMIT` or `EXTERNAL_DATA`, naming tensor or field and byte offset
 *
 * @example
 * const model = openOnnx(await readFile('model.onnx'));
 * for (const { name, role, dims } of model.tensors) console.log(name, role, dims);
 */
export function openOnnx(file: Uint8Array | ByteSource, options: OpenOptions = {}): Model {
  const main = plain(file instanceof Uint8Array ? inMemory('model.onnx', file) : file);
  checkKind(main);
  const bytes = bytesOf(main);
  const { tensors: scanned } = scanTensors(bytes);
  const proto = decodeModel(hollow(bytes, scanned));
  const graph = readGraph(proto);
  const definitions = new Map(graph.definitions.map((definition) => [definition.path, definition]));
  const files: ByteSource[] = [main];
  const opened = new Map<string, number>();
  const placed: Placed[] = [];
  for (const tensor of scanned) {
    const definition = definitions.get(tensor.path);
    const name = definition?.name || tensor.path;
    if (tensor.window) {
      const { start, end } = tensor.window;
      placed.push({ tensor, definition, name, file: 0, offset: start, length: end - start });
    } else if (tensor.external) {
      const index = openExternal(tensor, name, files, opened, options.external);
      if (dataTypeOf(tensor.dtype) <= MAX_DATA_TYPE)
        placed.push({ tensor, definition, name, file: index, ...externalRange(tensor, name, files[index]) });
    }
  }
  const windows = separate(placed.filter(({ length }) => length > 0));
  const names = uniqueNames(windows);
  const finder = roleFinder();
  const roleOf: RoleOf = (value, isTable, elements) => {
    const found = finder(value, isTable);
    const isFactor = value !== undefined && found.role === 'weight' && graph.factors.has(value);
    return isFactor && isMask(elements) ? { ...found, role: 'other' } : found;
  };
  return {
    files,
    tensors: windows.map((window, i) => makeTensor(window, names[i], files, roleOf)),
    structure: { proto, tensors: scanned },
    appendix: new Uint8Array(),
  };
}

/** Names what is found in a model's place, all of which begins as no ONNX file does. */
function checkKind(file: ByteSource): void {
  const kind = kindOf(file);
  if (kind === undefined || kind.startsWith('an ONNX file')) return;
  throw new FxqError('ONNX_MALFORMED', `expected an ONNX file, got ${kind}`, { offset: 0, actual: kind });
}

function kindOf(file: ByteSource): string | undefined {
  return kindOfFile(file.read(0, Math.min(file.size, SIGNATURE_BYTES)));
}

/** Bytes that are in memory, as a source. */
export function inMemory(name: string, bytes: Uint8Array): ByteSource {
  return { name, size: bytes.length, read: (start, end) => bytes.subarray(start, end) };
}

/** A source whose bytes are plain: a Node Buffer is a Uint8Array, too, but its `slice` is a view and not a copy. */
function plain(source: ByteSource): ByteSource {
  const read = (start: number, end: number) => {
    const bytes = source.read(start, end);
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  };
  const { name, size, isFresh } = source;
  return { name, size, read, ...(isFresh && { isFresh }) };
}

interface Placed {
  readonly tensor: ScannedTensor;
  readonly definition: Definition | undefined;
  readonly name: string;
  readonly file: number;
  readonly offset: number;
  readonly length: number;
}

type RoleOf = (value: Value | undefined, isTable: boolean, elements: StoredElements) => TensorRole;

function makeTensor(window: Placed, name: string, files: readonly ByteSource[], roleOf: RoleOf): Tensor {
  const { tensor, definition, file, offset, length } = window;
  const { dtype, dims, count, form } = tensor;
  const isTable = dims.length >= 2 && /float|int8/.test(dtype);
  const elements = { source: files[file], dtype, form, offset, length };
  return {
    name,
    dtype,
    dims,
    count,
    form,
    file,
    offset,
    length,
    ...roleOf(definition?.value, isTable, elements),
    payload: windowOf(files[file], offset, length),
  };
}

/** The model without payloads: small, and all that reading the graph needs. */
function hollow(bytes: Bytes, tensors: readonly ScannedTensor[]): Uint8Array {
  const nothing = new Uint8Array();
  const edits: Edit[] = [];
  for (const { window, scattered } of tensors) {
    if (window) edits.push({ start: window.start, end: window.end, bytes: nothing, within: window });
    for (const run of scattered) edits.push({ ...run, bytes: nothing });
  }
  return splice(bytes, edits);
}

function openExternal(
  tensor: ScannedTensor,
  name: string,
  files: ByteSource[],
  opened: Map<string, number>,
  external: OpenOptions['external'],
): number {
  const { location = '', spelling = '' } = tensor.external ?? {};
  const known = opened.get(location);
  if (known !== undefined) return known;
  if (normalLocation(location) === undefined) {
    const problem = `external data must lie inside the model's folder, got location "${spelling.slice(0, 200)}"`;
    throw externalError(name, problem, spelling);
  }
  const source = external?.(spelling) ?? external?.(location);
  if (source === undefined) {
    const advice = spelling.includes('\\')
      ? `it is spelled with a backslash, which parts folders on Windows only; spell it "${spelling.replaceAll('\\', '/')}" in the model`
      : 'put it beside the model';
    throw externalError(name, `external data file "${spelling}" is missing; ${advice}`, spelling);
  }
  files.push({ ...plain(source), name: location });
  opened.set(location, files.length - 1);
  return files.length - 1;
}

/** Where an external payload stands: as long as its shape says, and where a length is given, exactly that. */
export function externalRange(
  tensor: ScannedTensor,
  name: string,
  source: ByteSource,
): { offset: number; length: number } {
  const offset = tensor.external?.offset ?? 0;
  const declared = tensor.external?.length;
  const bits = bitsOf(tensor.dtype);
  const needed = bits === undefined ? undefined : Math.ceil((tensor.count * bits) / 8);
  const length = needed ?? declared ?? Math.max(0, source.size - offset);
  const where = { tensor: name, file: source.name, offset };
  if (declared !== undefined && declared !== length) {
    const shape = `[${tensor.dims.join('×')}] ${tensor.dtype}`;
    throw new FxqError(
      'EXTERNAL_DATA',
      `${name}: ${shape} needs ${length} bytes, external_data declares ${declared} (byte ${offset} of "${source.name}")`,
      {
        ...where,
        expected: length,
        actual: declared,
      },
    );
  }
  if (offset + length > source.size) {
    throw new FxqError(
      'EXTERNAL_DATA',
      `${name}: needs bytes ${offset} to ${offset + length} of "${source.name}", which has ${source.size}; the file is ${kindOf(source) ?? 'cut short or another version'}`,
      { ...where, expected: offset + length, actual: source.size },
    );
  }
  return { offset, length };
}

/** In order of file and offset, each window once. Windows that overlap in part are left to the skeleton, all of them. */
function separate(placed: Placed[]): Placed[] {
  const sorted = [...placed].sort((a, b) => a.file - b.file || a.offset - b.offset || a.length - b.length);
  const kept: Placed[] = [];
  for (let i = 0; i < sorted.length; ) {
    const group = [sorted[i]];
    let end = sorted[i].offset + sorted[i].length;
    for (i++; i < sorted.length && sorted[i].file === group[0].file && sorted[i].offset < end; i++) {
      group.push(sorted[i]);
      end = Math.max(end, sorted[i].offset + sorted[i].length);
    }
    const isShared = group.every(({ offset, length }) => offset === group[0].offset && length === group[0].length);
    if (isShared) kept.push(group[0]);
  }
  return kept;
}

/**
 * Plain names where they are unique, qualified by the enclosing scopes where they clash, numbered as a last resort, by
 * the first number that gives a name that no other tensor has.
 */
function uniqueNames(windows: readonly Placed[]): string[] {
  const plain = tally(windows.map(({ name }) => name));
  const qualified = windows.map(({ name, definition }) =>
    wellFormed((plain.get(name) ?? 0) > 1 && definition ? [...definition.scope, name].join('/') : name),
  );
  const taken = new Set(qualified);
  const numbers = new Map<string, number>();
  return qualified.map((name) => {
    let number = (numbers.get(name) ?? 0) + 1;
    while (number > 1 && taken.has(`${name}#${number}`)) number++;
    numbers.set(name, number);
    if (number === 1) return name;
    taken.add(`${name}#${number}`);
    return `${name}#${number}`;
  });
}

/** A name as it is once written and read again: half a surrogate pair, which UTF-8 cannot say, is replaced. */
function wellFormed(name: string): string {
  return /[\ud800-\udfff]/.test(name)
    ? new TextDecoder('utf-8', { ignoreBOM: true }).decode(new TextEncoder().encode(name))
    : name;
}

function tally(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

function externalError(tensor: string, problem: string, location: string): FxqError {
  return new FxqError('EXTERNAL_DATA', `${tensor}: ${problem}`, { tensor, file: location });
}
