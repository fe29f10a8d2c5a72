import { bitsOf, dtypeOf, MAX_DATA_TYPE } from '../../binary/dtype.js';
import { normalLocation } from '../../binary/location.js';
import type { FxqError } from '../../errors.js';
import {
  CODEBOOKS,
  LAYOUTS,
  type Layout,
  MAX_CLASSES,
  MAX_CODEBOOK,
  MAX_DISTANCE,
  MAX_GAP_BITS,
  MAX_LINES,
  MIN_GAP_BITS,
  PREFIX_BYTES,
} from '../constants.js';
import {
  elements,
  type FileEntry,
  isByLine,
  isVarint,
  linesOf,
  naturalLength,
  naturalWidth,
  type TensorEntry,
  type WireTensor,
} from '../header.js';
import {
  FREE_OUTPUT,
  FREE_SYMBOLS,
  MAX_FILE_BYTES,
  MAX_FILES,
  MAX_RANK,
  MAX_SHARES,
  MAX_UNITS_PER_BYTE,
  OUTPUT_PER_BYTE,
  SYMBOLS_PER_BYTE,
  symbolsOf,
} from '../limits.js';
import { malformed } from './errors.js';

/** Layouts of which the lines may have classes. */
const HAVE_CLASSES: readonly Layout[] = ['dense', 'gap', 'mask'];

