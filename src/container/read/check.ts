import { bitsOf, dtypeOf } from '../../binary/dtype.js';
import { isSafeLocation } from '../../binary/location.js';
import type { FxqError } from '../../errors.js';
import {
  CODEBOOKS,
  LAYOUTS,
  type Layout,
  MAX_CODEBOOK,
  MAX_GAP_BITS,
  MIN_GAP_BITS,
  PREFIX_BYTES,
} from '../constants.js';
import {
  type FileEntry,
  naturalLength,
  naturalWidth,
  type TensorEntry,
  type WireHeader,
  type WireTensor,
} from '../header.js';
import { MAX_FILE_BYTES, MAX_FILES, MAX_RANK, MAX_UNITS_PER_BYTE } from '../limits.js';
import { malformed } from './errors.js';

interface Places {
  readonly files: FileEntry[];
  readonly tensors: TensorEntry[];
  /** Size of the whole container. */
  readonly bytes: number;
}

/**
 * Turns the decoded CBOR header into checked entries. Every number is an integer in its range, every place follows
 * from the ones before it, and no payload is larger than its section could possibly hold. Nothing is allocated by size.
 *
 * @param header - what the CBOR decoder gave
 * @param skeletonBytes - bytes of skeleton that the head holds
 * @param firstSection - where in the container the sections begin
 */
export function checkHeader(header: unknown, skeletonBytes: number, firstSection: number): Places {
  const { f: wireFiles, t: wireTensors } = (isRecord(header) ? header : {}) as Partial<WireHeader>;
  if (!Array.isArray(wireFiles) || !Array.isArray(wireTensors)) throw bad('the header lists no files and tensors');
  if (wireFiles.length < 1 || wireFiles.length > MAX_FILES)
    throw bad(`expected 1 to ${MAX_FILES} files, got ${wireFiles.length}`);
  const files = wireFiles.map(checkFile);
  if (new Set(files.map(({ name }) => name)).size < files.length) throw bad('two files have the same name');
  const tensors: TensorEntry[] = [];
  /** How much of the skeleton is used up, and how far each file is filled. */
  let skeletonAt = 0;
  let sectionAt = firstSection;
  let file = 0;
  let fileAt = 0;
  const finishFile = () => {
    const rest = files[file].size - fileAt;
    if (rest < 0) throw bad(`its tensors go ${-rest} bytes beyond the end of "${files[file].name || 'the model'}"`);
    skeletonAt += rest;
    file++;
    fileAt = 0;
  };
  for (const wire of wireTensors as unknown[]) {
    if (!isRecord(wire)) throw bad(`tensor ${tensors.length} is not a map`);
    const tensor = checkTensor(wire as unknown as WireTensor, files.length, sectionAt);
    if (tensor.file < file) throw bad('tensors are not in order of their files', tensor.entry.name);
    while (file < tensor.file) finishFile();
    skeletonAt += tensor.gap + (tensor.entry.layout === 'inline' ? tensor.entry.length : 0);
    tensors.push({ ...tensor.entry, offset: fileAt + tensor.gap });
    fileAt += tensor.gap + tensor.entry.length;
    if (fileAt > files[file].size) throw bad(`ends beyond its file of ${files[file].size} bytes`, tensor.entry.name);
    sectionAt += tensor.entry.section.length;
  }
  while (file < files.length) finishFile();
  if (skeletonAt !== skeletonBytes) throw bad(`expected ${skeletonAt} bytes of skeleton, got ${skeletonBytes}`);
  return { files, tensors, bytes: sectionAt };
}

function checkFile(wire: unknown, index: number): FileEntry {
  const [name, size, hash] = Array.isArray(wire) ? (wire as unknown[]) : [];
  if (typeof name !== 'string') throw bad(`file ${index} has no name`);
  // The model itself is named by whoever writes it; all others go to the relative path that the model refers to.
  if (index === 0 ? name !== '' : !isSafeLocation(name))
    throw bad(`file ${index} has the unsafe name "${name.slice(0, 80)}"`);
  return {
    name,
    size: integer(size, MAX_FILE_BYTES, `size of file ${index}`),
    hash: integer(hash, 0xffffffff, `hash of file ${index}`),
  };
}

