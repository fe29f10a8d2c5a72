import { bitsOf, type DType } from '../binary/dtype.js';
import { atOnce } from '../breather.js';
import { CHUNK, CONTEXT_CODE_LIMIT, indexBits, MAX_CODEBOOK, PLANES, SPARSE_CHUNK } from '../container/constants.js';
import type { TensorEntry } from '../container/header.js';
import { readCode, readCodebook } from '../container/read/codes.js';
import { SectionCursor } from '../container/read/cursor.js';
import type { Codebook } from '../container/read/grids.js';
import { chunks } from '../container/read/layouts.js';
import { readClasses } from '../container/read/lines.js';
import { streamsOf } from '../container/write/contexts.js';
import { asUnits } from '../container/write/symbols.js';
import { present } from '../guards.js';
import type { Units } from '../kernels/decode/kernels.js';
import { encodeKernels } from '../kernels/encode/index.js';
import type { FoundValues } from '../kernels/encode/kernels.js';
import type { Tensor } from '../model/model.js';
import { countValues, type Values } from './elements.js';
import type { TensorReport } from './figures.js';

type Figures = Omit<TensorReport, 'name' | 'role' | 'op' | 'dims' | 'dtype' | 'weights'>;

/** The figures of a tensor in an ONNX file, where nothing is coded. */
export function measurePayload(tensor: Pick<Tensor, 'dtype' | 'form' | 'count'>, payload: Uint8Array): Figures {
  const { dtype, form, count } = tensor;
  const values = countValues(payload, dtype, form, count);
  return {
    ...common(values, count),
    layout: null,
    sharedWith: null,
    weightBits: sharedBits(values, dtype, count),
    indexBits: 0,
    codedWeightBits: null,
    codedIndexBits: null,
    bytes: payload.length,
    payloadBytes: payload.length,
    codebookBytes: 0,
    tableBytes: 0,
    ratio: 1,
  };
}

/**
 * The figures of a tensor in a container.
 *
 * @param section - its section of the container, as far as codebook and tables go; empty for layout inline
 * @param payload - what the section decodes to
 * @param sharedWith - the tensor that the section is counted for, if it is not this one
 */
export function measureSection(
  entry: TensorEntry,
  tensor: Pick<Tensor, 'form' | 'count'>,
  section: Uint8Array,
  payload: Uint8Array,
  sharedWith: string | null = null,
): Figures {
  const { dtype, layout } = entry;
  const { form, count } = tensor;
  const values = countValues(payload, dtype, form, count);
  const { kept } = values;
  const base = { ...common(values, count), layout, sharedWith, payloadBytes: payload.length };
  if (layout === 'inline' || sharedWith !== null) {
    const none = {
      codedWeightBits: null,
      codedIndexBits: null,
      bytes: 0,
      codebookBytes: 0,
      tableBytes: 0,
      ratio: null,
    };
    return { ...base, ...none, weightBits: sharedBits(values, dtype, count), indexBits: 0 };
  }
  const parts = readParts(entry, section);
  const size = entry.section.length;
  const bytes = size - parts.codebookBytes - parts.tableBytes;
  const sizes = {
    bytes,
    codebookBytes: parts.codebookBytes,
    tableBytes: parts.tableBytes,
    ratio: size === 0 ? null : payload.length / size,
  };
  if (layout === 'verbatim' || layout === 'planes') {
    const codedWeightBits = count === 0 ? 0 : (8 * size) / count;
    return {
      ...base,
      ...sizes,
      weightBits: typeBits(dtype, payload, count),
      indexBits: 0,
      codedWeightBits,
      codedIndexBits: 0,
    };
  }
  const units = codedUnits(entry, asUnits(payload, entry.width), parts);
  // A codebook's values, and zero where that is not listed.
  const found = present(encodeKernels().findValues(units, MAX_CODEBOOK + 1));
  const valueBits =
    entry.contexts.distance > 0
      ? followedValueBits(entry, units, signOf(dtype), parts)
      : parts.bitsOfValue.length > 1
        ? linedValueBits(entry, units, signOf(dtype), parts)
        : codedValueBits(found, signOf(dtype), parts);
  return {
    ...base,
    ...sizes,
    // A unit is an element, except for types of less than a byte and for varints.
    weightBits: count === 0 ? 0 : (indexBits(parts.used) * units.length) / count,
    indexBits: kept === 0 ? 0 : positionBits(entry, found) / kept,
    codedWeightBits: kept === 0 ? 0 : valueBits / kept,
    codedIndexBits: kept === 0 ? 0 : (8 * bytes - valueBits) / kept,
  };
}

