import type { Steps } from '../../breather.js';
import { readGolomb, unzigzag } from '../../entropy/golomb.js';
import { ESCAPES, LOW_BITS, MANTISSA_BITS, MAX_MULTIPLE, MINUS_ZERO } from '../constants.js';
import type { SectionCursor } from './cursor.js';

/** Steps that are read in a millisecond or so. */
const AT_ONCE = 1 << 14;

/** What the indices of a section stand for. */
export interface Codebook {
  /** Bit patterns by index. */
  readonly values: Uint32Array;
  /** Of grids by line: the step of each line, which multiplies the values. */
  readonly steps?: Float32Array | undefined;
  /**
   * Reads the escapes of a chunk, which stand before its codes, where a grid has such: weights that its indices do not tell,
   * multiples beyond the table or patterns of any other values. Gives what puts them into the chunk.
   *
   * @param count - weights of the chunk
   */
  readonly readEscapes?: ((count: number) => (chunk: Uint32Array) => void) | undefined;
}

/**
 * Reads what a grid is, or those of all lines, and makes the table of its entries.
 *
 * Steps are float32: an exponent, about that of the line before, and the bits of the mantissa that are not zero in all of
 * them: of float16 and powers of two few are left.
 */
export function* readGrid(cursor: SectionCursor): Steps<Codebook> {
  const { codebookSize, codebookKind, layout, lines } = cursor.tensor;
  const isByLine = codebookKind === 'grids';
  const flags = cursor.byte('grid');
  const used = flags & LOW_BITS;
  const hasEscapes = (flags & ESCAPES) !== 0;
  const [apart, beyond] = hasEscapes ? cursor.take(2, 'grid') : [0, 0];
  if (flags > (LOW_BITS | MINUS_ZERO | ESCAPES) || used > MANTISSA_BITS || Math.max(apart, beyond) > LOW_BITS)
    throw cursor.error('damaged grid');
  const steps = new Float32Array(isByLine ? lines.count : 1);
  const patterns = new Uint32Array(steps.buffer);
  const bits = cursor.open();
  let exponent = 127;
  for (let line = 0; line < steps.length; line++) {
    if (line % AT_ONCE === 0) yield;
    exponent += unzigzag(readGolomb(bits, 0));
    if (!(exponent >= 0 && exponent < 255)) throw cursor.error('damaged steps');
    patterns[line] = (exponent << MANTISSA_BITS) | (bits.take(used) << (MANTISSA_BITS - used));
  }
  cursor.close(bits, 'steps');
  // Zero is not in the table where zeros have a code of their own.
  const from = Number(layout === 'gap' || layout === 'mask');
  const entry = (i: number) => gridInteger(i + from, flags & MINUS_ZERO) * (isByLine ? 1 : steps[0]);

  const readEscapes = (count: number) => {
    const escapes: number[] = [];
    const value = new Float32Array(1);
    const word = new Uint32Array(value.buffer);
    cursor.bits('escapes', (bits) => {
      let place = readGolomb(bits, apart);
      for (; place < count; place += 1 + readGolomb(bits, apart)) {
        const number = readGolomb(bits, beyond);
        const isUnit = number === 0 && !isByLine;
        const unit = isUnit ? readGolomb(bits, LOW_BITS) : 0;
        const multiple = gridInteger(number + codebookSize - 1 + from, flags & MINUS_ZERO);
        if (unit >= 2 ** 32 || !(isUnit || (number > 0 && Math.abs(multiple) <= MAX_MULTIPLE)))
          throw cursor.error('damaged escapes');
        value[0] = multiple * (isByLine ? 1 : steps[0]);
        if (isUnit) word[0] = unit;
        escapes.push(place, word[0]);
      }
      if (place !== count) throw cursor.error('damaged escapes');
    });
    return (chunk: Uint32Array) => {
      for (let i = 0; i < escapes.length; i += 2) chunk[escapes[i]] = escapes[i + 1];
    };
  };

  return {
    values: new Uint32Array(Float32Array.from({ length: codebookSize }, (_, i) => entry(i)).buffer),
    steps: isByLine ? steps : undefined,
    readEscapes: flags & ESCAPES ? readEscapes : undefined,
  };
}

/**
 * The integer at a place of a grid's order: 0, 1, −1, 2, −2 …, or 0, −0, 1, −1 …
 *
 * @param minus - not 0 if a −0 comes behind the zero, which is never negative
 */
export function gridInteger(place: number, minus: number): number {
  const at = minus ? place - 1 : place;
  return place && (at & 1 ? (at + 1) / 2 : -at / 2);
}
