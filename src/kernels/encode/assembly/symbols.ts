import { INPUT, OUTPUT, TABLE } from '../memory';

/** Writes over `count` symbols of the input their names, which stand at the table. */
export function relabel(count: u32): void {
  for (let at: usize = INPUT; at < <usize>INPUT + (<usize>count << 1); at += 2) {
    store<u16>(at, load<u16>(<usize>TABLE + (<usize>load<u16>(at) << 1)));
  }
}

/** Counts `count` bytes of the input at the table, in four banks of 256: see `findValues`. */
export function countBytes(count: u32): void {
  let bank: usize = TABLE;
  for (let at: usize = INPUT; at < <usize>INPUT + count; at++) {
    const counter = bank + (<usize>load<u8>(at) << 2);
    store<u32>(counter, load<u32>(counter) + 1);
    bank = <usize>TABLE + ((bank - <usize>TABLE + 1024) & 4095);
  }
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