interface Places {
  readonly files: FileEntry[];
  readonly tensors: TensorEntry[];
  /** Size of the whole container. */
  readonly bytes: number;
  /** Sizes of all files together. */
  readonly total: number;
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
  const { f: wireFiles, t: wireTensors } = Object(header);
  if (!Array.isArray(wireFiles) || !Array.isArray(wireTensors)) throw bad('the header lists no files and tensors');
  if (wireFiles.length < 1 || wireFiles.length > MAX_FILES)
    throw bad(`expected 1 to ${MAX_FILES} files, got ${wireFiles.length}`);
  const files = wireFiles.map(checkFile);
  checkNames('files', files);
  const tensors: TensorEntry[] = [];
  /** How many tensors share the section of each, each counted as often as it has classes. */
  const shares: number[] = [];
  let symbols = 0;
  /** How much of the skeleton is used up, how far the sections go, and how far the current file is filled. */
  let skeletonAt = 0;
  let sectionAt = firstSection;
  let file = 0;
  let fileAt = 0;
  const finishFiles = (until: number) => {
    for (; file < until; fileAt = 0) skeletonAt += files[file++].size - fileAt;
  };
  for (const [index, item] of wireTensors.entries()) {
    const wire: WireTensor = Object(item);
    const { n: name = '', d = [] } = wire;
    if (typeof name !== 'string') throw bad(`tensor ${index} has no name`);
    /** A number of the tensor. What is absent is as good as null. */
    const field = (key: keyof WireTensor, limit: number, absent?: number) =>
      integer(wire[key] ?? absent, limit, key, name);

    const ofFile = field('f', files.length - 1, 0);
    if (ofFile < file) throw bad('tensors are not in order of their files', name);
    finishFiles(ofFile);
    if (!Array.isArray(d) || d.length > MAX_RANK) throw bad(`expected at most ${MAX_RANK} dimensions`, name);
    const dims = d.map((dim) => integer(dim, MAX_FILE_BYTES, 'd', name));
    const dtype = dtypeOf(field('y', MAX_DATA_TYPE, 2));
    const bits = bitsOf(dtype);
    const length = field('b', MAX_FILE_BYTES, naturalLength(bits, dims));
    const width = field('w', 8, naturalWidth(bits, length));
    if (isVarint(bits, dims, length, width) && !(elements(dims) <= length))
      throw bad(`${length} bytes cannot hold its elements`, name);
    const gap = field('g', MAX_FILE_BYTES);
    const frame = { name, dtype, dims, file, offset: fileAt + gap, length, width, units: length / width };
    skeletonAt += gap;
    fileAt += gap + length;
    if (fileAt > files[file].size) throw bad(`ends beyond its file of ${files[file].size} bytes`, name);

    let owner = index;
    if (wire.r === undefined) {
      const layout = LAYOUTS[field('l', LAYOUTS.length - 1, 0)];
      const isInline = layout === 'inline';
      const gapBits = field('q', MAX_GAP_BITS, MIN_GAP_BITS);
      const isPlanar = field('p', 1, 0) === 1;
      const section = {
        offset: sectionAt,
        length: isInline ? 0 : field('s', MAX_FILE_BYTES),
        checksum: isInline ? 0 : field('x', 0xffffffff),
      };
      const capacity = (section.length * MAX_UNITS_PER_BYTE[layout]) / (layout === 'verbatim' ? width : 1);
      if (
        ![1, 2, 4, 8].includes(width) ||
        length % width !== 0 ||
        gapBits < MIN_GAP_BITS ||
        (!isInline && (isPlanar || frame.units > capacity))
      )
        throw bad(
          `a section of ${section.length} bytes in layout ${layout} cannot hold ${length} bytes in units of ${width}`,
          name,
        );
      const codebookKind = CODEBOOKS[field('c', CODEBOOKS.length - 1, 0)];
      const areOwn = isByLine(layout, codebookKind);
      const distance = field('h', MAX_DISTANCE, 0);
      const classes = field('m', MAX_CLASSES, 1);
      if (classes < 1) throw bad('no classes', name);
      const lines = linesOf(dims, field('a', MAX_RANK, 0), distance > 0 ? 1 : classes);
      const contexts = { classes: distance > 0 ? classes : 1, distance };
      if (distance > 0 && (classes < 2 || layout !== 'dense'))
        throw bad(`${classes} codes by what came before in layout ${layout}`, name);
      const isSplit = lines.classes > 1;
      const isLayoutOfLines = !isSplit || (!areOwn && HAVE_CLASSES.includes(layout));
      const areLines = lines.classes <= lines.count && lines.count <= MAX_LINES && elements(dims) === frame.units;
      if ((isSplit || areOwn) && !(isLayoutOfLines && areLines))
        throw bad(`${lines.classes} classes of ${lines.count} lines in layout ${layout}`, name);
      tensors.push({
        ...frame,
        layout,
        codebookSize: field('k', MAX_CODEBOOK, 0),
        codebookKind,
        gapBits,
        lines,
        contexts,
        inlineAt: skeletonAt,
        isPlanar,
        owner,
        section,
      });
      sectionAt += section.length;
      if (isInline) skeletonAt += length;
    } else {
      owner = field('r', index - 1);
      const first = tensors[owner];
      if (first.owner !== owner || first.length !== length || first.width !== width)
        throw bad(`cannot share the payload of tensor ${owner}`, name);
      tensors.push({ ...first, ...frame });
    }
    const { layout, codebookSize, codebookKind, lines, contexts } = tensors[owner];
    const codes = lines.classes * contexts.classes;
    const read = lines.classes > 1 || isByLine(layout, codebookKind) ? lines.count : 0;
    symbols += symbolsOf(layout, codebookSize, codes, read, width);
    shares[owner] = (shares[owner] ?? 0) + codes;
    if (shares[owner] > MAX_SHARES) throw bad(`more than ${MAX_SHARES} tensors or classes share its section`, name);
  }
  finishFiles(files.length);
  checkNames(
    'tensors',
    tensors.filter(({ name }) => name),
  );
  const total = files.reduce((sum, { size }) => sum + size, 0);
  const within = (what: string, got: number, most: number) => {
    if (got > most) throw bad(`a container of ${sectionAt} bytes stands for at most ${most} ${what}, got ${got}`);
  };
  within('bytes of files', total, FREE_OUTPUT + sectionAt * OUTPUT_PER_BYTE);
  within('symbols', symbols, FREE_SYMBOLS + sectionAt * SYMBOLS_PER_BYTE);
  if (skeletonAt !== skeletonBytes) throw bad(`expected ${skeletonAt} bytes of skeleton, got ${skeletonBytes}`);
  return { files, tensors, bytes: sectionAt, total };
}

function checkFile(wire: unknown, index: number): FileEntry {
  const [name, size, hash] = Array.isArray(wire) ? wire : [];
  // The model itself is named by whoever writes it; all others go to the relative path that the model refers to.
  if (typeof name !== 'string' || (index === 0 ? name !== '' : normalLocation(name) !== name))
    throw bad(`file ${index} has no safe name: ${JSON.stringify(name)?.slice(0, 80)}`);
  return {
    name,
    size: integer(size, MAX_FILE_BYTES, `size of file ${index}`),
    hash: integer(hash, 0xffffffff, `hash of file ${index}`),
  };
}

function checkNames(what: string, items: readonly { readonly name: string }[]): void {
  if (new Set(items.map(({ name }) => name)).size < items.length) throw bad(`two ${what} have the same name`);
}

/** @param what - what the number is; in a tensor, its key in the header */
function integer(value: unknown, limit: number, what: string, tensor?: string): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= limit) return value;
  const got = typeof value === 'number' ? value : typeof value;
  throw bad(`${what}: expected an integer from 0 to ${limit}, got ${got}`, tensor);
}

function bad(problem: string, tensor?: string): FxqError {
  return malformed(problem, PREFIX_BYTES, tensor);
}
