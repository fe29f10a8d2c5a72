/** A small seeded source of random numbers: the same seed gives the same stream on every machine. */
export interface Random {
  /** A number in [0, 1), uniform, with 53 random bits. */
  float(): number;
  /** An integer in [0, n), for n from 1 to 2^32. */
  below(n: number): number;
}

/**
 * Starts a stream of random numbers from a seed.
 *
 * The generator is sfc32 ("small fast chaotic", Chris Doty-Humphrey, PractRand, public domain): 128 bits of state and a
 * counter that keeps the period above 2^32 for any seed. Its state is filled by splitmix32, so that neighbouring seeds
 * give unrelated streams. Not for cryptography.
 *
 * @param seed any safe integer, negative ones included
 * @throws RangeError when the seed is not a safe integer
 *
 * @example
 * const random = createRandom(7);
 * random.below(6) + 1; // a die
 */
export function createRandom(seed: number): Random {
  if (!Number.isSafeInteger(seed)) throw new RangeError(`seed: expected a safe integer, got ${seed}`);
  // The low and the high half of the 53 bits fill words of their own, so that no two seeds share a state.
  const low = splitmix32(seed | 0);
  const high = splitmix32(Math.floor(seed / 2 ** 32));
  let a = low();
  let b = low();
  let c = high();
  let counter = 1;

  function next(): number {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }
  // The author's advice for short seeds: let the state mix before the first number is used.
  for (let i = 0; i < 12; i++) next();

  function float(): number {
    const upper = next() >>> 5;
    const lower = next() >>> 6;
    return (upper * 2 ** 26 + lower) / 2 ** 53;
  }
  return { float, below: (n) => Math.floor(float() * n) };
}

/** A number of the standard normal distribution: mean 0, deviation 1 (Box & Muller). */
export function normal(random: Random): number {
  // 1 − x: a logarithm of zero would be infinite.
  return Math.sqrt(-2 * Math.log(1 - random.float())) * Math.cos(2 * Math.PI * random.float());
}

/** Puts an array into a random order, in place (Fisher & Yates). */
export function shuffle<Items extends { [place: number]: unknown; readonly length: number }>(
  items: Items,
  random: Random,
): Items {
  for (let i = items.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    const item = items[i];
    items[i] = items[j];
    items[j] = item;
  }
  return items;
}

/** Steele, Lea and Flood's SplitMix with a 32-bit finaliser: turns one word into a stream of well-mixed ones. */
function splitmix32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let word = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    word = Math.imul(word ^ (word >>> 15), 0x735a2d97);
    return word ^ (word >>> 15);
  };
}
