import { INPUT, OUTPUT, SECOND, TABLE } from '../memory';

// Symbols are looked at 64 at a time, through a bit mask of those that are not zero: to count zero bits takes no branch
// that a processor would have to guess. Behind the last symbol there must be 64 zeros.

/** Bytes of 64 symbols. */
const WINDOW: usize = 128;

// @ts-ignore: decorator
@inline
function eight(at: usize): u64 {
  return <u64>i16x8.bitmask(i16x8.ne(v128.load(at), i16x8.splat(0)));
}

// @ts-ignore: decorator
@inline
function maskAt(at: usize): u64 {
  const low = eight(at) | (eight(at + 16) << 8) | (eight(at + 32) << 16) | (eight(at + 48) << 24);
  const high = eight(at + 64) | (eight(at + 80) << 8) | (eight(at + 96) << 16) | (eight(at + 112) << 24);
  return low | (high << 32);
}

/** A bit a symbol of the input, to the output. */
export function maskOf(count: u32): void {
  let to: usize = OUTPUT;
  for (let at: usize = INPUT; at < <usize>INPUT + (<usize>count << 1); at += WINDOW, to += 8) store<u64>(to, maskAt(at));
}

/**
 * Counts the runs of zeros before the other symbols of the input by their length, at the table.
 *
 * @returns the length of the run at the end
 */
export function countRuns(count: u32): u32 {
  const end = <usize>INPUT + (<usize>count << 1);
  let run: u32 = 0;
  for (let at: usize = INPUT; at < end; at += WINDOW) {
    let mask = maskAt(at);
    let left: u32 = min<u32>(64, <u32>((end - at) >> 1));
    while (mask != 0) {
      const zeros = <u32>ctz(mask);
      const counter = <usize>TABLE + ((run + zeros) << 2);
      store<u32>(counter, load<u32>(counter) + 1);
      run = 0;
      left -= zeros + 1;
      mask = (mask >> zeros) >> 1;
    }
    run += left;
  }
  return run;
}

/** How many pairs the first `count` symbols of the input make up. */
export function countPairs(count: u32, filler: u32): u32 {
  const end = <usize>INPUT + (<usize>count << 1);
  let pairs: u32 = 0;
  let run: u32 = 0;
  for (let at: usize = INPUT; at < end; at += WINDOW) {
    let mask = maskAt(at);
    let left: u32 = min<u32>(64, <u32>((end - at) >> 1));
    pairs += <u32>popcnt(mask);
    while (mask != 0) {
      const zeros = <u32>ctz(mask);
      run += zeros;
      if (run >= filler) pairs += run / filler;
      run = 0;
      left -= zeros + 1;
      mask = (mask >> zeros) >> 1;
    }
    run += left;
  }
  return pairs + run / filler;
}

/**
 * Writes the first `count` symbols of the input as pairs, in streams one behind the other in the output. The codes stand
 * at the table, that of the gaps first; an entry is a code, and above its 16 bits the length. One loop, kept whole: what
 * it carries from pair to pair has to stay in registers.
 *
 * @param filler - the largest gap: zeros without a weight behind them
 * @param streams - two words for each: how many pairs it has, at least one, which becomes the symbol behind the last; and
 *   where in the output it ends. Behind them more pairs than there are.
 */
export function encodePairs(count: u32, filler: u32, streams: usize): void {
  const end = <usize>INPUT + (<usize>count << 1);
  const fillerEntry = load<u32>(<usize>TABLE + (filler << 2));
  let to: usize = OUTPUT;
  let left = load<u32>(streams);
  let bits: u64 = 0;
  let held: u32 = 0;
  let run: u32 = 0;
  for (let window: usize = INPUT; ; window += WINDOW) {
    // Behind the end stands a weight that is not written, so that the zeros before it are.
    const isBehind = window >= end;
    let mask = isBehind ? 1 : maskAt(window);
    let at = isBehind ? end : window;
    while (mask != 0) {
      const zeros = <u32>ctz(mask);
      mask = (mask >> zeros) >> 1;
      at += <usize>zeros << 1;
      run += zeros;
      while (run >= filler) {
        run -= filler;
        bits |= <u64>(fillerEntry & 0xffff) << held;
        held += fillerEntry >> 16;
        store<u64>(to, bits);
        to += held >> 3;
        bits >>= held & 56;
        held &= 7;
        if (--left == 0) {
          to = close(streams, to, held, at - (<usize>run << 1));
          streams += 8;
          left = load<u32>(streams);
          bits = 0;
          held = 0;
        }
      }
      if (isBehind) return;
      const gap = load<u32>(<usize>TABLE + (run << 2));
      const weight = load<u32>(<usize>TABLE + SECOND - 4 + (<usize>load<u16>(at) << 2));
      const length = gap >> 16;
      bits |= (<u64>(gap & 0xffff) | (<u64>(weight & 0xffff) << length)) << held;
      held += length + (weight >> 16);
      store<u64>(to, bits);
      to += held >> 3;
      bits >>= held & 56;
      held &= 7;
      run = 0;
      at += 2;
      if (--left == 0) {
        to = close(streams, to, held, at);
        streams += 8;
        left = load<u32>(streams);
        bits = 0;
        held = 0;
      }
    }
    run += <u32>((min<usize>(end, window + WINDOW) - at) >> 1);
  }
}

/** Ends a stream, the last byte of which is written already. */
function close(stream: usize, to: usize, held: u32, at: usize): usize {
  to += usize(held > 0);
  store<u32>(stream, <u32>((at - INPUT) >> 1));
  store<u32>(stream, <u32>to, 4);
  return to;
}
