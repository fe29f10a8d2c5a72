import { INPUT, OUTPUT, TABLE } from '../memory';

/** Writes over `count` symbols of the input their names, which stand at the table. */
export function relabel(count: u32): void {
  for (let at: usize = INPUT; at < <usize>INPUT + (<usize>count << 1); at += 2) {
    store<u16>(at, load<u16>(<usize>TABLE + (<usize>load<u16>(at) << 1)));
  }
}

// @ts-ignore: decorator
@inline
function countByte(counter: usize): void {
  store<u32>(counter, load<u32>(counter) + 1);
}

/** Counts `count` bytes of the input at the table, in four banks of 256: see `findValues`. */
export function countBytes(count: u32): void {
  let at: usize = INPUT;
  const end = <usize>INPUT + count;
  for (; at + 4 <= end; at += 4) {
    const word = <usize>load<u32>(at);
    countByte(<usize>TABLE + ((word & 255) << 2));
    countByte(<usize>TABLE + 1024 + (((word >> 8) & 255) << 2));
    countByte(<usize>TABLE + 2048 + (((word >> 16) & 255) << 2));
    countByte(<usize>TABLE + 3072 + ((word >> 24) << 2));
  }
  for (; at < end; at++) countByte(<usize>TABLE + (<usize>load<u8>(at) << 2));
}

/** Moves what is not zero to the output; tells how much that is. */
export function withoutZeros(count: u32): u32 {
  let to: usize = OUTPUT;
  for (let at: usize = INPUT; at < <usize>INPUT + (<usize>count << 1); at += 2) {
    const symbol = load<u16>(at);
    store<u16>(to, symbol);
    to += usize(symbol != 0) << 1;
  }
  return <u32>((to - OUTPUT) >> 1);
}
