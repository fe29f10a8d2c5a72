import { fromHalf } from '../../binary/half.js';
import { isCompleteCode } from '../../entropy/canonical.js';
import { unpackNibbles } from '../../entropy/nibbles.js';
import { codeLimit } from '../constants.js';
import type { SectionCursor } from './cursor.js';

/** Reads a codebook: the bit patterns of its entries. */
export function readCodebook(cursor: SectionCursor): Uint32Array {
  const { codebookSize, codebookKind, width } = cursor.tensor;
  const isHalf = codebookKind === 'float16';
  if (width === 8 || (codebookKind !== 'native' && width !== 4))
    throw cursor.error(`a ${codebookKind} codebook of ${width}-byte units`);
  const values = new Uint32Array(codebookSize);
  if (codebookKind === 'grid') return gridOf(cursor, values);
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

/** The grid 0, Δ, −Δ, 2Δ …; without the zero where zeros have a code of their own. */
function gridOf(cursor: SectionCursor, values: Uint32Array): Uint32Array {
  const bytes = cursor.take(4, 'codebook');
  const step = new DataView(bytes.buffer, bytes.byteOffset).getFloat32(0, true);
  const { layout } = cursor.tensor;
  const first = layout === 'gap' || layout === 'mask' ? 1 : 0;
  new Float32Array(values.buffer).forEach((_, i, floats) => {
    floats[i] = gridValue(i + first, step);
  });
  return values;
}

/** Entry `place` of the grid of this step. Zero is never negative. */
export function gridValue(place: number, step: number): number {
  return (place & 1 ? (place + 1) / 2 : -place / 2) * step + 0;
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
