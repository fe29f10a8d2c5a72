import { FORECAST_COUNTS, INPUT, TABLE } from '../memory';
import { LONG_WORDS } from '../reference/lzma/limits';

// What ../reference/lzma/forecast.ts does.

let matches: u32 = 0;
let repeats: u32 = 0;

/** Where the last place is noted that began with the same `words` words. */
// @ts-ignore: decorator
@inline
function slotOf(at: usize, words: usize, shift: u32): usize {
  let hash: u32 = 0;
  for (let i: usize = 0; i < words << 2; i += 4) hash = ((hash ^ load<u32>(at + i)) * 0x9e3779b1) ^ (hash >> 15);
  return <usize>((hash * 0x9e3779b1) >> shift) << 2;
}

// @ts-ignore: decorator
@inline
function sameBytes(at: usize, place: usize, end: usize): usize {
  let same: usize = 0;
  while (at + same + 8 <= end) {
    const difference = load<u64>(at + same) ^ load<u64>(place + same);
    if (difference != 0) return same + (<usize>ctz(difference) >> 3);
    same += 8;
  }
  while (at + same < end && load<u8>(at + same) == load<u8>(place + same)) same++;
  return same;
}

/** Goes through `length` bytes of the input, and leaves counts of literals: tells how many matches there are. */
export function forecast(length: u32, step: u32, planes: u32, shift: u32): u32 {
  const size: usize = (<usize>1 << (32 - shift)) << 2;
  memory.fill(TABLE, 0, 2 * size);
  memory.fill(FORECAST_COUNTS, 0, planes << 10);
  matches = 0;
  repeats = 0;
  const end = <usize>INPUT + length;
  const plane = length / planes;
  let counts: usize = FORECAST_COUNTS - 1024;
  let planeEnd: usize = INPUT;
  let back: usize = 0;
  for (let at: usize = INPUT; at < end; ) {
    while (at >= planeEnd) {
      planeEnd += plane;
      counts += 1024;
    }
    let same: usize = 0;
    if ((<u32>(at - INPUT) & (step - 1)) == 0) {
      for (let words: usize = LONG_WORDS, table: usize = TABLE; words > 0; words -= LONG_WORDS - 1, table += size) {
        if (at + (words << 2) <= end) {
          const slot = table + slotOf(at, words, shift);
          const place: usize = load<u32>(slot);
          store<u32>(slot, <u32>at);
          if (place != 0 && same == 0) {
            same = sameBytes(at, place, end);
            if (same < 4) same = 0;
            else {
              if (at - place == back) repeats++;
              else matches++;
              back = at - place;
            }
          }
        }
        if (words == 1) break;
      }
    }
    if (same > 0) at += same;
    else {
      const counter = counts + (<usize>load<u8>(at) << 2);
      store<u32>(counter, load<u32>(counter) + 1);
      at++;
    }
  }
  return matches;
}

/** How many matches of the last forecast were at the distance of the one before. */
export function forecastRepeats(): u32 {
  return repeats;
}
