import { CENTROIDS, INPUT, LIMITS, OUTPUT, TABLE } from '../memory';
import { orderedKey } from './keys';

/**
 * The number of limits below a value: the table has the number of those in lower buckets of a key's upper 16 bits, and
 * what its own bucket holds is searched.
 */
// @ts-ignore: decorator
@inline
function place(bits: i32): u32 {
  const key = orderedKey(bits);
  const bucket = <usize>TABLE + ((key >> 16) << 2);
  let low = load<u32>(bucket);
  let high = load<u32>(bucket, 4);
  while (low < high) {
    const middle = (low + high) >> 1;
    if (load<u32>(<usize>LIMITS + (middle << 2)) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Of `count` values of the input, to indices in the output. */
export function assign(count: u32): void {
  for (let i: u32 = 0; i < count; i++) store<u16>(<usize>OUTPUT + (i << 1), place(load<i32>(<usize>INPUT + (i << 2))));
}

/** Writes over `count` values of the input the centroid of each, over zeros zero. */
export function share(count: u32): void {
  for (let at: usize = INPUT; at < <usize>INPUT + (<usize>count << 2); at += 4) {
    const bits = load<i32>(at);
    const shared = load<u32>(<usize>CENTROIDS + (place(bits) << 2));
    store<u32>(at, bits << 1 == 0 ? 0 : shared);
  }
}
