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
import { MAX_FILE_BYTES, MAX_FILES, MAX_RANK, MAX_SHARES, MAX_UNITS_PER_BYTE } from '../limits.js';
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
  /** How many tensors share the section of each. */
  const shares: number[] = [];
  /** How much of the skeleton is used up, how far the sections go, and how far the current file is filled. */
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
  for (const [index, item] of (wireTensors as unknown[]).entries()) {
    if (!isRecord(item)) throw bad(`tensor ${index} is not a map`);
    const wire = item as unknown as WireTensor;
    const frame = checkFrame(wire, files.length);
    if (frame.file < file) throw bad('tensors are not in order of their files', frame.name);
    while (file < frame.file) finishFile();
    const gap = integer(wire.g, MAX_FILE_BYTES, 'gap', frame.name);
    skeletonAt += gap;
    const coding =
      wire.r === undefined ? checkCoding(wire, frame, index, sectionAt, skeletonAt) : shared(wire, frame, tensors);
    shares[coding.owner] = (shares[coding.owner] ?? 0) + 1;
    if (shares[coding.owner] > MAX_SHARES) throw bad(`more than ${MAX_SHARES} tensors share its section`, frame.name);
    if (coding.owner === index) {
      sectionAt += coding.section.length;
      if (coding.layout === 'inline') skeletonAt += frame.length;
    }
    tensors.push({ ...frame, ...coding, offset: fileAt + gap });
    fileAt += gap + frame.length;
    if (fileAt > files[file].size) throw bad(`ends beyond its file of ${files[file].size} bytes`, frame.name);
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

/** What a tensor is, however it is coded. */
type Frame = Pick<TensorEntry, 'name' | 'dtype' | 'dims' | 'file' | 'length' | 'width' | 'units'>;

/** How a tensor is coded, and where. */
type Coding = Omit<TensorEntry, keyof Frame | 'offset'>;

function checkFrame(wire: WireTensor, files: number): Frame {
  const name = wire.n;
  if (typeof name !== 'string') throw bad('a tensor has no name');
  const number = (value: unknown, limit: number, what: string) => integer(value, limit, what, name);
  if (!Array.isArray(wire.d) || wire.d.length > MAX_RANK) throw bad(`expected at most ${MAX_RANK} dimensions`, name);
  const dims = wire.d.map((dim) => number(dim, MAX_FILE_BYTES, 'dimension'));
  const dtype = dtypeOf(number(wire.y, 0x7fffffff, 'type'));
  const bits = bitsOf(dtype);
  const length = number(wire.b ?? naturalLength(bits, dims), MAX_FILE_BYTES, 'length');
  const width = number(wire.w ?? naturalWidth(bits, length), 8, 'width');
  if (![1, 2, 4, 8].includes(width) || length % width !== 0) {
    throw bad(`units of ${width} bytes do not fit ${length} bytes`, name);
  }
  return { name, dtype, dims, file: number(wire.f ?? 0, files - 1, 'file'), length, width, units: length / width };
}

function checkCoding(wire: WireTensor, frame: Frame, owner: number, sectionAt: number, inlineAt: number): Coding {
  const { name, width, units } = frame;
  const number = (value: unknown, limit: number, what: string) => integer(value, limit, what, name);
  const layout: Layout | undefined = LAYOUTS[number(wire.l ?? 0, 0xff, 'layout')];
  const codebookKind = CODEBOOKS[number(wire.c ?? 0, 0xff, 'codebook kind')];
  if (layout === undefined || codebookKind === undefined) {
    throw bad('unknown layout or codebook; a newer version may read it', name);
  }
  const codebookSize = number(wire.k ?? 0, MAX_CODEBOOK, 'codebook size');
  const gapBits = number(wire.q ?? MIN_GAP_BITS, MAX_GAP_BITS, 'gap width');
  if (gapBits < MIN_GAP_BITS) throw bad(`gap width of ${gapBits} bits`, name);
  const isPlanar = number(wire.p ?? 0, 1, 'planes') === 1;
  if (isPlanar && layout !== 'inline') throw bad(`planes of layout ${layout} in the skeleton`, name);
  const hasCodebook = layout === 'packed' || layout === 'dense' || layout === 'gap' || layout === 'mask';
  if (hasCodebook && width === 8) throw bad(`layout ${layout} has no codebooks of 8-byte units`, name);
  if ((layout === 'packed' || layout === 'dense') && codebookSize === 0 && units > 0) {
    throw bad(`layout ${layout} without a codebook`, name);
  }
  if (codebookKind !== 'native' && width !== 4) throw bad(`a ${codebookKind} codebook of ${width}-byte units`, name);
  const length = layout === 'inline' ? 0 : number(wire.s, MAX_FILE_BYTES, 'section length');
  const capacity = layout === 'verbatim' ? length / width : length * MAX_UNITS_PER_BYTE[layout];
  if (layout !== 'inline' && units > capacity) {
    throw bad(`a section of ${length} bytes cannot hold ${units} units in layout ${layout}`, name);
  }
  const checksum = layout === 'inline' ? 0 : number(wire.x, 0xffffffff, 'checksum');
  const section = { offset: sectionAt, length, checksum };
  return { layout, codebookSize, codebookKind, gapBits, inlineAt, isPlanar, owner, section };
}

/** The coding of an earlier tensor, whose payload is this one's, too. */
function shared(wire: WireTensor, frame: Frame, tensors: readonly TensorEntry[]): Coding {
  const owner = integer(wire.r, tensors.length - 1, 'index of the tensor that shares its section', frame.name);
  const of = tensors[owner];
  if (of.owner !== owner || of.length !== frame.length || of.width !== frame.width) {
    throw bad(`cannot share the payload of tensor ${owner}`, frame.name);
  }
  const { layout, codebookSize, codebookKind, gapBits, inlineAt, isPlanar, section } = of;
  return { layout, codebookSize, codebookKind, gapBits, inlineAt, isPlanar, owner, section };
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
