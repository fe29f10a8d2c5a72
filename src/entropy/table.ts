import { canonicalCodes } from './canonical.js';

/**
 * A lookup table that decodes one symbol at a time: the next `bits` bits of the stream select an entry, which holds
 * the symbol above and the length of its code in the low four bits.
 */
export interface DecodingTable {
  readonly entries: Uint16Array;
  /** log2 of the number of entries: the longest code. */
  readonly bits: number;
}

/**
 * Builds the table of a complete code (see `isCompleteCode`; nothing is checked here).
 *
 * @param lengths - code lengths by symbol, at most 4096 symbols
 */
export function decodingTable(lengths: Uint8Array): DecodingTable {
  let bits = 1;
  let used = 0;
  for (const length of lengths) {
    if (length > bits) bits = length;
    if (length > 0) used++;
  }
  const entries = new Uint16Array(1 << bits);
  const codes = canonicalCodes(lengths);
  for (let symbol = 0; symbol < lengths.length; symbol++) {
    const length = lengths[symbol];
    if (length === 0) continue;
    const entry = (symbol << 4) | length;
    if (used === 1) return { entries: entries.fill(entry), bits };
    for (let at = codes[symbol]; at < entries.length; at += 1 << length) entries[at] = entry;
  }
  return { entries, bits };
}
