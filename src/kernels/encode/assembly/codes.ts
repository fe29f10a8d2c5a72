import { INPUT, TABLE } from '../memory';

// A code's entry is a word: the code, and above its 16 bits the length.

// @ts-ignore: decorator
@inline
function encode<T>(from: usize, count: u32, to: usize): usize {
  let at = <usize>INPUT + from * sizeof<T>();
  let bits: u64 = 0;
  let held: u32 = 0;
  for (let i: u32 = 0; i < count; i++, at += sizeof<T>()) {
    const entry = load<u32>(<usize>TABLE + (<usize>load<T>(at) << 2));
    bits |= <u64>(entry & 0xffff) << held;
    held += entry >> 16;
    // Four codes of fourteen bits and the seven that were left: never more than 63.
    if ((i & 3) == 3) {
      store<u64>(to, bits);
      to += held >> 3;
      bits >>= held & 56;
      held &= 7;
    }
  }
  store<u64>(to, bits);
  return to + ((held + 7) >> 3);
}

/**
 * Writes the codes of `count` symbols of the input, from the one at `from` on, to `to`.
 *
 * @returns where the stream ends
 */
export function encode8(from: u32, count: u32, to: usize): usize {
  return encode<u8>(from, count, to);
}

export function encode16(from: u32, count: u32, to: usize): usize {
  return encode<u16>(from, count, to);
}