/** Bytes that a tensor takes before Huffman coding: indices, positions and the codebook, without code tables. */
export function rawBytes(tensor: TensorReport): number {
  const { layout, weights, kept, weightBits, indexBits: positions, codebookBytes } = tensor;
  // Where zero is a value like any other, it takes an index like any other.
  const isSparse = layout === 'gap' || layout === 'mask';
  return ((isSparse ? kept : weights) * weightBits + kept * positions) / 8 + codebookBytes;
}

function common({ kept, distinct }: Values, count: number): Pick<Figures, 'kept' | 'density' | 'clusters'> {
  return { kept, density: count === 0 ? 1 : kept / count, clusters: distinct ?? null };
}

/** Bits of an index if sharing values pays for the list of them, else those of the type. */
function sharedBits({ kept, distinct }: Values, dtype: DType, count: number): number {
  const bits = bitsOf(dtype) ?? 8;
  if (distinct === undefined || count === 0) return bits;
  const index = indexBits(distinct);
  return kept * index + distinct * bits < kept * bits ? index : bits;
}

function typeBits(dtype: DType, payload: Uint8Array, count: number): number {
  return bitsOf(dtype) ?? (count === 0 ? 8 : (8 * payload.length) / count);
}

/** The pattern that is a zero with a sign. Codebooks list it apart from zero. */
function signOf(dtype: DType): number {
  if (dtype === 'float32') return 2 ** 31;
  return dtype === 'float16' || dtype === 'bfloat16' ? 2 ** 15 : 0;
}

interface Parts {
  readonly codebookBytes: number;
  readonly book?: Codebook;
  readonly tableBytes: number;
  /** Codebook entries that weights have; a grid may hold others. */
  readonly used: number;
  /** Bits of each value's code, by bit pattern: a map for each class of lines, or of what came before. None where no values are coded. */
  readonly bitsOfValue: readonly ReadonlyMap<number, number>[];
  /** The class of each line, or of each value where what came before decides; none where there is one. */
  readonly classes: Uint8Array;
}

/** Reads what stands before the streams of a section. */
function readParts(entry: TensorEntry, section: Uint8Array): Parts {
  const cursor = new SectionCursor(section, entry);
  const none = {
    ...{ codebookBytes: 0, tableBytes: 0, used: 0, bitsOfValue: [] },
    classes: new Uint8Array(),
  };
  if (entry.layout === 'planes') return { ...none, tableBytes: planeTables(cursor) };
  if (entry.layout === 'verbatim') return none;
  const book = atOnce(readCodebook(cursor));
  const { values } = book;
  const codebookBytes = cursor.at;
  if (entry.layout === 'packed') {
    const width = indexBits(entry.codebookSize);
    const bitsOfValue = [new Map(Array.from(values, (value) => [value, width]))];
    return { ...none, codebookBytes, book, used: entry.codebookSize, bitsOfValue };
  }
  const { lines, contexts, codebookSize } = entry;
  const isFollowed = contexts.distance > 0;
  const m = isFollowed ? contexts.classes : lines.classes;
  const { classOf: classes } =
    m > 1 ? readClasses(cursor, m, isFollowed ? codebookSize : lines.count) : { classOf: new Uint8Array() };
  const used = new Set<number>();
  const bitsOfValue = Array.from({ length: m }, () => {
    const { lengths } = readCode(cursor, codebookSize, 'code lengths', isFollowed ? CONTEXT_CODE_LIMIT : undefined);
    if (entry.layout === 'gap') readCode(cursor, 1 << entry.gapBits, 'gap lengths');
    if (entry.layout === 'mask') readCode(cursor, 256, 'mask lengths');
    for (const [i, length] of lengths.entries()) if (length > 0) used.add(i);
    return new Map(Array.from(values, (value, i) => [value, lengths[i]]));
  });
  return { codebookBytes, book, tableBytes: cursor.at - codebookBytes, used: used.size, bitsOfValue, classes };
}

