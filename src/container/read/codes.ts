import { fromHalf } from '../../binary/half.js';
import { isCompleteCode } from '../../entropy/canonical.js';
import { unpackNibbles } from '../../entropy/nibbles.js';
import { codeLimit } from '../constants.js';
import type { SectionCursor } from './cursor.js';

/** Reads a codebook: the bit patterns of its entries. */
export function readCodebook(cursor: SectionCursor): Uint32Array {
  const { codebookSize, codebookKind, width } = cursor.tensor;
  const isHalf = codebookKind === 'float16';
  if (width === 8 || (isHalf && width !== 4)) throw cursor.error(`a ${codebookKind} codebook of ${width}-byte units`);
  const values = new Uint32Array(codebookSize);
  const each = isHalf ? 2 : width;
  const bytes = cursor.take(codebookSize * each, 'codebook');
  const float = new Float32Array(1);
  const bits = new Uint32Array(float.buffer);
  for (let i = 0; i < codebookSize; i++) {
    let value = 0;
    for (let k = each - 1; k >= 0; k--) value = value * 256 + bytes[i * each + k];
    if (isHalf) {
      float[0] = fromHalf(value);
      value = bits[0];
    }
    values[i] = value;
  }
  return values;
}

/** A Huffman code as it was read. */
export interface Code {
  readonly lengths: Uint8Array;
  /** No symbol has a code: nothing may be decoded with it. */
  readonly isEmpty: boolean;
}

/** Reads the code lengths of an alphabet. */
export function readCode(cursor: SectionCursor, symbols: number, what: string): Code {
  const packed = cursor.take(Math.ceil(symbols / 2), what);
  const lengths = unpackNibbles(packed, symbols);
  const isEmpty = lengths.every((length) => length === 0);
  if (!isEmpty && !isCompleteCode(lengths, codeLimit(symbols))) throw cursor.error(`${what} form no complete code`);
  return { lengths, isEmpty };
}
