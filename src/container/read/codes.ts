import { fromHalf } from '../../binary/half.js';
import type { Steps } from '../../breather.js';
import { isCompleteCode } from '../../entropy/canonical.js';
import { readGolomb, unzigzag } from '../../entropy/golomb.js';
import { bookOrder, codeLimit, firstLength } from '../constants.js';
import type { SectionCursor } from './cursor.js';
import { type Codebook, readGrid } from './grids.js';

/** Reads a codebook: the bit patterns of its entries, and what is said of a grid. */
export function* readCodebook(cursor: SectionCursor): Steps<Codebook> {
  const { codebookSize, codebookKind, width } = cursor.tensor;
  const isHalf = codebookKind === 'float16';
  if (width === 8 || (codebookKind !== 'native' && width !== 4))
    throw cursor.error(`a ${codebookKind} codebook of ${width}-byte units`);
  if (codebookKind.startsWith('grid')) return yield* readGrid(cursor);
  const values = new Uint32Array(codebookSize);
  const each = isHalf ? 2 : width;
  const float = new Float32Array(1);
  const pattern = new Uint32Array(float.buffer);
  const limit = 256 ** each;
  cursor.bits('codebook', (bits) => {
    let before = -1;
    let order = bookOrder(each);
    for (let i = 0; i < codebookSize; i++) {
      const distance = readGolomb(bits, order) + 1;
      const value = before + distance;
      if (!(value < limit)) throw cursor.error(`a codebook entry beyond ${each} bytes`);
      float[0] = isHalf ? fromHalf(value) : 0;
      values[i] = isHalf ? pattern[0] : value;
      before = value;
      order = 31 - Math.clz32(distance | 1);
    }
  });
  return { values };
}

/** A Huffman code as it was read. */
export interface Code {
  readonly lengths: Uint8Array;
  /** No symbol has a code: nothing may be decoded with it. */
  readonly isEmpty: boolean;
}

/** Reads the code lengths of an alphabet. */
export function readCode(cursor: SectionCursor, symbols: number, what: string, limit = codeLimit(symbols)): Code {
  const lengths = new Uint8Array(symbols);
  cursor.bits(what, (bits) => {
    let length = firstLength(symbols);
    for (let i = 0; i < symbols; i++) {
      const difference = readGolomb(bits, 0);
      length += unzigzag(difference);
      if (difference > 32 || length < 0 || length > 15) throw cursor.error(`${what} beyond 15 bits`);
      lengths[i] = length;
    }
  });
  const isEmpty = !lengths.some(Boolean);
  if (!isEmpty && !isCompleteCode(lengths, limit)) throw cursor.error(`${what} form no complete code`);
  return { lengths, isEmpty };
}
