/** Every number of the container format that writer and reader must agree on. README.md here is the specification. */

/** `FXQ` and the format's version. */
export const MAGIC = [0x46, 0x58, 0x51] as const;
export const VERSION = 3;

/** Bytes before the head: magic and version, three sizes, a checksum. */
export const PREFIX_BYTES = 20;

/** How a tensor's payload is coded; the index is the number in the file. */
export const LAYOUTS = ['inline', 'verbatim', 'packed', 'dense', 'gap', 'mask', 'planes', 'waves'] as const;
export type Layout = (typeof LAYOUTS)[number];

/** Layouts whose sections begin with a codebook: the others say what weights are in other ways. */
export function hasCodebook(layout: Layout): boolean {
  return layout === 'packed' || layout === 'dense' || layout === 'gap' || layout === 'mask';
}

/**
 * How a codebook is written: entries in the tensor's own type, or as float16 where that loses nothing, or a grid's step, or
 * the steps of grids, one for each line of a dimension.
 */
export const CODEBOOKS = ['native', 'float16', 'grid', 'grids'] as const;
export type CodebookKind = (typeof CODEBOOKS)[number];

/** What a byte plane is: one value throughout, bytes as they are, or Huffman-coded. */
export const PLANES = ['constant', 'raw', 'coded'] as const;

/** Weights a chunk: 64 Ki, and 256 Ki where only the kept ones are coded. */
export const CHUNK = 1 << 16;
export const SPARSE_CHUNK = 1 << 18;

/** From this many symbols on a run is split into four streams, which a decoder can follow side by side. */
export const FOUR_STREAMS_FROM = 8192;
/** The same for gap + value pairs, which are two symbols each. */
export const FOUR_PAIR_STREAMS_FROM = 4096;

/** Entries a codebook may have. Ten bits before Huffman coding; more values are better off as byte planes. */
export const MAX_CODEBOOK = 1024;

/** Classes of lines that a tensor may have, each with codes of its own. */
export const MAX_CLASSES = 8;

/** The longest distance to the weight that decides on a weight's code: as many as a stream of a full chunk has. */
export const MAX_DISTANCE = CHUNK / 4;

/** The longest code where codes go by what came before: eight tables of 2 Ki entries. */
export const CONTEXT_CODE_LIMIT = 11;

/** Lines that may have classes: what a reader keeps of each takes more memory than a short line's weights. */
export const MAX_LINES = 1 << 20;

/** Bits of a float32's mantissa, which are all zero in a power of two. */
export const MANTISSA_BITS = 23;

/** A wave's phase is counted in so many parts of a turn, as a power of two, and its frequency in no more than these. */
export const PHASE_BITS = 24;
export const MAX_TURN_BITS = 32;

/** Waves that a tensor may have, which are all read before the first chunk, and the longest of them. */
export const MAX_WAVES = 1 << 16;
export const LONGEST_WAVE = 1 << 12;

/** A grid's first byte: bits of its steps' mantissas, whether −0 is an entry, and whether there are escapes. */
export const LOW_BITS = 31;
export const MINUS_ZERO = 32;
export const ESCAPES = 64;

/** The largest multiple of a grid's step: beyond, not every integer is a float32. */
export const MAX_MULTIPLE = 1 << 24;

/** Widths of the gap alphabet, in bits. */
export const MIN_GAP_BITS = 4;
export const MAX_GAP_BITS = 8;

/** Bits of one of so many numbers that are written as they are, as indices into a codebook or classes: at least one. */
export function indexBits(numbers: number): number {
  return Math.max(1, Math.ceil(Math.log2(numbers)));
}

/** The longest code of an alphabet of this size, in bits: tables of 2 Ki entries stay in a core's first cache. */
export function codeLimit(symbols: number): number {
  return symbols <= 64 ? 11 : 12;
}

/** What the first of an alphabet's code lengths is the difference to: that of a code in which all are equally long. */
export function firstLength(symbols: number): number {
  return 32 - Math.clz32(symbols - 1);
}

/** The order of the Golomb code of a codebook's first entry, of so many bytes: about what a thousand values are apart. */
export function bookOrder(bytes: number): number {
  return Math.max(0, 8 * bytes - 10);
}

/** The symbols of each of a run's streams: all in one, or four equal segments (rounded up) with the rest in the last. */
export function segments(symbols: number, fourFrom: number): number[] {
  if (symbols < fourFrom) return [symbols];
  const each = Math.ceil(symbols / 4);
  return [each, each, each, symbols - 3 * each];
}