/** Units as the codebook has them: of grids by line the integers that steps multiply, and zeros where weights are escapes. */
function codedUnits({ lines: { inner } }: TensorEntry, units: Units, { book, bitsOfValue }: Parts): Units {
  const { steps, readEscapes } = book ?? {};
  if (!(units instanceof Uint32Array) || !(steps || readEscapes)) return units;
  const floats = new Float32Array(units.buffer, units.byteOffset, units.length);
  const coded = steps
    ? new Uint32Array(floats.map((value, i) => Math.round(value / steps[Math.floor(i / inner) % steps.length])).buffer)
    : units;
  return coded.map((pattern) => (bitsOfValue.some((bits) => bits.has(pattern)) ? pattern : 0));
}

function planeTables(cursor: SectionCursor): number {
  let bytes = 0;
  for (let p = 0; p < cursor.tensor.width; p++) {
    const kind = PLANES[cursor.byte('plane kind')];
    if (kind === 'constant') cursor.byte('plane value');
    if (kind !== 'coded') continue;
    const start = cursor.at;
    readCode(cursor, 256, 'plane lengths');
    bytes += cursor.at - start;
  }
  return bytes;
}

function linedValueBits(
  { lines: { count, inner } }: TensorEntry,
  units: ArrayLike<number>,
  sign: number,
  { bitsOfValue, classes }: Parts,
): number {
  let bits = 0;
  for (let i = 0; i < units.length; i++) {
    if (units[i] === 0 || units[i] === sign) continue;
    bits += bitsOfValue[classes[Math.floor(i / inner) % count]].get(units[i]) ?? 0;
  }
  return bits;
}

function followedValueBits(
  { contexts: { distance } }: TensorEntry,
  units: ArrayLike<number>,
  sign: number,
  { bitsOfValue, classes }: Parts,
): number {
  const classOf = new Map([...bitsOfValue[0].keys()].map((value, i) => [value, classes[i]]));
  let bits = 0;
  for (const { start, count } of chunks(units.length, CHUNK)) {
    for (const { from, to } of streamsOf(start, count)) {
      for (let i = from; i < to; i++) {
        if (units[i] === 0 || units[i] === sign) continue;
        const of = i < from + distance ? 0 : (classOf.get(units[i - distance]) ?? 0);
        bits += bitsOfValue[of].get(units[i]) ?? 0;
      }
    }
  }
  return bits;
}

function codedValueBits({ values, counts }: FoundValues, sign: number, { bitsOfValue: [bitsOfValue] }: Parts): number {
  let bits = 0;
  for (const [number, value] of values.entries()) {
    if (value !== 0 && value !== sign) bits += counts[number] * (bitsOfValue?.get(value) ?? 0);
  }
  return bits;
}

/** Bits that positions take before Huffman coding: a gap of fixed width before each weight or filler, or a bit mask. */
function positionBits({ layout, gapBits }: TensorEntry, { values, symbols }: FoundValues): number {
  if (layout === 'mask') return symbols.length;
  if (layout !== 'gap') return 0;
  const kernels = encodeKernels();
  const isKept = symbols.slice();
  kernels.relabel(
    isKept,
    Uint16Array.from(values, (value) => Number(value !== 0)),
  );
  const { runs, tails } = kernels.countRuns(isKept, SPARSE_CHUNK);
  const filler = (1 << gapBits) - 1;
  const fillers = (zeros: number) => Math.floor(zeros / filler);
  let pairs = 0;
  for (const [zeros, count] of runs.entries()) pairs += count * (1 + fillers(zeros));
  for (const zeros of tails) pairs += fillers(zeros);
  return pairs * gapBits;
}
