import type { DType } from '../binary/dtype.js';
import { CODEBOOKS, type CodebookKind, LAYOUTS, type Layout } from './constants.js';

/** The CBOR header as it stands in the file. One letter a key, fields at their default left out. */
export interface WireHeader {
  /** Files: name (empty for the model itself), size in bytes, XXH32 of the whole file. */
  f: [name: string, size: number, hash: number][];
  t: WireTensor[];
}

/** A tensor in the CBOR header. */
export interface WireTensor {
  /** name; default: none, which is a stretch of bytes that no tensor claims */
  n?: string;
  /** element type, by its number in onnx.proto; default 2, uint8 */
  y?: number;
  /** dimensions; default: none */
  d?: number[];
  /** file index; default 0 */
  f?: number;
  /** skeleton bytes between the end of the tensor before it (or the start of the file) and this payload */
  g: number;
  /** payload bytes; default: what dimensions and type give in `raw_data` */
  b?: number;
  /** bytes of a unit, which is what a codebook entry stands for: 1, 2, 4 or 8; default: the type's */
  w?: number;
  /** layout; default 0, inline */
  l?: number;
  /** codebook entries; default 0 */
  k?: number;
  /** codebook kind; default 0, native */
  c?: number;
  /** width of the gap alphabet in bits; only with layout gap */
  q?: number;
  /** classes of lines; default 1 */
  m?: number;
  /** the dimension whose indices are the lines; default 0 */
  a?: number;
  /** how far before a weight that is whose class says which code it has; then classes are of values and not of lines; default 0, none */
  h?: number;
  /** 1 if an inline payload stands in the skeleton byte plane by byte plane; default 0 */
  p?: number;
  /** section bytes; absent for inline */
  s?: number;
  /** XXH32 of the section; absent for inline */
  x?: number;
  /** index of an earlier tensor with the same payload; then `l`, `k`, `c`, `q`, `m`, `a`, `h`, `p`, `s` and `x` are that tensor's */
  r?: number;
}

/** A tensor as the reader gives it: every field there, checked, places resolved. */
export interface TensorEntry {
  /** Unique; empty for a stretch of bytes that no tensor claims. */
  readonly name: string;
  readonly dtype: DType;
  readonly dims: readonly number[];
  /** Which file the payload belongs to, where in it, and how many bytes. */
  readonly file: number;
  readonly offset: number;
  readonly length: number;
  /** Bytes of a unit and how many units the payload has. */
  readonly width: number;
  readonly units: number;
  readonly layout: Layout;
  readonly codebookSize: number;
  readonly codebookKind: CodebookKind;
  readonly gapBits: number;
  readonly lines: Lines;
  readonly contexts: Contexts;
  /** Inline only: where in the skeleton the payload stands. */
  readonly inlineAt: number;
  /** Inline only: the payload stands in the skeleton byte plane by byte plane, which is squeezed better. */
  readonly isPlanar: boolean;
  /** Index of the tensor that the payload was written for: this one's own, or that of an earlier one. */
  readonly owner: number;
  /**
   * The section: its place in the container and the checksum it must have. Zero bytes for inline. Tensors with the
   * same payload may share one.
   */
  readonly section: { readonly offset: number; readonly length: number; readonly checksum: number };
}

/**
 * How a tensor's weights are divided by the codes that they have: those of one index in one dimension are a line, and
 * lines that resemble each other a class.
 */
export interface Lines {
  /** 1: all weights have the same codes, and there are no lines but those of grids and waves. */
  readonly classes: number;
  /** How many lines there are. */
  readonly count: number;
  /** Weights of a line that stand together; by the times of `count` later in the payload there are more. */
  readonly inner: number;
}

/** Codes of weights that go by what came before: each code is that of a class of values. */
export interface Contexts {
  /** 1: there is one code, whatever came before. */
  readonly classes: number;
  /** How far before a weight the one is whose class it goes by. */
  readonly distance: number;
}

/** Whether something is said of every line: its class, its step, or its waves. */
export function hasLines({ l = 0, c = 0, m = 1, h = 0 }: Pick<WireTensor, 'l' | 'c' | 'm' | 'h'>): boolean {
  return (m > 1 && h === 0) || isByLine(LAYOUTS[l], CODEBOOKS[c]);
}

/** Whether each line has numbers of its own, of which its weights are made: a step, or waves. */
export function isByLine(layout: Layout, codebook: CodebookKind): boolean {
  return codebook === 'grids' || layout === 'waves';
}

/** The lines along a dimension. */
export function linesOf(dims: readonly number[], axis: number, classes: number): Lines {
  return { classes, count: dims[axis] ?? 1, inner: elements(dims.slice(axis + 1)) };
}

/** A file of the model that a container rebuilds. */
export interface FileEntry {
  readonly name: string;
  readonly size: number;
  readonly hash: number;
}

/** Bytes of a unit in the absence of a `w` field: the element's, where that is 1, 2, 4 or 8 and divides the payload. */
export function naturalWidth(bits: number | undefined, length: number): number {
  // A complex number is two floats; all other wide types are one unit.
  const bytes = bits === undefined || bits < 8 ? 1 : Math.min(bits / 8, 8);
  return length % bytes === 0 ? bytes : 1;
}

/** Elements that dimensions stand for. */
export function elements(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}

/**
 * Whether a payload is protobuf varints, a byte or more an element: one of another length than its type has, or cut into
 * bytes although the type is wider.
 */
export function isVarint(bits: number | undefined, dims: readonly number[], length: number, width: number): boolean {
  return bits !== undefined && bits >= 8 && (length !== naturalLength(bits, dims) || (width === 1 && bits > 8));
}

/** Payload bytes in the absence of a `b` field. */
export function naturalLength(bits: number | undefined, dims: readonly number[]): number {
  return Math.ceil((elements(dims) * (bits ?? 8)) / 8);
}
