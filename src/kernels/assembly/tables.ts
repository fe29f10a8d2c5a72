import { LENGTHS, ROWS, VALUES } from '../memory';

/**
 * Builds the entries of a complete code from the lengths of its symbols: for each value of the next bits of a stream
 * the length of the code that they begin with (6 bits, as many as a shift looks at, of which two are zero) and the symbol
 * above. Returns the number
 * of bits: those of the longest code, but at least `bits`.
 */
export function build(slot: usize, symbols: u32, bits: u32): u32 {
  let used = 0;
  for (let s: u32 = 0; s < symbols; s++) {
    const length: u32 = load<u8>(s, LENGTHS);
    if (length > bits) bits = length;
    if (length) used++;
  }
  const size: u32 = 1 << bits;
  // A single symbol is meant by both values of its bit.
  const last: u32 = used === 1 ? 0 : bits;
  // Codes count up from their last bit, which is the highest of the reversed code.
  let code: u32 = 0;
  for (let length: u32 = 1; length <= bits; length++) {
    for (let s: u32 = 0; s < symbols; s++) {
      if (load<u8>(s, LENGTHS) !== length) continue;
      for (let at = code; at < size; at += 1 << min(length, last)) store<u16>(slot + (at << 1), (s << 6) | length);
      let bit: u32 = 1 << (length - 1);
      while (code & bit) {
        code ^= bit;
        bit >>= 1;
      }
      code ^= bit;
    }
  }
  return bits;
}

/**
 * Turns entries into rows of up to three symbols whose codes are all in the next bits. A row is their values, of four
 * bytes. An entry becomes the length of all these codes (6 bits), the length of the first (4 bits), the bytes of their
 * values. From the last to the first, since what follows a code is looked up further down.
 */
export function multiRows(slot: usize, bits: u32): void {
  for (let at: i32 = (1 << bits) - 1; at >= 0; at--) {
    let e: u32 = load<u16>(slot + (at << 1));
    const first = e & 15;
    const row = slot + (at << 4);
    let total: u32 = 0;
    let bytes: u32 = 0;
    do {
      store<u32>(row + bytes, load<u32>(slot + (e >> 4), VALUES), ROWS);
      total += e & 15;
      bytes += 4;
      e = load<u16>(slot + ((at >> total) << 1));
    } while (bytes < 12 && total + (e & 15) <= bits);
    store<u16>(slot + (at << 1), total | (first << 6) | (bytes << 10));
  }
}

/** The same for values of one or two bytes: rows are three of them in six bytes, and the entry in the other two. */
export function narrowRows(slot: usize, bits: u32, width: u32): void {
  for (let at: i32 = (1 << bits) - 1; at >= 0; at--) {
    let e: u32 = load<u16>(slot + (at << 1));
    const first = e & 15;
    let total: u32 = 0;
    let bytes: u32 = 0;
    let row: u64 = 0;
    do {
      row |= <u64>load<u32>(slot + (e >> 4), VALUES) << (bytes << 3);
      total += e & 15;
      bytes += width;
      e = load<u16>(slot + ((at >> total) << 1));
    } while (bytes < 3 * width && total + (e & 15) <= bits);
    store<u64>(slot + (at << 3), row | (<u64>(total | (first << 6) | (bytes << 10)) << 48), ROWS);
  }
}
