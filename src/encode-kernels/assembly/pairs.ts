import { INPUT, SECOND, TABLE } from '../memory';

/** How many pairs the first `count` symbols of the input make up. */
export function countPairs(count: u32, filler: u32): u32 {
  let pairs: u32 = 0;
  let from: usize = INPUT;
  const end = <usize>INPUT + (<usize>count << 1);
  for (let at: usize = INPUT; at < end; at += 2) {
    if (load<u16>(at) == 0) continue;
    pairs += 1 + <u32>((at - from) >> 1) / filler;
    from = at + 2;
  }
  return pairs + <u32>((end - from) >> 1) / filler;
}

/**
 * Writes `count` pairs, the first of which begins at symbol `from` of the input, to `to`. The codes stand at the table,
 * that of the gaps first; an entry is a code, and above its 16 bits the length.
 *
 * @param filler - the largest gap: zeros without a weight behind them
 * @param place - a word that gets the symbol behind the last pair
 * @returns where the stream ends
 */
export function encodePairs(from: u32, count: u32, filler: u32, to: usize, place: usize): usize {
  let at = <usize>INPUT + (<usize>from << 1);
  let bits: u64 = 0;
  let held: u32 = 0;
  for (; count; count--) {
    let gap: u32 = 0;
    while (gap < filler && load<u16>(at + (<usize>gap << 1)) == 0) gap++;
    at += <usize>gap << 1;
    const entry = load<u32>(<usize>TABLE + (gap << 2));
    bits |= <u64>(entry & 0xffff) << held;
    held += entry >> 16;
    if (gap != filler) {
      const weight = load<u32>(<usize>TABLE + SECOND - 4 + (<usize>load<u16>(at) << 2));
      bits |= <u64>(weight & 0xffff) << held;
      held += weight >> 16;
      at += 2;
    }
    store<u64>(to, bits);
    to += held >> 3;
    bits >>= held & 56;
    held &= 7;
  }
  store<u64>(to, bits);
  store<u32>(place, <u32>((at - INPUT) >> 1));
  return to + ((held + 7) >> 3);
}
