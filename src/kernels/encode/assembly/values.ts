import { BANK_BYTES, COUNTS, INPUT, OUTPUT, SECOND, TABLE } from '../memory';

// Open addressing over at most 2048 values in 4096 slots of a word: what is found, by its number, one up. Short probes,
// and a full table is noticed early. The values found stand at SECOND.

// @ts-ignore: decorator
@inline
function find<T>(count: u32, found: u32, most: u32): i32 {
  let bank: usize = 0;
  for (let i: u32 = 0; i < count; i++) {
    const value = <u32>load<T>(<usize>INPUT + i * sizeof<T>());
    let slot = (value * 0x9e3779b1) >> 20;
    let number: u32;
    while (true) {
      number = load<u16>(<usize>TABLE + (slot << 1));
      if (number == 0) {
        if (found == most) return -1;
        store<u32>(<usize>TABLE + SECOND + (found << 2), value);
        number = ++found;
        store<u16>(<usize>TABLE + (slot << 1), number);
        break;
      }
      if (load<u32>(<usize>TABLE + SECOND - 4 + (number << 2)) == value) break;
      slot = (slot + 1) & 4095;
    }
    store<u16>(<usize>OUTPUT + (i << 1), number - 1);
    // In two banks: neighbours are often equal, and a counter cannot be read before it is written.
    const counter = <usize>COUNTS + bank - 4 + (number << 2);
    store<u32>(counter, load<u32>(counter) + 1);
    bank ^= BANK_BYTES;
  }
  return found;
}

/**
 * Goes through `count` units of the input of one, two or four bytes, and gives each the number of its value, in the
 * output.
 *
 * @param found - how many values are known from before
 * @returns how many are now; −1 if there are more than `most`
 */
export function findValues1(count: u32, found: u32, most: u32): i32 {
  return find<u8>(count, found, most);
}

export function findValues2(count: u32, found: u32, most: u32): i32 {
  return find<u16>(count, found, most);
}

export function findValues4(count: u32, found: u32, most: u32): i32 {
  return find<u32>(count, found, most);
}
