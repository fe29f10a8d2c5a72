import {
  DIST_ALIGN,
  DIST_SLOT,
  DIST_SPECIAL,
  LITERAL,
  LITERAL_TREES,
  MATCH_LEN,
  MIN_MATCH,
  PROB_BITS,
  REP_LEN,
} from '../../../../entropy/lzma-model';
import {
  CODER_PROBS,
  COSTS,
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

/** Prices of the ways to all nodes of a tree, at the table by their numbers: leaves, which are values, come after all others. */
function priceNodes(at: i32, leaves: i32, table: usize): void {
  store<i32>(table, 0, 4);
  for (let node = 1; node < leaves; node++) {
    const price = load<i32>(table + (<usize>node << 2));
    store<i32>(table + (<usize>node << 3), price + priceOfBit(at + node, 0));
    store<i32>(table + (<usize>node << 3), price + priceOfBit(at + node, 1), 4);
  }
}

/** Copies the prices of leaves, with another added. */
function addLeaves(leaves: i32, more: i32, table: usize): void {
  for (let i = 0; i < leaves; i++) {
    store<i32>(table + (<usize>i << 2), more + load<i32>(<usize>COSTS + (<usize>(leaves + i) << 2)));
  }
}

function priceLengths(at: i32, table: usize): void {
  const first = table + (MIN_MATCH << 2);
  priceNodes(at + 2, 8, COSTS);
  addLeaves(8, priceOfBit(at, 0), first);
  priceNodes(at + 10, 8, COSTS);
  addLeaves(8, priceOfBit(at, 1) + priceOfBit(at + 1, 0), first + 32);
  priceNodes(at + 18, 256, COSTS);
  addLeaves(256, priceOfBit(at, 1) + priceOfBit(at + 1, 1), first + 64);
}

/**
 * Works out the tables; in between they stand where the costs of a window do, which come later.
 *
 * @param trees - how many trees of literals are in use
 */
export function refreshPrices(trees: i32): void {
  for (let i = 0; i < trees; i++) {
    priceNodes(LITERAL + LITERAL_TREES * i, 256, <usize>LITERAL_PRICES + (<usize>i << 11));
  }
  priceLengths(MATCH_LEN, MATCH_LEN_PRICES);
  priceLengths(REP_LEN, REP_LEN_PRICES);
  for (let i = 0; i < 4; i++) {
    priceNodes(DIST_SLOT + 64 * i, 64, COSTS);
    addLeaves(64, 0, <usize>DIST_SLOT_PRICES + (<usize>i << 8));
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
