/** The values that weights may take, ascending, with zero among them where weights may become zero. */
export type Levels = Float32Array;

/** Longest code that a cost is counted for: what a code of a few hundred symbols would give the rarest of them. */
const LONGEST = 20;

/** What each level costs in bits, from how often it is used: the entropy's share, smoothed by half a use each. */
export function bitsOf(counts: ArrayLike<number>, total: number): Float32Array {
  const all = total + counts.length / 2;
  return Float32Array.from(counts, (count) => Math.min(LONGEST, Math.log2(all / (count + 0.5))));
}

/** How often each level is used. */
export function countSymbols(symbols: Uint16Array, levels: number): Uint32Array {
  const counts = new Uint32Array(levels);
  for (let i = 0; i < symbols.length; i++) counts[symbols[i]]++;
  return counts;
}

/** The grid k·Δ, from −reach to +reach steps; every value is what the container will give back. */
export function gridLevels(step: number, reach: number): Levels {
  return Float32Array.from({ length: 2 * reach + 1 }, (_, i) => (i - reach) * step + 0);
}
