/**
 * Lengths of an optimal prefix code in which no code is longer than `limit` bits, by package-merge (Larmore and
 * Hirschberg, 1990). Symbols that do not occur get length 0. A single symbol gets length 1.
 *
 * @param counts - how often each symbol occurs
 * @param limit - the longest code allowed, in bits; at least log2 of the number of symbols that occur
 * @returns one length a symbol; the codes fill the code space exactly unless there is only one
 *
 * @example
 * codeLengths([5, 1, 1, 0], 11); // [1, 2, 2, 0]
 */
export function codeLengths(counts: ArrayLike<number>, limit: number): Uint8Array {
  const lengths = new Uint8Array(counts.length);
  const used: number[] = [];
  for (let symbol = 0; symbol < counts.length; symbol++) if (counts[symbol] > 0) used.push(symbol);
  if (used.length === 0) return lengths;
  if (used.length > 2 ** limit) throw new RangeError(`${used.length} symbols do not fit codes of ${limit} bits`);
  if (used.length === 1) {
    lengths[used[0]] = 1;
    return lengths;
  }
  // Ties by symbol, so that the same counts always give the same code.
  used.sort((a, b) => counts[a] - counts[b] || a - b);

  // A list holds the weights of packages and symbols together, ascending; which are symbols is all that has to be
  // remembered: the first `taken` entries of a list stand for a known number of symbols and of packages.
  const own = Float64Array.from(used, (symbol) => counts[symbol]);
  const most = 2 * used.length;
  const isSymbol = new Uint8Array(limit * most);
  let previous = new Float64Array(most);
  let weights = new Float64Array(most);
  let before = 0;
  for (let level = 0; level < limit; level++) {
    const list = level * most;
    let count = 0;
    let s = 0;
    let p = 0;
    while (s < own.length || p + 1 < before) {
      const pack = p + 1 < before ? previous[p] + previous[p + 1] : Number.POSITIVE_INFINITY;
      if (s < own.length && own[s] <= pack) {
        isSymbol[list + count] = 1;
        weights[count++] = own[s++];
      } else {
        weights[count++] = pack;
        p += 2;
      }
    }
    [previous, weights] = [weights, previous];
    before = count;
  }

  // The cheapest 2n − 2 entries of the last list; each package among them takes two of the list before it.
  let taken = most - 2;
  for (let level = limit - 1; level >= 0; level--) {
    const list = level * most;
    let symbols = 0;
    for (let i = 0; i < taken; i++) if (isSymbol[list + i] > 0) lengths[used[symbols++]]++;
    taken = 2 * (taken - symbols);
  }
  return lengths;
}

/** Bits that a text with these symbol counts takes in a code of these lengths. */
export function codedBits(counts: ArrayLike<number>, lengths: Uint8Array): number {
  let bits = 0;
  for (let symbol = 0; symbol < lengths.length; symbol++) bits += counts[symbol] * lengths[symbol];
  return bits;
}