function checkTensor(
  wire: WireTensor,
  files: number,
  sectionAt: number,
): { entry: TensorEntry; file: number; gap: number } {
  const name = wire.n;
  if (typeof name !== 'string') throw bad('a tensor has no name');
  const number = (value: unknown, limit: number, what: string) => integer(value, limit, what, name);
  if (!Array.isArray(wire.d) || wire.d.length > MAX_RANK) throw bad(`expected at most ${MAX_RANK} dimensions`, name);
  const dims = wire.d.map((dim) => number(dim, MAX_FILE_BYTES, 'dimension'));
  const dtype = dtypeOf(number(wire.y, 0x7fffffff, 'type'));
  const bits = bitsOf(dtype);
  const length = number(wire.b ?? naturalLength(bits, dims), MAX_FILE_BYTES, 'length');
  const width = number(wire.w ?? naturalWidth(bits, length), 8, 'width');
  if (![1, 2, 4, 8].includes(width) || length % width !== 0)
    throw bad(`units of ${width} bytes do not fit ${length} bytes`, name);
  const layout: Layout | undefined = LAYOUTS[number(wire.l ?? 0, 0xff, 'layout')];
  const codebookKind = CODEBOOKS[number(wire.c ?? 0, 0xff, 'codebook kind')];
  if (layout === undefined || codebookKind === undefined)
    throw bad('unknown layout or codebook; a newer version may read it', name);
  const codebookSize = number(wire.k ?? 0, MAX_CODEBOOK, 'codebook size');
  const gapBits = number(wire.q ?? MIN_GAP_BITS, MAX_GAP_BITS, 'gap width');
  if (gapBits < MIN_GAP_BITS) throw bad(`gap width of ${gapBits} bits`, name);
  const units = length / width;
  const hasCodebook = layout === 'packed' || layout === 'dense' || layout === 'gap' || layout === 'mask';
  if (hasCodebook && width === 8) throw bad(`layout ${layout} has no codebooks of 8-byte units`, name);
  if ((layout === 'packed' || layout === 'dense') && codebookSize === 0 && units > 0)
    throw bad(`layout ${layout} without a codebook`, name);
  if (codebookKind === 'float16' && width !== 4) throw bad(`a float16 codebook of ${width}-byte units`, name);
  const file = number(wire.f ?? 0, files - 1, 'file');
  const sectionLength = layout === 'inline' ? 0 : number(wire.s, 2 ** 47, 'section length');
  const capacity = layout === 'verbatim' ? sectionLength / width : sectionLength * MAX_UNITS_PER_BYTE[layout];
  if (layout !== 'inline' && units > capacity) {
    throw bad(`a section of ${sectionLength} bytes cannot hold ${units} units in layout ${layout}`, name);
  }
  const section = {
    offset: sectionAt,
    length: sectionLength,
    checksum: layout === 'inline' ? 0 : number(wire.x, 0xffffffff, 'checksum'),
  };
  const entry = {
    name,
    dtype,
    dims,
    file,
    offset: 0,
    length,
    width,
    units,
    layout,
    codebookSize,
    codebookKind,
    gapBits,
    section,
  };
  return { entry, file, gap: number(wire.g, MAX_FILE_BYTES, 'gap') };
}

function integer(value: unknown, limit: number, what: string, tensor?: string): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > limit) {
    throw bad(
      `${what}: expected an integer from 0 to ${limit}, got ${typeof value === 'number' ? value : typeof value}`,
      tensor,
    );
  }
  return value;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function bad(problem: string, tensor?: string): FxqError {
  return malformed(problem, PREFIX_BYTES, tensor);
}
