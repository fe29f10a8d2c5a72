import {
  DIST_ALIGN,
  DIST_SLOT,
  DIST_SPECIAL,
  LITERAL,
  LITERAL_TREES,
  MATCH_LEN,
  MAX_MATCH,
  MIN_MATCH,
  PROB_BITS,
  REP_LEN,
} from '../../../../entropy/lzma-model';
import {
  CODER_PROBS,
  DIST_ALIGN_PRICES,
  DIST_SLOT_PRICES,
  DIST_SPECIAL_PRICES,
  LITERAL_PRICES,
  MATCH_LEN_PRICES,
  PRICES,
  REP_LEN_PRICES,
} from '../../memory';

// The prices of ../../reference/lzma/prices.ts, at the coder's present probabilities.

// @ts-ignore: decorator
@inline
export function priceOfBit(at: i32, bit: i32): i32 {
  const prob = <u32>load<u16>(<usize>CODER_PROBS + (<usize>at << 1));
  const shown = bit ? (1 << PROB_BITS) - prob : prob;
  return load<i32>(<usize>PRICES + (<usize>(shown >> (PROB_BITS - 7)) << 2));
}

function priceOfTree(at: i32, bits: i32, value: i32): i32 {
  let price = 0;
  for (let node = value | (1 << bits); node > 1; node >>= 1) price += priceOfBit(at + (node >> 1), node & 1);
  return price;
}

function priceOfReverseTree(at: i32, bits: i32, value: i32): i32 {
  let price = 0;
  for (let i = 0, node = 1; i < bits; i++) {
    const bit = (value >> i) & 1;
    price += priceOfBit(at + node, bit);
    node = 2 * node + bit;
  }
  return price;
}

/** Of a literal after a literal. */
// @ts-ignore: decorator
@inline
export function priceOfLiteral(trees: i32, byte: i32): i32 {
  return load<i32>(<usize>LITERAL_PRICES + (<usize>((trees << 9) + 256 + byte) << 2));
}

/** Of a literal after a match, by the byte at the last distance. */
export function priceOfMatched(at: i32, byte: i32, matched: i32): i32 {
  let price = 0;
  let node = 1;
  // As long as all bits are the same, the trees are the second or the third.
  let others = 256;
  for (let i = 7; i >= 0; i--) {
    const bit = (byte >> i) & 1;
    const there = ((matched >> i) & 1) << 8;
    price += priceOfBit(at + others + (there & others) + node, bit);
    others &= there ^ ((bit - 1) & 256);
    node = 2 * node + bit;
  }
  return price;
}

export function slotOf(distance: i32): i32 {
  if (distance < 4) return distance;
  const top = 31 - clz(distance);
  return 2 * top + ((distance >> (top - 1)) & 1);
}

/** What the slot of a distance costs with a match of this length, and the rest of the distance with any. */
// @ts-ignore: decorator
@inline
export function priceOfSlot(slot: i32, length: i32): i32 {
  return load<i32>(<usize>DIST_SLOT_PRICES + (<usize>(64 * min(length - MIN_MATCH, 3) + slot) << 2));
}

// @ts-ignore: decorator
@inline
export function priceInSlot(slot: i32, distance: i32): i32 {
  if (distance < 128) return load<i32>(<usize>DIST_SPECIAL_PRICES + (<usize>distance << 2));
  return 64 * ((slot >> 1) - 5) + load<i32>(<usize>DIST_ALIGN_PRICES + (<usize>(distance & 15) << 2));
}

function priceLiterals(trees: i32): void {
  const table = <usize>LITERAL_PRICES + (<usize>trees << 11);
  store<i32>(table, 0, 4);
  for (let node: i32 = 1; node < 256; node++) {
    const price = load<i32>(table + (<usize>node << 2));
    const at = LITERAL + LITERAL_TREES * trees + node;
    store<i32>(table + (<usize>node << 3), price + priceOfBit(at, 0));
    store<i32>(table + (<usize>node << 3), price + priceOfBit(at, 1), 4);
  }
}

function priceLengths(at: i32, table: usize): void {
  for (let length = MIN_MATCH; length <= MAX_MATCH; length++) {
    const rest = length - MIN_MATCH;
    let price = priceOfBit(at, rest < 8 ? 0 : 1);
    if (rest < 8) price += priceOfTree(at + 2, 3, rest);
    else {
      price += priceOfBit(at + 1, rest < 16 ? 0 : 1);
      price += rest < 16 ? priceOfTree(at + 10, 3, rest - 8) : priceOfTree(at + 18, 8, rest - 16);
    }
    store<i32>(table + (<usize>length << 2), price);
  }
}

/** @param trees - how many trees of literals are in use */
export function refreshPrices(trees: i32): void {
  for (let i = 0; i < trees; i++) priceLiterals(i);
  priceLengths(MATCH_LEN, MATCH_LEN_PRICES);
  priceLengths(REP_LEN, REP_LEN_PRICES);
  for (let i = 0; i < 256; i++) {
    store<i32>(<usize>DIST_SLOT_PRICES + (<usize>i << 2), priceOfTree(DIST_SLOT + (i & ~63), 6, i & 63));
  }
  // Of the distances in the first four slots nothing is left to say. Other kernels have written here.
  memory.fill(DIST_SPECIAL_PRICES, 0, 16);
  for (let distance = 4; distance < 128; distance++) {
    const slot = slotOf(distance);
    const open = (slot >> 1) - 1;
    const base = (2 | (slot & 1)) << open;
    const price = priceOfReverseTree(DIST_SPECIAL + base - slot, open, distance - base);
    store<i32>(<usize>DIST_SPECIAL_PRICES + (<usize>distance << 2), price);
  }
  for (let i = 0; i < 16; i++) {
    store<i32>(<usize>DIST_ALIGN_PRICES + (<usize>i << 2), priceOfReverseTree(DIST_ALIGN, 4, i));
  }
}
