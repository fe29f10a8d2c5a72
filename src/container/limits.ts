/** Ceilings on what a container may declare, each with its reason; checked before anything is allocated. */
import type { Layout } from './constants.js';

/*
 * Four ceilings grow with the container, so that time and memory stay in proportion to the bytes that are present. A
 * writer that would exceed one, as with a hundred megabytes of zeros, makes the head longer by zeros.
 */

/** Bytes of the head once expanded: so many are free, beyond that so many a byte of the squeezed head. */
export const FREE_HEAD = 2 ** 22;
export const HEAD_PER_BYTE = 8;

/** CBOR items of the header, about twenty a tensor. An item takes time and memory, whatever it says. */
export const FREE_ITEMS = 2 ** 16;
export const ITEMS_PER_BYTE = 0.5;

/** Bytes of all files together, by those of the whole container. */
export const FREE_OUTPUT = 2 ** 27;
export const OUTPUT_PER_BYTE = 256;

/**
 * Symbols of all tensors' codes: of each class as many as the codebook has, and what a table takes to build, which is as
 * long as so many symbols take; planes have one each. What is read and kept of a line, a class or a step, takes the time and
 * memory of four symbols. Tensors that share a section count each for itself.
 */
export const FREE_SYMBOLS = 2 ** 22;
export const SYMBOLS_PER_BYTE = 8;
const SYMBOLS_A_TABLE = 512;
const SYMBOLS_A_LINE = 4;

/**
 * A tensor's share of them.
 *
 * @param lines - how many there are, where they have classes or steps
 */
export function symbolsOf(layout: Layout, codebookSize: number, classes: number, lines: number, width: number): number {
  if (layout === 'inline' || layout === 'verbatim') return 0;
  return classes * (codebookSize + SYMBOLS_A_TABLE * (layout === 'planes' ? width : 1)) + SYMBOLS_A_LINE * lines;
}

/**
 * The most payload units (weights, or bytes of a plane) that one byte of a section can stand for. Symbols take at
 * least one bit. A gap symbol covers at most 256 weights, plus less than one gap left uncoded a chunk; a mask symbol 8. A wave
 * takes three bits at least, and has up to 4096 weights.
 */
export const MAX_UNITS_PER_BYTE: Record<Layout, number> = {
  inline: 0,
  verbatim: 1,
  packed: 8,
  dense: 8,
  gap: 8 * 256 + 256,
  mask: 64,
  planes: 8,
  waves: 1 << 14,
};

/** The head in memory: names, tables of content and everything of the model that is not a tensor. */
export const MAX_HEAD_BYTES = 2 ** 31 - 1;

/** A rebuilt file: the largest size that is exact in a double even when several are added up. */
export const MAX_FILE_BYTES = 2 ** 50;

/** Files of one model. */
export const MAX_FILES = 65_536;

/** Dimensions of a tensor, as in the ONNX reader. */
export const MAX_RANK = 64;

/**
 * Tensors that share one section. A branch for each case, or a layer applied again and again, repeats weights; without
 * a ceiling a few header bytes could stand for any amount of memory. One with classes of lines counts once for each of
 * them: it takes as long to get ready for a class as for a tensor.
 */
export const MAX_SHARES = 64;
