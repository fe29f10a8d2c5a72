/**
 * Canonical codes from their lengths (as in RFC 1951, §3.2.2: shorter first, then by symbol), bits reversed: streams
 * are read from the least significant bit, so the first bit of a code has to be its lowest.
 *
 * @param lengths - one a symbol, 0 for symbols that do not occur
 * @returns one reversed code a symbol
 */
export function canonicalCodes(lengths: Uint8Array): Uint16Array {
  const codes = new Uint16Array(lengths.length);
  // Reversed, a code followed by a zero is the same number, and counting carries from the highest bit down.
  let code = 0;
  for (let length = 1; length <= 15; length++) {
    for (let symbol = lengths.indexOf(length); symbol >= 0; symbol = lengths.indexOf(length, symbol + 1)) {
      codes[symbol] = code;
      for (let bit = 1 << (length - 1); bit > 0; bit >>= 1) {
        code ^= bit;
        if (code & bit) break;
      }
    }
  }
  return codes;
}

/**
 * Whether lengths form a code that a decoder can use: none above `limit`, and the code space exactly filled. A single
 * symbol is the one exception: it has length 1 and both values of that bit mean it.
 */
export function isCompleteCode(lengths: Uint8Array, limit: number): boolean {
  let used = 0;
  let space = 0;
  for (const length of lengths) {
    if (length === 0) continue;
    if (length > limit) return false;
    used++;
    space += 1 << (limit - length);
  }
  return used === 1 ? space === 1 << (limit - 1) : used > 1 && space === 1 << limit;
}
