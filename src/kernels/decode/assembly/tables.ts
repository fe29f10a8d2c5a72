import { LENGTHS, ROWS, SLOTS, TAKEN, VALUES } from '../memory';

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
 * Makes rows of the first slot's entries: the values, of four bytes each, of the symbols whose codes are all in the next
 * bits. A row has room for one, or for three (`most` is their bytes), and then says behind them how many bytes count,
 * and how many bits the first takes. Apart from the rows, since that is all that the next look-up waits for, stand the
 * bits of all these codes.
 */
export function wideRows(bits: u32, most: u32): void {
  for (let at: u32 = 0; at < <u32>(1 << bits); at++) {
    const row = at * (most == 4 ? 4 : 16);
    let e: u32 = load<u16>(at << 1, SLOTS);
    const first = e & 15;
    let total: u32 = 0;
    let bytes: u32 = 0;
    do {
      store<u32>(row + bytes, load<u32>(e >> 4, SLOTS + VALUES), SLOTS + ROWS);
      total += e & 15;
      bytes += 4;
      e = load<u16>((at >> total) << 1, SLOTS);
    } while (bytes < most && total + (e & 15) <= bits);
    store<u8>(at, <u8>total, SLOTS + TAKEN);
    if (most != 4) store<u32>(row, bytes | (first << 8), SLOTS + ROWS + 12);
  }
}

/**
 * The same for values of one or two bytes, in any slot. A row is three of them in six bytes, and in the other two the
 * bits of all codes (6), those of the first (4), and the bytes that count.
 */
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
